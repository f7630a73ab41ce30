package harness

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func skipWithoutShell(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
}

func TestOutputIsStreamedAndKept(t *testing.T) {
	skipWithoutShell(t)
	var live, errors bytes.Buffer
	out, err := Run(t.Context(), Command{
		Argv: []string{`printf 'a\r\nb \377\n'; echo "$MARK" >&2`}, Env: []string{"MARK=here"}, Stdout: &live, Stderr: &errors,
	})
	if err != nil || out.Stdout != "a\nb \uFFFD" {
		t.Errorf("%q, %v", out.Stdout, err)
	}
	if live.String() != "a\r\nb \377\n" || errors.String() != "here\n" {
		t.Errorf("live %q and %q", live.String(), errors.String())
	}
}

// A command that is apart has no terminal, and none of its processes outlives
// its end.
func TestACommandThatIsApartIsStoppedWhole(t *testing.T) {
	skipWithoutShell(t)
	ctx, stop := context.WithCancel(t.Context())
	mark := filepath.Join(t.TempDir(), "alive")
	script := `(trap "" INT; while :; do echo x >"` + mark + `"; done) & (: </dev/tty) 2>/dev/null && echo terminal; while [ ! -e "` + mark + `" ]; do :; done; echo started; wait`
	live := &firstLine{came: make(chan string, 1)}
	go func() { // once it runs
		if line := <-live.came; line != "started" {
			t.Errorf("it said %q", line)
		}
		stop()
	}()
	if _, err := Run(ctx, Command{Argv: []string{script}, Apart: true, Stdout: live}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	for range 200 { // it would be there at once
		runtime.Gosched()
		if _, err := os.Stat(mark); err == nil {
			t.Fatal("a process goes on")
		}
	}
}

// firstLine tells the first line that is written.
type firstLine struct {
	came chan string
	text string
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.text += string(p)
	if line, _, whole := strings.Cut(f.text, "\n"); whole {
		select {
		case f.came <- line:
		default:
		}
	}
	return len(p), nil
}

// A command that floods its output is stopped before it fills the memory.
func TestAFloodIsStopped(t *testing.T) {
	skipWithoutShell(t)
	out, err := Run(t.Context(), Command{Argv: []string{"yes 'BenchmarkLong-2 1 1 ns/op'"}})
	if !errors.Is(err, errTooMuch) || out.Stdout != "" {
		t.Errorf("%d bytes, %v", len(out.Stdout), err)
	}
}

func TestAFailureKeepsItsStatus(t *testing.T) {
	skipWithoutShell(t)
	for script, want := range map[string]FailedError{
		"echo x; exit 3":     {Status: "exit status 3", Code: 3},
		"echo x; kill -9 $$": {Status: "signal: killed", Code: -1},
	} {
		out, err := Run(t.Context(), Command{Argv: []string{script}})
		var failed *FailedError
		if !errors.As(err, &failed) || failed.Status != want.Status || failed.Code != want.Code {
			t.Errorf("%s: %v", script, err)
		}
		if out.Stdout != "x" {
			t.Errorf("%s: the output is lost: %q", script, out.Stdout)
		}
	}
	if _, err := Run(t.Context(), Command{Argv: []string{"no-such-program-here", "x"}}); err == nil || !strings.Contains(err.Error(), "no-such-program-here") {
		t.Error(err)
	}
}

func TestACancelledCommandIsInterrupted(t *testing.T) {
	skipWithoutShell(t)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	begin := time.Now()
	go func() {
		<-started
		cancel()
	}()
	_, err := Run(ctx, Command{Argv: []string{"sleep", "600"}, Stdin: signalReader(started)})
	if !errors.Is(err, context.Canceled) || time.Since(begin) > time.Minute {
		t.Errorf("%v after %s", err, time.Since(begin))
	}
}

// signalReader tells when the command's input is first asked for: the command
// has been started then.
type signalReader chan struct{}

func (s signalReader) Read([]byte) (int, error) {
	close(s)
	return 0, errors.New("no input")
}
