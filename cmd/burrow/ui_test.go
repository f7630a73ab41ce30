package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// screen is the real UI in a real terminal.
type screen struct {
	*place
	socket string
}

// openUI starts burrow in tmux, at that size.
func (p *place) openUI(width, height int, command string) *screen {
	p.t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		p.t.Skip("the UI is driven in a real terminal: install tmux")
	}
	s := &screen{p, fmt.Sprintf("burrow-%d-%s", os.Getpid(), p.t.Name())}
	cmd := s.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "exec "+command)
	cmd.Env = append(p.env, "TERM=xterm-256color", "LANG=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("tmux: %v: %s", err, out)
	}
	p.t.Cleanup(s.end)
	return s
}

// end closes the terminal and waits until what ran in it is gone: until then
// it writes to the test's folder.
func (s *screen) end() {
	out, _ := s.tmux("list-panes", "-a", "-F", "#{pane_pid}").Output()
	_ = s.tmux("kill-server").Run()
	for _, word := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			s.t.Errorf("the terminal's process: %v", err)
			continue
		}
		process, _ := os.FindProcess(pid)
		if !until(20*time.Second, func() bool { return process.Signal(syscall.Signal(0)) != nil }) {
			s.t.Errorf("process %d lives on without its terminal", pid)
			_ = process.Kill()
		}
	}
}

func (s *screen) tmux(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-L", s.socket}, args...)...)
	cmd.Dir = s.folder
	return cmd
}

func (s *screen) text() string {
	out, _ := s.tmux("capture-pane", "-p").Output()
	return string(out)
}

func (s *screen) press(keys ...string) {
	s.t.Helper()
	if out, err := s.tmux(append([]string{"send-keys"}, keys...)...).CombinedOutput(); err != nil {
		s.t.Fatalf("tmux: %v: %s", err, out)
	}
}

// shows waits until the screen holds all of the texts.
func (s *screen) shows(limit time.Duration, texts ...string) {
	s.t.Helper()
	missing, now := "", ""
	if !until(limit, func() bool {
		missing, now = "", s.text()
		for _, text := range texts {
			if !strings.Contains(now, text) {
				missing = text
			}
		}
		return missing == ""
	}) {
		s.t.Fatalf("the screen does not show %q:\n%s", missing, now)
	}
}

// until looks again and again for what only another process can bring about;
// false: it did not come in time.
func until(limit time.Duration, came func() bool) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !came(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// TestTheUIShowsRunsOfOtherProcesses has the UI open while ten runs are made
// side by side: none fails on a lock, all appear without a key press.
func TestTheUIShowsRunsOfOtherProcesses(t *testing.T) {
	p := newPlace(t)
	server := p.serve()
	p.file("go.txt", goOutput)
	ui := p.openUI(120, 30, "burrow")
	ui.shows(20*time.Second, "Outbox", "burrow run")
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			out, err := p.command("run", "--host", server.url, "--project", "demo", "--branch", fmt.Sprint("b", n), "--wait", "60s", "cat", "go.txt").CombinedOutput()
			if err != nil {
				t.Errorf("run %d: %v: %s", n, err, out)
			}
		})
	}
	all.Wait()
	ui.shows(20*time.Second, "10 runs", "all delivered")
	ui.press("q")
	reports, err := serverReports(server.url, "demo")
	if err != nil || len(reports) != 10 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
	p.checked()
}

// TestTheUINeverSendsAnonymously has a UI without a credential beside a run
// that has one.
func TestTheUINeverSendsAnonymously(t *testing.T) {
	p := newPlace(t)
	key := "bencher_user_" + strings.Repeat("k", 30)
	server := p.serve("--key", key)
	p.file("go.txt", goOutput)
	ui := p.openUI(120, 30, "burrow")
	ui.shows(20*time.Second, "Outbox")
	p.burrow(0, "run", "--host", server.url, "--project", "demo", "--key", key, "--no-send", "cat", "go.txt")
	ui.shows(20*time.Second, "1 run", "credential")
	p.burrow(0, "run", "--host", server.url, "--project", "demo", "--key", key, "--wait", "60s", "cat", "go.txt")
	ui.shows(20*time.Second, "2 runs", "all delivered")
	reports, err := serverReports(server.url, "demo")
	if err != nil || len(reports) != 2 {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	for _, r := range reports {
		if r.User == nil {
			t.Errorf("report %s was made anonymously", r.UUID)
		}
	}
}

// TestThePromiseOnTheScreen is the demo's story as a person sees it.
func TestThePromiseOnTheScreen(t *testing.T) {
	p := newPlace(t)
	ui := p.openUI(120, 40, "burrow demo")
	ui.shows(20*time.Second, "unknown", "replayed", "deduplicated", "all delivered")
}

// TestNoColorForbidsColoursOnly: in a terminal with NO_COLOR the open view is
// underlined, and a dumb terminal gets nothing but text.
func TestNoColorForbidsColoursOnly(t *testing.T) {
	p := newPlace(t)
	for how, underlined := range map[string]bool{"env NO_COLOR=1 burrow": true, "burrow --color never": true, "env NO_COLOR=1 TERM=dumb burrow": false} {
		ui := p.openUI(80, 24, how)
		ui.shows(20*time.Second, "The outbox is empty")
		out, err := ui.tmux("capture-pane", "-p", "-e").Output()
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(out), "\n")
		head = strings.NewReplacer("\x1b[39m", "", "\x1b[49m", "").Replace(head) // back to none
		if strings.Contains(head, "\x1b[1;4m1 Outbox") != underlined || strings.Contains(head, "\x1b[3") {
			t.Errorf("%s: %q", how, head)
		}
		ui.end()
	}
}

// TestWhatACommandPrintsCanBeRead: the UI comes back after Enter, or at once
// where a person's own command printed nothing.
func TestWhatACommandPrintsCanBeRead(t *testing.T) {
	p := newPlace(t)
	p.file("go.txt", goOutput)
	p.file("config.toml", `[[ui.commands]]
key = "ctrl+g"
name = "tell"
run = "echo the branch is {branch}"
[[ui.commands]]
key = "ctrl+t"
name = "keep quiet"
run = "touch {id}"
`)
	p.burrow(0, "run", "--branch", "fix/leak", "cat", "go.txt")
	ui := p.openUI(80, 24, "burrow --config config.toml")
	ui.shows(20*time.Second, "1 run", "fix/leak")
	ui.press("C-g")
	ui.shows(20*time.Second, "the branch is fix/leak", "press Enter to return to burrow")
	ui.press("Enter")
	ui.shows(20*time.Second, "tell: done", "1 run")
	ui.press("C-t")
	ui.shows(20*time.Second, "keep quiet: done", "1 run")
	ui.press("q")
}
