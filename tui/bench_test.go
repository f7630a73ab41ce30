package tui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Every benchmark compares with a baseline in the same run: a small outbox, or
// a bare Bubble Tea program.

const benchWidth, benchHeight = 200, 60

// screenOf is an output that tells when a text was written.
type screenOf struct {
	want  []byte
	seen  chan struct{}
	tail  []byte
	found bool
	bytes atomic.Int64
}

func newScreenOf(want string) *screenOf {
	return &screenOf{want: []byte(want), seen: make(chan struct{})}
}

func (s *screenOf) Write(p []byte) (int, error) {
	s.bytes.Add(int64(len(p)))
	if !s.found {
		s.tail = append(s.tail, p...)
		if bytes.Contains(s.tail, s.want) {
			s.found = true
			close(s.seen)
		}
	}
	return len(p), nil
}

// benchProgram is a program as Run starts it, or a bare one.
func benchProgram(model tea.Model, screen io.Writer) *tea.Program {
	options := []tea.ProgramOption{tea.WithInput(nil), tea.WithOutput(screen), tea.WithAltScreen(), tea.WithoutSignalHandler()}
	if _, ours := model.(*app); ours {
		options = append(options, tea.WithFPS(framesPerSecond))
	}
	return tea.NewProgram(model, options...)
}

// firstFrame starts a program and returns how long its first frame with the
// text took.
func firstFrame(b *testing.B, model tea.Model, want string) time.Duration {
	b.Helper()
	screen := newScreenOf(want)
	started := time.Now()
	p := benchProgram(model, screen)
	go p.Send(tea.WindowSizeMsg{Width: benchWidth, Height: benchHeight})
	done := make(chan error, 1)
	go func() { _, err := p.Run(); done <- err }()
	select {
	case <-screen.seen:
	case <-time.After(time.Minute):
		b.Fatal("no frame came")
	}
	took := time.Since(started)
	p.Kill()
	<-done
	return took
}

// bare is a Bubble Tea program that draws as many cells and nothing else.
type bare struct{ frame string }

func newBare() bare {
	style := lipgloss.NewStyle().Foreground(lipgloss.Color("12"))
	line := style.Render(strings.Repeat("x", benchWidth/2)) + style.Bold(true).Render(strings.Repeat("y", benchWidth/2))
	lines := slices.Repeat([]string{line}, benchHeight-1)
	return bare{strings.Join(append(lines, "the end"), "\n")}
}

func (m bare) Init() tea.Cmd                       { return nil }
func (m bare) Update(tea.Msg) (tea.Model, tea.Cmd) { return m, nil }
func (m bare) View() string                        { return m.frame }

