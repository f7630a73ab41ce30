package outbox

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever byte of a meta page is damaged, no run is lost, the last one neither:
// bbolt alone would go back to the commit before it without a word.
func TestADamagedMetaPageLosesNothing(t *testing.T) {
	s := openTest(t)
	const runs = 3
	for i := range runs {
		enqueue(t, s, newRun(t, "demo", i+1))
	}
	whole := readFile(t, s.Path())
	size := int(pageSizeOf(mustOpen(t, s.Path())))
	for _, page := range []int{0, size} {
		for i := range metaLength {
			for _, flip := range []byte{0x01, 0x20, 0xff} {
				damaged := append([]byte(nil), whole...)
				damaged[page+pageHeader+i] ^= flip
				path := filepath.Join(t.TempDir(), "outbox.db")
				if err := os.WriteFile(path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				again, err := Open(t.Context(), path)
				if err != nil {
					t.Fatalf("byte %d of page %d: %v", i, page/size, err)
				}
				if found := listAll(t, again); len(found) != runs || len(again.Notices) != 1 {
					t.Errorf("byte %d of page %d: %d runs, %q", i, page/size, len(found), again.Notices)
				}
				checkClean(t, again)
			}
		}
	}
}

func mustOpen(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}
