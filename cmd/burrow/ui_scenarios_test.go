package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// TestTheSecondScenarioOnTheScreen: the server dies between a report's row and
// its results, and keeps an empty report under the key. The screen shows that
// it is seen, and mended.
func TestTheSecondScenarioOnTheScreen(t *testing.T) {
	p := newPlace(t)
	p.file("config.toml", "settle = \"2s\"\n")
	p.env = append(p.env, "BURROW_CONFIG="+filepath.Join(p.folder, "config.toml"), "BENCHER_API_KEY=bencher_user_"+strings.Repeat("k", 30))
	server := p.serve("--fault", "incomplete=1")
	p.file("go.txt", goOutput)
	p.burrow(0, "run", "--host", server.url, "--project", "demo", "--branch", "main", "--no-send", "--file", "go.txt")
	ui := p.openUI(120, 40, "burrow --host "+server.url)
	ui.shows(20*time.Second, "incomplete", "storing")
	ui.shows(60*time.Second, "mended", "● sent", "all delivered")
	ui.press("Enter", "]")
	ui.shows(20*time.Second, "? unknown", "▲ incomplete", "↺ mended", "● created")
	ui.press("q")
	reports, err := serverReports(server.url, "demo")
	if err != nil || len(reports) != 1 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
	if report, _ := p.runs()[0]["report"].(map[string]any); report["iterations"] != 1.0 {
		t.Errorf("the report that was acknowledged: %v", report)
	}
}

// TestTheScreenWhileTheServerComesAndGoes: the reason and the countdown are in
// sight while it is away, and the delivery once it is back.
func TestTheScreenWhileTheServerComesAndGoes(t *testing.T) {
	p := newPlace(t)
	address := freeAddress(t)
	p.file("go.txt", goOutput)
	for i := range 3 {
		p.burrow(0, "run", "--host", "http://"+address, "--project", "demo", "--branch", fmt.Sprint("b", i), "--no-send", "--file", "go.txt")
	}
	ui := p.openUI(120, 40, "burrow --host http://"+address)
	ui.shows(20*time.Second, "unreachable", "3 pending", "next in", "It is safe in the outbox")
	server := p.serveAt(address)
	ui.press("r")
	ui.shows(60*time.Second, "3 runs", "all delivered")
	server.stop()
	ui.press("R")
	ui.shows(20*time.Second, "unreachable", "all delivered")
	ui.press("4")
	ui.shows(20*time.Second, "unavailable", "created", "dial tcp")
	ui.press("q")
}

// TestAStormOfResizes: after any number of sizes the frame is whole, at the
// last one.
func TestAStormOfResizes(t *testing.T) {
	p := newPlace(t)
	p.file("go.txt", goOutput)
	for i := range 12 {
		p.burrow(0, "run", "--host", "http://"+freeAddress(t), "--project", "demo", "--branch", fmt.Sprint("branch-", i), "--no-send", "--file", "go.txt")
	}
	ui := p.openUI(120, 40, "burrow")
	ui.shows(20*time.Second, "branch-11")
	for i := range 60 {
		width, height := 20+(i*37)%190, 5+(i*13)%60
		if out, err := ui.tmux("resize-window", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)).CombinedOutput(); err != nil {
			t.Fatalf("tmux: %v: %s", err, out)
		}
		ui.press("j")
	}
	if out, err := ui.tmux("resize-window", "-x", "100", "-y", "30").CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	ui.shows(20*time.Second, "burrow  1 Outbox  2 Reports", "branch-", "? help")
	for i, line := range strings.Split(strings.TrimRight(ui.text(), "\n"), "\n") {
		if ansi.StringWidth(line) > 100 {
			t.Errorf("line %d is %d cells wide: %q", i, ansi.StringWidth(line), line)
		}
	}
	ui.press("q")
}

// TestTenThousandChangesWhileKeysArePressed drains runs so fast that thousands
// of statuses change a second: keys act all the while, and the end is right.
func TestTenThousandChangesWhileKeysArePressed(t *testing.T) {
	if testing.Short() {
		t.Skip("it delivers thousands of runs")
	}
	const runs = 3400 // pending, sending, sent: three statuses each
	p := newPlace(t)
	server := p.serve()
	p.file("go.txt", goOutput)
	p.burrow(0, "run", "--host", server.url, "--project", "demo", "--branch", "first", "--file", "go.txt", "--wait", "30s") // it makes the project
	folder := filepath.Join(p.folder, "many")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"submit", "-q", "--host", server.url, "--project", "demo", "--no-send"}
	for i := range runs {
		body := fmt.Sprintf(`{"project":"demo","branch":"b%d","testbed":"ci","start_time":"2026-11-25T10:00:00Z","end_time":"2026-11-25T10:00:01Z","results":["{\"BenchmarkA\":{\"latency\":{\"value\":%d}}}"],"settings":{"adapter":"json"}}`, i%40, i+1)
		path := filepath.Join(folder, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	p.burrow(0, args...)
	ui := p.openUI(120, 40, "burrow --host "+server.url)
	started := time.Now()
	ui.shows(30*time.Second, "3,401 runs")
	during := 0
	for deadline := time.Now().Add(3 * time.Minute); !strings.Contains(ui.text(), "all delivered"); {
		if time.Now().After(deadline) {
			t.Fatalf("it is not done:\n%s", ui.text())
		}
		ui.press("?") // the help comes and goes: a key acts within a moment, whatever changes below
		ui.shows(5*time.Second, "On runs")
		ui.press("?")
		ui.shows(5*time.Second, "BENCH")
		during++
	}
	t.Logf("%d runs in %v; %d pairs of keys were answered meanwhile", runs, time.Since(started).Round(time.Millisecond), during)
	if during == 0 {
		t.Error("no key was pressed meanwhile")
	}
	ui.press("G")
	ui.shows(20*time.Second, "first")
	ui.press("q")
}

// TestASuspendedUIHoldsNothing: Ctrl-Z lets go of what is being sent before the
// UI stops, so that another process delivers; fg brings the screen back whole.
func TestASuspendedUIHoldsNothing(t *testing.T) {
	p := newPlace(t)
	server := p.serve("--fault", "latency=400ms")
	p.file("go.txt", goOutput)
	for i := range 4 {
		p.burrow(0, "run", "--host", server.url, "--project", "demo", "--branch", fmt.Sprint("b", i), "--no-send", "--file", "go.txt")
	}
	ui := p.openUI(120, 40, "bash --norc --noprofile")
	ui.press("-l", "burrow --host "+server.url)
	ui.press("Enter")
	ui.shows(20*time.Second, "◌ sending")
	ui.press("C-z")
	ui.shows(30*time.Second, "Stopped")
	for _, r := range p.runs() {
		if r["status"] == "sending" {
			t.Errorf("run %v is still claimed", r["id"])
		}
	}
	p.burrow(0, "sync")
	ui.press("-l", "fg")
	ui.press("Enter")
	ui.shows(20*time.Second, "1 Outbox", "4 runs", "all delivered", "? help")
	ui.press("q")
	ui.shows(20*time.Second, "bash")
	reports, err := serverReports(server.url, "demo")
	if err != nil || len(reports) != 4 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
}