func benchApp(b *testing.B, s *outbox.Store) (*app, func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &work{ctx: ctx}
	o := Options{Store: s}.withDefaults()
	return newApp(o, w, testTheme(termenv.TrueColor, true)), func() { cancel(); w.end() }
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// benchStores are outboxes of two sizes.
func benchStores(b *testing.B, small, large int) (few, many *outbox.Store) {
	b.Helper()
	folder := b.TempDir()
	return largeOutbox(b, filepath.Join(folder, "few.db"), small), largeOutbox(b, filepath.Join(folder, "many.db"), large)
}

// BenchmarkStart: from the start to the first frame with runs in it, of
// 1,000,000 runs against 100 and against a bare program.
func BenchmarkStart(b *testing.B) {
	few, many := benchStores(b, 100, 1_000_000)
	var all [3][]time.Duration
	for b.Loop() {
		for i, s := range []*outbox.Store{few, many} {
			a, end := benchApp(b, s)
			all[i] = append(all[i], firstFrame(b, a, fmt.Sprintf("branch-%d", map[int]int{0: 99, 1: 999_999}[i])))
			end()
		}
		all[2] = append(all[2], firstFrame(b, newBare(), "the end"))
	}
	small, large, plain := median(all[0]), median(all[1]), median(all[2])
	b.ReportMetric(float64(large.Microseconds()), "million-µs")
	b.ReportMetric(float64(large)/float64(small), "x-100-runs")
	b.ReportMetric(float64(large)/float64(plain), "x-bare")
}

// pump runs what a command brings, as Bubble Tea would, until nothing comes
// within a moment.
func pump(a *app, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	answer := make(chan tea.Msg, 1)
	go func() { answer <- cmd() }()
	select {
	case msg := <-answer:
		switch m := msg.(type) {
		case nil:
		case tea.BatchMsg:
			for _, one := range m {
				pump(a, one)
			}
		default:
			_, next := a.Update(m)
			pump(a, next)
		}
	case <-time.After(60 * time.Millisecond): // a watch, a tick
	}
}

// loadedApp is an app that has shown its first page.
func loadedApp(b *testing.B, s *outbox.Store) (*app, func()) {
	b.Helper()
	a, end := benchApp(b, s)
	a.Update(tea.WindowSizeMsg{Width: benchWidth, Height: benchHeight})
	pump(a, a.Init())
	if !a.outbox.reading.loaded {
		b.Fatal("nothing was loaded")
	}
	return a, end
}

// BenchmarkKeyAndFrame: a key press to the text of the frame after it, of
// 1,000,000 runs against 100, and the slowest hundredth against joining as many
// styled lines with Lip Gloss alone.
func BenchmarkKeyAndFrame(b *testing.B) {
	few, many := benchStores(b, 100, 1_000_000)
	small, endSmall := loadedApp(b, few)
	defer endSmall()
	large, endLarge := loadedApp(b, many)
	defer endLarge()
	keys := []tea.KeyMsg{{Type: tea.KeyDown}, {Type: tea.KeyDown}, {Type: tea.KeyDown}, {Type: tea.KeyUp}}
	style := lipgloss.NewRenderer(io.Discard).NewStyle().Foreground(lipgloss.Color("12"))
	text := strings.Repeat("x", benchWidth)
	var all [3][]time.Duration
	i := 0
	for b.Loop() {
		for j, a := range []*app{small, large} {
			started := time.Now()
			_, cmd := a.Update(keys[i%len(keys)])
			_ = a.View()
			all[j] = append(all[j], time.Since(started))
			if i%16 == 0 {
				pump(a, cmd)
			}
		}
		started := time.Now()
		lines := make([]string, benchHeight)
		for n := range lines {
			lines[n] = style.Render(text)
		}
		_ = lipgloss.JoinVertical(lipgloss.Left, lines...)
		all[2] = append(all[2], time.Since(started))
		i++
	}
	b.ReportMetric(float64(median(all[1]).Microseconds()), "million-µs")
	b.ReportMetric(float64(median(all[1]))/float64(median(all[0])), "x-100-runs")
	hundredth := func(all []time.Duration) time.Duration { return all[len(all)*99/100] }
	b.ReportMetric(float64(hundredth(all[1]).Microseconds()), "p99-µs")
	b.ReportMetric(float64(hundredth(all[1]))/float64(median(all[2])), "p99-x-join")
}

// BenchmarkFilterKey: a key in the filter's line to the first results, of
// 100,000 runs against 1,000; and how long the key itself holds the UI.
func BenchmarkFilterKey(b *testing.B) {
	few, many := benchStores(b, 1000, 100_000)
	for _, text := range []string{"branch-1", "99", "status:pending"} {
		b.Run(text, func(b *testing.B) {
			var all [3][]time.Duration
			for b.Loop() {
				for j, s := range []*outbox.Store{few, many} {
					a, end := loadedApp(b, s)
					press(a, "/", text[:len(text)-1])
					pump(a, a.outbox.reload(goalSelected))
					a.outbox.reading.underway = false
					started := time.Now()
					_, cmd := a.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text[len(text)-1:])})
					held := time.Since(started)
					shown := waitForLoad(a, cmd)
					_ = a.View()
					all[j] = append(all[j], time.Since(started))
					if all[2] = append(all[2], held); !shown {
						b.Fatal("no results came")
					}
					end()
				}
			}
			b.ReportMetric(float64(median(all[1]).Microseconds()), "large-µs")
			b.ReportMetric(float64(median(all[1]))/float64(median(all[0])), "x-1000-runs")
			b.ReportMetric(float64(slices.Max(all[2]).Microseconds()), "key-held-max-µs")
		})
	}
}

// waitForLoad runs a command's parts until one brings the runs.
func waitForLoad(a *app, cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	switch m := cmd().(type) {
	case tea.BatchMsg:
		for _, one := range m {
			if waitForLoad(a, one) {
				return true
			}
		}
	case outboxLoaded:
		a.Update(m)
		return true
	}
	return false
}

// BenchmarkRest: the processor's time while nothing changes, against a bare
// program at rest, and how much is written to the terminal meanwhile.
func BenchmarkRest(b *testing.B) {
	folder := b.TempDir()
	s := largeOutbox(b, filepath.Join(folder, "outbox.db"), 1000)
	const rest = 3 * time.Second
	atRest := func(model tea.Model, want string) (used time.Duration, written int64) {
		screen := newScreenOf(want)
		p := benchProgram(model, screen)
		go p.Send(tea.WindowSizeMsg{Width: benchWidth, Height: benchHeight})
		done := make(chan error, 1)
		go func() { _, err := p.Run(); done <- err }()
		<-screen.seen
		time.Sleep(4 * time.Second) // what the start left to do, and the close looks at the file after a change
		before, wrote := processorTime(b), screen.bytes.Load()
		time.Sleep(rest)
		used, written = processorTime(b)-before, screen.bytes.Load()-wrote
		p.Kill()
		<-done
		return used, written
	}
	var ours, plain []time.Duration
	var written int64
	for b.Loop() {
		// An hour later, so that no age on the screen changes with the second.
		ctx, cancel := context.WithCancel(context.Background())
		w := &work{ctx: ctx}
		o := Options{Store: s, Now: func() time.Time { return time.Now().Add(90 * time.Minute) }}.withDefaults()
		used, wrote := atRest(newApp(o, w, testTheme(termenv.TrueColor, true)), "branch-999")
		cancel()
		w.end()
		ours, written = append(ours, used), written+wrote
		used, _ = atRest(newBare(), "the end")
		plain = append(plain, used)
	}
	b.ReportMetric(float64(median(ours).Microseconds())/rest.Seconds(), "µs/s")
	b.ReportMetric(float64(median(ours))/float64(median(plain)), "x-bare")
	b.ReportMetric(float64(written), "bytes-written")
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal("the processor time can't be read: ", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
