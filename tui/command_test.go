package tui

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"burrow/outbox"
)

// TestNoNameIsRunAsACommand gives a person's command names that try to be
// commands themselves.
func TestNoNameIsRunAsACommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a POSIX shell's quoting")
	}
	folder := t.TempDir()
	pwned, out := filepath.Join(folder, "pwned"), filepath.Join(folder, "out")
	for _, name := range []string{"main", "$(touch " + pwned + ")", "`touch " + pwned + "`", `"; touch ` + pwned + `; "`, "'; touch " + pwned + "; '", "a\x1b[2Jb"} {
		r := run(func(r *outbox.Run) { r.Branch = name })
		cmd := shellCommand(t.Context(), "printf %s {branch} > "+out+"; printf ' {id}' >> "+out+"; printf ' %s' {id} >> "+out, r)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", name, err, text)
		}
		got, err := os.ReadFile(out)
		if err != nil || !strings.HasPrefix(string(got), plain(name)) || !strings.HasSuffix(string(got), r.ID.String()) {
			t.Errorf("%q became %q, %v", name, got, err)
		}
		if _, err := os.Stat(pwned); err == nil {
			t.Fatalf("%q was run", name)
		}
	}
}
