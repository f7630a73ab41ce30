//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"burrow/client"
)

// eavesdrop is a proxy that keeps the bodies of run requests.
func eavesdrop(t *testing.T, target string) (address string, bodies func() [][]byte) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen [][]byte
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // pass the drop on
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v0/run" {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			seen = append(seen, body)
			mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL, func() [][]byte {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

// TestTheSameBytesEachTime is the scenario of the promise, with an ear on the
// wire.
func TestTheSameBytesEachTime(t *testing.T) {
	p := newPlace(t)
	s := p.serve("--fault", "lose-response=1")
	address, bodies := eavesdrop(t, s.url)
	p.burrow(0, "run", "--host", address, "--project", "demo", "--wait", "30s", "--file", p.file("go.txt", goOutput))
	if sent := bodies(); len(sent) != 2 || !bytes.Equal(sent[0], sent[1]) {
		t.Errorf("%d requests went out, or they differ", len(sent))
	}
	run := p.runs()[0]
	if run["status"] != "deduplicated" {
		t.Errorf("the run is %v", run["status"])
	}
	out, _ := p.burrow(0, "history", "--json", run["id"].(string))
	history := lines(t, out)
	if len(history) != 2 || history[0]["outcome"] != "unknown" || history[1]["outcome"] != "replayed" {
		t.Errorf("history: %s", out)
	}
	reports, err := serverReports(s.url, "demo")
	if err != nil || len(reports) != 1 || len(reports[0].Iterations()) != 1 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
	p.checked()
}

// faultsOf200 are what a server does to the first of 200 deliveries.
var faultsOf200 = []string{
	"--fault", "lose-response=10", "--fault", "refuse=5", "--fault", "status=500:5", "--fault", "html=3",
	"--fault", "truncate=5", "--fault", "race=3", "--fault", "slow-commit=500ms:3", "--fault", "latency=3ms",
}

// fill enqueues 200 runs on ten branches, without sending.
func (p *place) fill(host string) {
	p.t.Helper()
	for branch := range 10 {
		args := []string{"submit", "--no-send", "--host", host, "--project", "demo", "--branch", fmt.Sprint("b", branch), "--settle", "5s"}
		for n := range 20 {
			args = append(args, p.file(fmt.Sprintf("r%d-%d.txt", branch, n), fmt.Sprintf("BenchmarkA-2 100 %d ns/op\n", 100*branch+n+1)))
		}
		p.burrow(0, args...)
	}
}

// drained checks that all of the 200 runs are acknowledged, each with one
// report that holds its results, in the order of its lane, and every attempt
// in the history.
func (p *place) drained(url string) {
	p.t.Helper()
	runs := p.runs()
	if len(runs) != 200 {
		p.t.Errorf("%d runs in the outbox", len(runs))
	}
	report := map[string]string{}
	attempts := 0
	for _, r := range runs {
		if r["status"] != "sent" && r["status"] != "deduplicated" {
			p.t.Errorf("run %v is %v (%v)", r["id"], r["status"], r["reason"])
			continue
		}
		report[r["report"].(map[string]any)["uuid"].(string)] = r["id"].(string)
		attempts += int(r["attempts"].(float64))
	}
	out, _ := p.burrow(0, "history", "--json")
	kept := 0
	for _, a := range lines(p.t, out) {
		kept++
		if count, ok := a["count"].(float64); ok {
			kept += int(count) - 1
		}
	}
	if kept != attempts {
		p.t.Errorf("%d attempts were made, %d are in the history", attempts, kept)
	}
	reports, err := serverReports(url, "demo")
	if err != nil {
		p.t.Fatal(err)
	}
	if len(reports) != 200 || len(report) != 200 {
		p.t.Errorf("the server holds %d reports, the outbox names %d", len(reports), len(report))
	}
	order := map[string][]string{} // runs by branch, as the versions number them
	slices.SortFunc(reports, func(a, b client.Report) int { return a.Branch.Head.Version.Number - b.Branch.Head.Version.Number })
	for _, r := range reports {
		if len(r.Iterations()) != 1 {
			p.t.Errorf("report %s holds %d iterations", r.UUID, len(r.Iterations()))
		}
		order[r.Branch.Name] = append(order[r.Branch.Name], report[r.UUID.String()])
	}
	slices.Reverse(runs) // oldest first
	for branch, got := range order {
		var want []string
		for _, r := range runs {
			if r["branch"] == branch {
				want = append(want, r["id"].(string))
			}
		}
		if !slices.Equal(got, want) {
			p.t.Errorf("branch %s did not arrive in the order of its lane", branch)
		}
	}
	p.checked()
}

// TestKilledSendersLoseAndDoubleNothing kills burrow sync with SIGKILL in the
// middle of 200 deliveries, again and again.
func TestKilledSendersLoseAndDoubleNothing(t *testing.T) {
	p := newPlace(t)
	s := p.serve(faultsOf200...)
	p.fill(s.url)
	deadline, kills := time.Now().Add(4*time.Minute), 0
	begin := time.Now()
	p.burrow(0, "version")
	startup := time.Since(begin) // the kills are to fall into the deliveries
	for {
		if time.Now().After(deadline) {
			t.Fatalf("not drained after %d kills", kills)
		}
		sync := p.command("sync", "--timeout", "60s")
		if err := sync.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- sync.Wait() }()
		// Later ones live longer, so that the drain comes to its end.
		life := time.NewTimer(startup + rand.N(time.Duration(50+10*kills)*time.Millisecond))
		select {
		case err := <-ended:
			life.Stop()
			if err == nil {
				t.Logf("drained after %d kills", kills)
				p.drained(s.url)
				return
			}
		case <-life.C:
			kills++
			_ = sync.Process.Kill()
			<-ended
		}
	}
}

