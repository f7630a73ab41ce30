package outbox

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"burrow/client"
	"burrow/client/local"
)

// crashes is an outbox that processes work on and are killed at, and the server
// that they deliver to.
type crashes struct {
	t     *testing.T
	path  string
	url   string
	known map[string]map[string]bool // what was told: by word, IDs
	seed  uint64
}

func newCrashes(t *testing.T) *crashes {
	t.Helper()
	server, err := local.Open(filepath.Join(t.TempDir(), "server.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(t.Context()) })
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c := &crashes{t: t, path: filepath.Join(t.TempDir(), "outbox.db"), url: web.URL, known: map[string]map[string]bool{}, seed: rand.Uint64()}
	t.Logf("seed %d", c.seed)
	return c
}

// live lets a process live until it is killed after so long (0: not by us), and
// tells whether it came to its end.
func (c *crashes) live(lifetime time.Duration, dieAt string) (ended bool) {
	c.t.Helper()
	c.seed++
	cmd := child(c.t, "life", c.path, c.url, fmt.Sprint(c.seed))
	cmd.Env = append(cmd.Env, dieVariable+"="+dieAt)
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	if lifetime > 0 {
		kill := time.AfterFunc(lifetime, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
	}
	output, err := io.ReadAll(out)
	if err != nil {
		c.t.Fatal(err)
	}
	told(output, c.known)
	err = cmd.Wait()
	if err != nil && cmd.ProcessState.Exited() {
		c.t.Fatalf("the process failed: %v", err)
	}
	return err == nil
}

// sound opens the outbox as the next command would and looks for what was
// promised.
func (c *crashes) sound() *Store {
	c.t.Helper()
	s, err := Open(c.t.Context(), c.path)
	if err != nil {
		c.t.Fatal(err)
	}
	checkClean(c.t, s)
	there := map[string]bool{}
	for _, r := range listAll(c.t, s) {
		there[r.ID.String()] = true
	}
	for id := range c.known["accepted"] {
		if !there[id] && !c.known["deleting"][id] {
			c.t.Fatalf("run %s was accepted and is not there", id)
		}
	}
	for _, notice := range s.Notices {
		c.t.Errorf("unexpected: %s", notice)
	}
	return s
}

// delivered drains the outbox and compares it with the server: one whole report
// for each run that ever was.
func (c *crashes) delivered() {
	c.t.Helper()
	s := c.sound()
	hosts := client.NewHosts("burrow/test", client.Credentials{}, nil)
	defer hosts.Close()
	stop := startSender(c.t, &Sender{Store: s, Deliverer: hosts})
	for _, r := range listAll(c.t, s) {
		waitFor(c.t, s, r.ID, time.Minute, ended)
	}
	stop()
	checkClean(c.t, s)
	reports := c.reports()
	deleted := 0
	err := s.view(c.t.Context(), func(t *tx) error {
		deleted = t.Bucket(bucketGone).Stats().KeyN
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	runs := listAll(c.t, s)
	if len(reports) != len(runs)+deleted {
		c.t.Errorf("%d reports of %d runs and %d deleted ones", len(reports), len(runs), deleted)
	}
	for _, r := range runs {
		i := slices.IndexFunc(reports, func(p client.Report) bool { return r.Report != nil && p.UUID == r.Report.UUID })
		if !r.Status.Acknowledged() || i < 0 || len(reports[i].Iterations()) != 1 {
			c.t.Errorf("run %s is %s, and its report is not there, whole", r.ID, r.Status)
		}
	}
	c.t.Logf("%d runs, %d deleted, %d reports", len(runs), deleted, len(reports))
}

func (c *crashes) reports() (all []client.Report) {
	c.t.Helper()
	for page := 1; ; page++ {
		request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, fmt.Sprintf("%s/v0/projects/demo/reports?per_page=255&page=%d", c.url, page), nil)
		if err != nil {
			c.t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			c.t.Fatal(err)
		}
		var some []client.Report
		err = json.NewDecoder(answer.Body).Decode(&some)
		_ = answer.Body.Close()
		if err != nil {
			c.t.Fatal(err)
		}
		if all = append(all, some...); len(some) < 255 {
			return all
		}
	}
}

// TestKilledAtAnyInstantNothingIsLostOrDoubled kills processes that enqueue,
// deliver, prune, delete, compact, export, import, recover and rebuild, at
// random instants: 30 times, or 500 with BURROW_LONG_TESTS.
func TestKilledAtAnyInstantNothingIsLostOrDoubled(t *testing.T) {
	kills := 30
	if os.Getenv("BURROW_LONG_TESTS") != "" {
		kills = 500
	}
	c := newCrashes(t)
	began := time.Now()
	for !c.live(0, "") {
		t.Fatal("the first life was cut short")
	}
	whole := time.Since(began) // kills are to fall anywhere into a life
	for done := 0; done < kills; {
		if !c.live(1+rand.N(whole), "") {
			done++
		}
		c.sound()
	}
	c.delivered()
}

// TestKilledAtEachStepNothingIsLostOrDoubled kills a process at each step of a
// commit, of a file's replacement and of taking kept runs in.
func TestKilledAtEachStepNothingIsLostOrDoubled(t *testing.T) {
	c := newCrashes(t)
	for _, step := range []string{"commit: before", "commit: after", "replace: built", "replace: kept", "replace: renamed", "recovery: taken in"} {
		for _, count := range []int{1, 2, 7} {
			c.live(0, fmt.Sprintf("%s#%d", step, count))
			c.sound()
		}
	}
	c.delivered()
}
