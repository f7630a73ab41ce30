package tui

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
	"github.com/muesli/termenv"
)

// TestAnyKeysLeaveTheOutboxClean presses random keys, moves the mouse and
// resizes the terminal, while a sender delivers beside it with random outcomes:
// nothing panics, every frame is whole, nothing is left running, and the outbox
// is clean.
func TestAnyKeysLeaveTheOutboxClean(t *testing.T) {
	lasts := 4 * time.Second
	if os.Getenv("BURROW_LONG_TESTS") != "" {
		lasts = 3 * time.Minute
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's
	t.Chdir(t.TempDir())
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := openStore(t, path)
	for i := range 40 {
		enqueue(t, s, []string{"main", "feature/radix", "日本語", "שלום", "e\u0301" + strings.Repeat("x", 40)}[i%5])
	}
	before := runtime.NumGoroutine()

	ctx, cancel := context.WithCancel(context.Background())
	var sender sync.WaitGroup
	sender.Go(func() { _ = (&outbox.Sender{Store: s, Deliverer: &moody{seed: seed}}).Run(ctx) })
	w := &work{ctx: ctx}
	o := Options{
		Store: s, Host: client.Local, Ping: func(context.Context, string) (string, error) { return "0.6.9", nil },
		Output: io.Discard, Repository: "elsewhere", Delivery: func() Delivery { return Delivery{On: true} },
		Browse: func(string) (*client.Browser, error) { return nil, errNoBrowser },
		Bench: func(ctx context.Context, _ Trial, live io.Writer) (*Measured, error) {
			fmt.Fprintln(live, "BenchmarkA 100 12 ns/op")
			n := newRun(t, "made")
			return &Measured{
				Body: n.Body, Discard: func() {},
				Enqueue: func(ctx context.Context) (*outbox.Run, error) { r, _, err := s.Enqueue(ctx, n); return r, err },
			}, ctx.Err()
		},
		Resubmit: func(ctx context.Context, id uuid.UUID, _ Trial, _ bool) (*outbox.Run, []string, error) {
			n := newRun(t, "again")
			n.Resubmits = &id
			r, _, err := s.Enqueue(ctx, n)
			return r, []string{"told"}, err
		},
		Export: func(context.Context, outbox.Query, string) (int, int, error) { return 1, 0, nil },
	}.withDefaults()
	watched := &framesWatched{app: newApp(o, w, testTheme(termenv.TrueColor, true))}
	stays := func(_ tea.Model, msg tea.Msg) tea.Msg { // nobody would bring this process back
		if _, goes := msg.(tea.SuspendMsg); goes {
			return tea.ResumeMsg{}
		}
		return msg
	}
	p := tea.NewProgram(watched, tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithoutSignalHandler(), tea.WithFilter(stays))
	done := make(chan error, 1)
	go func() { _, err := p.Run(); done <- err }()

	keys := strings.Split("up down pgup pgdown home end enter enter esc tab shift+tab left right 1 2 3 4 j k g G l h / : ? ! A v r x e D y p X o u n R M [ ] z b t m P y i k a r main : since:1d status:sent backspace ctrl+e ctrl+j ctrl+a", " ")
	keys = append(keys, " ", " ", "日", "\x1b")
	pressed := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); pressed++ {
		switch n := random.IntN(100); {
		case n < 3:
			p.Send(tea.WindowSizeMsg{Width: 1 + random.IntN(220), Height: 1 + random.IntN(70)})
		case n < 8:
			p.Send(tea.MouseMsg{X: random.IntN(200), Y: random.IntN(60), Action: tea.MouseActionPress, Button: tea.MouseButton(random.IntN(6))})
		default:
			p.Send(keyMsg(keys[random.IntN(len(keys))]))
		}
		if pressed%50 == 0 {
			watched.seen(p, random.IntN(3)) // let answers come between the keys, as they do
		}
	}
	p.Send(tea.KeyMsg{Type: tea.KeyCtrlC})
	p.Quit()
	if err := <-done; err != nil {
		t.Errorf("after %d keys: %v", pressed, err)
	}
	cancel()
	w.end()
	sender.Wait()
	if watched.torn != "" {
		t.Errorf("a frame is torn: %s", watched.torn)
	}
	problems, err := s.Check(context.Background())
	if err != nil || len(problems) > 0 {
		t.Errorf("the outbox: %v %v", problems, err)
	}
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > before+1 { // the runtime's own, for signals
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<18)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
	t.Logf("%d keys in %v, %d frames", pressed, lasts, watched.frames)
}

// framesWatched is the UI with an eye on every frame.
type framesWatched struct {
	*app
	frames  int
	torn    string
	waiting []loadWanted
}

// seen waits until so many more of the sender's changes were loaded, at most a
// moment: there may be no more.
func (f *framesWatched) seen(p *tea.Program, loads int) {
	for range loads {
		came := make(loadWanted, 1)
		p.Send(came)
		select {
		case <-came:
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// loadWanted is told of the next load.
type loadWanted chan struct{}

func (f *framesWatched) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case loadWanted:
		f.waiting = append(f.waiting, m)
		return f, nil
	case outboxLoaded:
		for _, one := range f.waiting {
			one <- struct{}{}
		}
		f.waiting = nil
	}
	_, cmd := f.app.Update(msg)
	return f, cmd
}

func (f *framesWatched) View() string {
	frame := f.app.View()
	f.frames++
	if lines := strings.Split(frame, "\n"); f.width > 0 && f.torn == "" {
		if len(lines) != f.height {
			f.torn = fmt.Sprintf("%d lines of %d in view %s: %q", len(lines), f.height, f.view().name(), frame)
		}
	}
	return frame
}

// moody delivers with random outcomes.
type moody struct {
	scripted
	seed uint64
	mu   sync.Mutex
	rng  *rand.Rand
}

func (m *moody) Send(_ context.Context, p client.Parcel) client.Verdict {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rng == nil {
		m.rng = rand.New(rand.NewPCG(m.seed, 1)) //nolint:gosec // a test's
	}
	outcomes := []client.Outcome{client.Created, client.Replayed, client.Unknown, client.Unavailable, client.Refused}
	v := client.Verdict{Outcome: outcomes[m.rng.IntN(len(outcomes))], Message: "moody \x1b[2J", Scope: client.ScopeRun, Date: time.Now(), Wait: 100 * time.Millisecond}
	if v.Outcome.Acknowledged() {
		v.Report = &client.Report{UUID: uuid.New(), Results: make([][]client.Result, len(p.Want.Iterations))}
	}
	return v
}