// TestThreeSendersSideBySide lets three processes drain 200 runs, one of them
// stopped in its work for ten seconds.
func TestThreeSendersSideBySide(t *testing.T) {
	p := newPlace(t)
	s := p.serve(faultsOf200...)
	p.fill(s.url)
	var senders []*exec.Cmd
	for range 3 {
		sync := p.command("sync", "--watch")
		if err := sync.Start(); err != nil {
			t.Fatal(err)
		}
		senders = append(senders, sync)
	}
	p.waitFor(func() bool { return len(p.runs("--status", "pending")) < 190 }, time.Minute)
	_ = senders[0].Process.Signal(syscall.SIGSTOP)
	resumed := time.AfterFunc(10*time.Second, func() { _ = senders[0].Process.Signal(syscall.SIGCONT) })
	defer resumed.Stop()
	stopped := time.Now()
	p.waitFor(func() bool {
		return time.Since(stopped) > 10*time.Second && len(p.runs("--status", "pending", "--status", "sending")) == 0
	}, 3*time.Minute)
	for _, sync := range senders {
		_ = sync.Process.Signal(syscall.SIGTERM)
		if err := sync.Wait(); err != nil {
			t.Errorf("burrow sync --watch did not stop well: %v", err)
		}
	}
	p.drained(s.url)
}

// waitFor polls until the condition holds; it fails after so long.
func (p *place) waitFor(ok func() bool, limit time.Duration) {
	p.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			out, _ := p.burrow(0, "list", "--status", "pending", "--status", "sending")
			p.t.Fatalf("not within %s:\n%s", limit, out)
		}
		<-tick.C
	}
}

// TestACommandDeliversWithItsOwnCredential: a sender without a credential
// beside a run that has one never sends it anonymously.
func TestACommandDeliversWithItsOwnCredential(t *testing.T) {
	p := newPlace(t)
	key := "bencher_user_" + strings.Repeat("a", 30)
	s := p.serve("--key", key)
	poor := p.command("sync", "--watch")
	if err := poor.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = poor.Process.Signal(syscall.SIGTERM)
		_ = poor.Wait()
	}()
	for n := range 5 {
		p.burrow(0, "run", "--host", s.url, "--project", "demo", "--key", key, "--wait", "30s",
			"--file", p.file("go.txt", goOutput), "--branch", fmt.Sprint("b", n))
	}
	reports, err := serverReports(s.url, "demo")
	if err != nil || len(reports) != 5 {
		t.Fatalf("%d reports, %v", len(reports), err)
	}
	for _, r := range reports {
		if r.User == nil {
			t.Errorf("report %s was made anonymously", r.UUID)
		}
	}
	out, _ := p.burrow(0, "history", "--json")
	for _, a := range lines(t, out) {
		if a["outcome"] != "created" {
			t.Errorf("an attempt came to %v: %v", a["outcome"], a["error"])
		}
	}
}

// TestASuspendedCommandLetsGoOfItsRuns: Ctrl-Z in the middle of an attempt
// must not keep other senders from the run.
func TestASuspendedCommandLetsGoOfItsRuns(t *testing.T) {
	p := newPlace(t)
	s := p.serve("--fault", "latency=6s")
	p.burrow(0, "run", "--no-send", "--host", s.url, "--project", "demo", "--file", p.file("go.txt", goOutput))
	sync := p.command("sync", "--watch")
	if err := sync.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sync.Process.Signal(syscall.SIGCONT)
		_ = sync.Process.Signal(syscall.SIGTERM)
		if err := sync.Wait(); err != nil {
			t.Errorf("it did not go on and end well: %v", err)
		}
	}()
	p.waitFor(func() bool { return len(p.runs("--status", "sending")) == 1 }, 20*time.Second)
	_ = sync.Process.Signal(syscall.SIGTSTP)
	p.waitFor(func() bool { return len(p.runs("--status", "sending")) == 0 }, 30*time.Second)
	p.burrow(0, "sync", "--timeout", "60s")
	if status := p.runs()[0]["status"]; status != "deduplicated" && status != "sent" {
		t.Errorf("the run is %v", status)
	}
	if reports, err := serverReports(s.url, "demo"); err != nil || len(reports) != 1 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
}
