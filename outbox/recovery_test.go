package outbox

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// Iterations that were changed on the disk are not what was measured: those
// before them stand.
func TestADamagedPartEndsBeforeTheDamage(t *testing.T) {
	s := openTest(t)
	id, err := NewID()
	if err != nil {
		t.Fatal(err)
	}
	part, err := BeginPart(s.Path(), Draft{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range []string{"first 1 10 ns/op", "second 1 20 ns/op", "third 1 30 ns/op"} {
		if err := part.Add([]string{result}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	part.Leave()
	whole := readFile(t, part.Path())
	for name, c := range map[string]struct {
		data       []byte
		iterations int
		damaged    bool
	}{
		"whole":             {whole, 3, false},
		"cut in the third":  {whole[:len(whole)-5], 2, false},
		"another value":     {bytes.Replace(whole, []byte("20 ns/op"), []byte("29 ns/op"), 1), 1, true},
		"another checksum":  {append(bytes.Clone(whole[:len(whole)-2]), "x\n"...), 2, true},
		"a line in between": {bytes.Replace(whole, []byte("\n"), []byte("\nnothing\n"), 1), 0, true},
	} {
		if err := os.WriteFile(part.Path(), c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		u, err := OpenPart(part.Path())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if u.Iterations != c.iterations || u.Damaged != c.damaged {
			t.Errorf("%s: %d iterations, damaged %v", name, u.Iterations, u.Damaged)
		}
		u.Leave()
	}
}
