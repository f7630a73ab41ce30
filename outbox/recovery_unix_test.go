//go:build unix

package outbox

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What lies in the recovery folder and is no kept run stops no command, and is
// named; the kept runs beside it are taken in.
func TestOddThingsInTheRecoveryFolderStopNothing(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"a circle": func(path string) error { return os.Symlink(path, path) },
		"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t)
			run := newRun(t, "main", 1)
			if _, _, err := Keep(s.Path(), run); err != nil {
				t.Fatal(err)
			}
			if err := put(filepath.Join(s.recovery(), "00.json")); err != nil {
				t.Fatal(err)
			}
			again, err := Open(t.Context(), s.Path())
			if err != nil || len(again.Notices) != 1 {
				t.Fatalf("%v, %q", err, again.Notices)
			}
			if _, err := again.Get(t.Context(), run.ID); err != nil {
				t.Error(err)
			}
		})
	}
	s := openTest(t)
	if err := os.WriteFile(s.recovery(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(t.Context(), s.Path()); err != nil || len(again.Notices) != 1 {
		t.Errorf("the folder is a file: %v, %q", err, again.Notices)
	}
}
