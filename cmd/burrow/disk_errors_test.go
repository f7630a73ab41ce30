//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a disk that fails in the middle of a commit does to a run: errors are
// injected into the real program's system calls (bbolt opens its file itself, so
// nothing inside the process can).

// injections are errors at the N-th call of each kind, and at every one from
// then on.
func injections() []string {
	return []string{
		"fdatasync:error=EIO:when=%d", "fdatasync:error=EIO:when=%d+", "fsync:error=EIO:when=%d", "pwrite64:error=ENOSPC:when=%d",
		"pwrite64:error=ENOSPC:when=%d+", "pwrite64:error=EIO:when=%d", "fdatasync:error=EINTR:when=%d", "openat:error=EINTR:when=%d",
	}
}

// traced runs a command under strace with an injected error, and tells whether
// the error came to pass. Its other results are what the command printed, and
// its exit status.
func (p *place) traced(injection string, args ...string) (injected bool, out string, code int) {
	p.t.Helper()
	log := filepath.Join(p.folder, "strace.log")
	burrow, err := exec.LookPath("burrow")
	if err != nil {
		p.t.Fatal(err)
	}
	call, _, _ := strings.Cut(injection, ":")
	cmd := exec.Command("strace", append([]string{"-f", "-qq", "-o", log, "-e", "trace=" + call, "-e", "inject=" + injection, burrow}, args...)...)
	// One thread runs Go's code at a time, since strace counts by thread.
	cmd.Env, cmd.Dir = append(p.env, "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"), p.folder
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	_ = cmd.Run()
	data, err := os.ReadFile(log)
	if err != nil {
		p.t.Fatalf("strace: %v\n%s", err, both.String())
	}
	return bytes.Contains(data, []byte("(INJECTED)")), both.String(), cmd.ProcessState.ExitCode()
}

// needStrace skips where processes can't be traced. In CI they can.
func needStrace(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("strace", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("strace must run in CI: %v %s", err, out)
		}
		t.Skipf("processes can't be traced here (install strace): %v %s", err, out)
	}
}

// eachInjection calls a test with an error at the first call of each kind, at
// the second, and so on until there is none.
func eachInjection(t *testing.T, most int, test func(t *testing.T, injection string) (injected bool)) {
	t.Helper()
	needStrace(t)
	for _, form := range injections() {
		call, _, _ := strings.Cut(form, ":when")
		if strings.HasSuffix(form, "+") {
			call += " for good"
		}
		t.Run(call, func(t *testing.T) {
			for n := 1; n <= most; n++ {
				if !test(t, fmt.Sprintf(form, n)) {
					return
				}
			}
		})
	}
}

// TestAnIOErrorWhileEnqueueingLosesNothing: whatever the disk says, a run that
// was accepted is there, and one that was not is in the person's hands.
func TestAnIOErrorWhileEnqueueingLosesNothing(t *testing.T) {
	most := 4 // the calls of opening and of the first commit
	if os.Getenv("BURROW_LONG_TESTS") != "" {
		most = 40
	}
	eachInjection(t, most, func(t *testing.T, injection string) bool {
		p := newPlace(t)
		p.burrow(0, "submit", "--no-send", "--project", "demo", p.file("first.txt", goOutput))
		marked := strings.ReplaceAll(goOutput, "BenchmarkA", "BenchmarkMarked")
		injected, out, code := p.traced(injection, "submit", "--no-send", "--project", "demo", p.file("second.txt", marked))
		if !injected {
			return false
		}
		p.burrow(0, "list") // takes in what was kept
		there := len(p.runs())
		switch {
		case there == 2:
		case code == 0:
			t.Errorf("%s: exit 0, but the run is not there\n%s", injection, out)
		case there != 1:
			t.Errorf("%s: %d runs\n%s", injection, there, out)
		case strings.Contains(out, "panic"), !strings.Contains(out, "burrow: "):
			t.Errorf("%s: no words\n%s", injection, out)
		}
		p.checked()
		return true
	})
}

// TestAnIOErrorWhileDeliveringDoublesNothing: whatever the disk says, each run
// comes to the server once.
func TestAnIOErrorWhileDeliveringDoublesNothing(t *testing.T) {
	most := 2
	if os.Getenv("BURROW_LONG_TESTS") != "" {
		most = 60
	}
	eachInjection(t, most, func(t *testing.T, injection string) bool {
		p := newPlace(t)
		s := p.serve()
		for _, name := range []string{"a", "b"} {
			p.burrow(0, "submit", "--no-send", "--host", s.url, "--project", "demo", "--branch", name, p.file(name+".txt", goOutput))
		}
		injected, out, code := p.traced(injection, "sync", "--timeout", "1s")
		if strings.Contains(out, "panic") {
			t.Errorf("%s: %s", injection, out)
		}
		counts := p.runs("--status", "sent", "--status", "deduplicated")
		reports, err := serverReports(s.url, "demo")
		if err != nil && len(counts) > 0 {
			t.Errorf("%s: %v", injection, err)
		}
		if len(reports) < len(counts) || code == 0 && len(counts) < 2 {
			t.Errorf("%s: exit %d, %d acknowledged, %d reports\n%s", injection, code, len(counts), len(reports), out)
		}
		p.burrow(0, "sync", "--timeout", "60s")
		if reports, err = serverReports(s.url, "demo"); err != nil || len(reports) != 2 {
			t.Errorf("%s: %d reports, %v", injection, len(reports), err)
		}
		p.checked()
		s.stop()
		return injected
	})
}

// TestEachAcceptedRunIsSynced counts: kill -9 can't show a sync that is missing,
// since the page cache survives it.
func TestEachAcceptedRunIsSynced(t *testing.T) {
	needStrace(t)
	p := newPlace(t)
	p.burrow(0, "list")
	burrow, err := exec.LookPath("burrow")
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(p.folder, "strace.log")
	for _, runs := range []int{1, 1, 20} { // many share a commit
		args := []string{"-f", "-qq", "-o", log, "-e", "trace=fdatasync,fsync", burrow, "submit", "--no-send", "--project", "demo"}
		for i := range runs {
			args = append(args, p.file(fmt.Sprint(i, ".txt"), goOutput))
		}
		cmd := exec.Command("strace", args...)
		cmd.Env, cmd.Dir = p.env, p.folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if syncs := bytes.Count(data, []byte("fdatasync(")); syncs < 2 { // of the data, then of the root
			t.Errorf("%d syncs for %d accepted runs", syncs, runs)
		}
	}
}
