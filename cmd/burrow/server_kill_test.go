//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longTests asks for the tests that take minutes.
var longTests = os.Getenv("BURROW_LONG_TESTS") != ""

// TestAServerThatIsKilledLosesAndDoublesNothing kills the server with SIGKILL,
// again and again, while three senders drain the outbox: each first POST leaves
// its report without results for a while, so that kills strike in between and
// spend the key. In the end every run has one report, whole, and mending left
// no empty one.
func TestAServerThatIsKilledLosesAndDoublesNothing(t *testing.T) {
	kills, branches, each := 12, 12, 4
	if longTests {
		kills, branches, each = 100, 30, 10
	}
	p := newPlace(t)
	address := freeAddress(t)
	host := "http://" + address
	for branch := range branches {
		args := []string{
			"submit", "--no-send", "--host", host, "--project", "demo", "--branch", fmt.Sprint("b", branch),
			"--mend", "any", "--settle", "1s",
		}
		for n := range each {
			request := fmt.Sprintf(`{"project":"demo","branch":"b%d","testbed":"ci","start_time":"2026-11-20T10:%02d:00Z","end_time":"2026-11-20T10:%02d:01Z",`+
				`"results":["{\"a\":{\"latency\":{\"value\":%d}}}","{\"a\":{\"latency\":{\"value\":2}}}"],"settings":{"adapter":"json"},"context":{}}`, branch, n, n, n+1)
			args = append(args, p.file(fmt.Sprintf("r%d-%d.json", branch, n), request))
		}
		p.burrow(0, args...)
	}
	server := p.serveAt(address, "--fault", "slow-commit=150ms")
	for range 3 {
		sender := p.command("sync", "--watch")
		if err := sender.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = sender.Process.Signal(os.Interrupt)
			_ = sender.Wait()
		})
	}
	struck := time.Now()
	for range kills {
		<-time.After(time.Duration(rand.IntN(400)) * time.Millisecond) // the instant is the test's random input
		if err := server.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = server.cmd.Wait()
		server = p.serveAt(address, "--fault", "slow-commit=150ms")
	}
	t.Logf("%d kills in %s", kills, time.Since(struck).Round(time.Second))
	p.drain(t)

	runs := p.runs()
	reports, err := serverReports(host, "demo")
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]int{}
	for _, r := range reports {
		held[r.UUID.String()] = len(r.Iterations())
	}
	if len(runs) != branches*each || len(held) != len(runs) {
		t.Errorf("%d runs, %d reports, want %d of each", len(runs), len(held), branches*each)
	}
	for _, r := range runs {
		if r["status"] != "sent" && r["status"] != "deduplicated" {
			t.Errorf("run %v is %v (%v: %v)", r["id"], r["status"], r["reason"], r["message"])
			continue
		}
		report := r["report"].(map[string]any)["uuid"].(string)
		if held[report] != 2 {
			t.Errorf("run %v: report %s holds %d of 2 iterations", r["id"], report, held[report])
		}
		delete(held, report)
	}
	for report, iterations := range held {
		t.Errorf("report %s, of %d iterations, is no run's", report, iterations)
	}
	out, _ := p.burrow(0, "history", "--json")
	t.Logf("%d attempts, %d keys freed", strings.Count(out, "\n"), strings.Count(out, `"outcome":"mended"`))
	p.checked()
}

// drain delivers what is left. A run whose key was spent again after each of
// two mendings is incomplete, and says so: a person's retry mends it once the
// server stays up.
func (p *place) drain(t *testing.T) {
	t.Helper()
	sync := p.command("sync", "--timeout", "5m")
	if out, err := sync.CombinedOutput(); sync.ProcessState.ExitCode() == exitRefused {
		bounded := p.runs("--status", "incomplete")
		for _, r := range bounded {
			if message := fmt.Sprint(r["message"]); !strings.Contains(message, "mended 2 times already") {
				t.Errorf("run %v is incomplete: %s", r["id"], message)
			}
		}
		t.Logf("%d runs met the bound of mending", len(bounded))
		p.burrow(0, "retry", "--all", "--wait", "2m")
	} else if err != nil {
		t.Fatalf("burrow sync: %v\n%s", err, out)
	}
}
