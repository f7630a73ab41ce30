package outbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"burrow/client"
)

// The test binary is a process of its own where a test needs one that can be
// killed or measured: childVariable names what it is to do.
const childVariable = "BURROW_TEST_CHILD"

// dieVariable ends a child at a step of the store, the so-manieth time it is
// reached: "replace: built#2".
const dieVariable = "BURROW_TEST_DIE_AT"

// runChild does what a child is for and returns its exit status.
func runChild(what string) int {
	args := os.Args[len(os.Args)-3:] // a path and two more
	var err error
	switch what {
	case "life":
		err = liveALife(args[0], args[1], args[2])
	case "enqueue":
		err = enqueueInTurns(args[0], args[1])
	case "bolt":
		err = putInTurns(args[0], args[1])
	case "first page":
		err = readFirstPage(args[0])
	default:
		err = fmt.Errorf("no such child: %s", what)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a process of the test binary, ready to be started.
func child(t testing.TB, what string, args ...string) *exec.Cmd {
	t.Helper()
	for len(args) < 3 {
		args = append(args, "-")
	}
	cmd := exec.Command(os.Args[0], args...) //nolint:gosec // itself
	cmd.Env = append(os.Environ(), childVariable+"="+what, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// dying makes a store kill its process at the step that dieVariable names.
func dying(s *Store) {
	step, count, found := strings.Cut(os.Getenv(dieVariable), "#")
	if !found {
		return
	}
	left, _ := strconv.Atoi(count)
	s.reached = func(at string) {
		if at == step {
			if left--; left == 0 {
				self, err := os.FindProcess(os.Getpid())
				if err != nil {
					panic(err)
				}
				_ = self.Kill()
				select {} // until it arrives
			}
		}
	}
}

// liveALife does what burrow's commands do to an outbox, at random, and tells
// what it accepted once that is promised: until it is killed, or for so many
// steps.
func liveALife(path, url, seed string) error {
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(n, 0)) //nolint:gosec // a test's
	ctx := context.Background()
	store := &Store{path: path, lock: newSideLock(path + lockSuffix), Now: time.Now, Draw: rand.Float64}
	dying(store)
	if err := store.begin(ctx); err != nil {
		return err
	}
	hosts := client.NewHosts("burrow/test", client.Credentials{}, nil)
	defer hosts.Close()
	life := &life{store, hosts, url, random}
	for range 60 {
		step := []func(context.Context) error{
			life.enqueue, life.enqueue, life.enqueueMany, life.deliver, life.deliver, life.prune, life.delete,
			life.compact, life.carry, life.keep, life.rebuild,
		}[random.IntN(11)]
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

type life struct {
	*Store
	hosts  *client.Hosts
	url    string
	random *rand.Rand
}

func (l *life) run() (New, error) {
	id, err := NewID()
	if err != nil {
		return New{}, err
	}
	at := time.Now()
	body, err := client.NewRun{
		Project: "demo", Branch: fmt.Sprint("b", l.random.IntN(3)), Testbed: "ci", StartTime: at, EndTime: at,
		Results: []string{`{"a":{"latency":{"value":1}}}`}, Settings: &client.Settings{Adapter: "json"},
	}.Freeze(id)
	return New{ID: id, Body: body, Host: l.url}, err
}

func (l *life) enqueue(ctx context.Context) error {
	n, err := l.run()
	if err != nil {
		return err
	}
	if _, _, err := l.Enqueue(ctx, n); err != nil {
		return err
	}
	fmt.Println("accepted", n.ID)
	return nil
}

func (l *life) enqueueMany(ctx context.Context) error {
	runs := func(yield func(New, error) bool) {
		for range 5 {
			if n, err := l.run(); !yield(n, err) {
				return
			}
		}
	}
	return l.EnqueueAll(ctx, runs, func(a Accepted) { fmt.Println("accepted", a.New.ID) })
}

func (l *life) deliver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(10+l.random.IntN(60))*time.Millisecond)
	defer cancel()
	return (&Sender{Store: l.Store, Deliverer: l.hosts}).Run(ctx)
}

func (l *life) prune(ctx context.Context) error {
	_, err := l.Prune(ctx, Retention{Bodies: 1, Runs: -1, OwnClock: true}, false, nil)
	return err
}

func (l *life) delete(ctx context.Context) error {
	runs, err := l.List(ctx, Query{Statuses: []Status{Sent, Deduplicated}, Limit: 1})
	if err != nil || len(runs) == 0 {
		return err
	}
	fmt.Println("deleting", runs[0].ID)
	return l.Delete(ctx, runs[0].ID)
}

func (l *life) compact(ctx context.Context) error {
	_, _, err := l.Compact(ctx)
	return err
}

func (l *life) carry(ctx context.Context) error {
	var file bytes.Buffer
	if _, _, err := l.Export(ctx, Query{}, &file); err != nil {
		return err
	}
	_, err := l.Import(ctx, &file, nil)
	return err
}

// keep puts a run into the recovery folder and takes it in.
func (l *life) keep(ctx context.Context) error {
	n, err := l.run()
	if err != nil {
		return err
	}
	if _, _, err := Keep(l.path, n); err != nil {
		return err
	}
	fmt.Println("accepted", n.ID)
	return l.begin(ctx)
}

func (l *life) rebuild(ctx context.Context) error {
	saved, err := l.Rebuild(ctx)
	if err != nil {
		return err
	}
	return os.Remove(saved.Kept)
}

// told reads what a child tells: IDs by word.
func told(output []byte, into map[string]map[string]bool) {
	lines := bufio.NewScanner(bytes.NewReader(output))
	for lines.Scan() {
		word, id, whole := strings.Cut(lines.Text(), " ")
		if whole && len(id) == 36 {
			if into[word] == nil {
				into[word] = map[string]bool{}
			}
			into[word][id] = true
		}
	}
}
