package tui

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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

// TestNoNameIsRunAsACommandOnWindows: the line that PowerShell reads holds no
// value, and nothing that it would put in before it reads the line.
func TestNoNameIsRunAsACommandOnWindows(t *testing.T) {
	r := run(func(r *outbox.Run) { r.Branch = "a&calc.exe&%PATH%" })
	words, env := shellWords("windows", "git log {branch} --author {project}", r)
	if want := []string{"powershell", "-NoProfile", "-Command", "git log ${env:BURROW_BRANCH} --author ${env:BURROW_PROJECT}"}; !slices.Equal(words, want) {
		t.Errorf("%q, want %q", words, want)
	}
	if !slices.Contains(env, "BURROW_BRANCH=a&calc.exe&%PATH%") {
		t.Errorf("%q", env)
	}
}

// TestACommandsOutputCanBeRead: the UI comes back after Enter where something
// was printed, or where the terminal does not say; at once where nothing was.
func TestACommandsOutputCanBeRead(t *testing.T) {
	for _, test := range []struct {
		name     string
		before   string
		after    string
		paused   bool
		terminal bool
	}{
		{"it printed", "\x1b[3;1R", "\x1b[4;1R", true, true}, {"it did not", "\x1b[3;1R", "\x1b[3;1R", false, true},
		{"the terminal does not say", "", "", true, true}, {"nobody sees it", "", "", false, false},
	} {
		places, paused := []string{test.before, test.after}, false
		c := &onScreen{ctx: t.Context(), Cmd: exec.Command(os.Args[0], "-test.run=^$"), pause: func() { paused = true }}
		if test.terminal {
			c.place = func() (string, bool) {
				at := places[0]
				places = places[1:]
				return at, at != ""
			}
		}
		if err := c.Run(); err != nil || paused != test.paused {
			t.Errorf("%s: paused %v, %v", test.name, paused, err)
		}
	}
	for text, want := range map[string]string{"\x1b[12;1R": "\x1b[12;1R", "typeR\x1b[1;1Rmore": "\x1b[1;1R", "": "", "R": ""} {
		if got := readPlace(strings.NewReader(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
