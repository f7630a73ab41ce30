package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"burrow/client"
	"burrow/outbox"
	_ "burrow/tui/quiet" // must be initialised before Bubble Tea

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/term"
	"github.com/muesli/termenv"
)

// Options are what the UI shows and asks.
type Options struct {
	Store *outbox.Store
	// Query limits the runs that are shown; its Limit and Before are not used.
	Query outbox.Query

	// Host is the default host, whose reachability the header shows: "" shows
	// none.
	Host string
	// Ping asks a host for a sign of life: client.Hosts has one. nil: nobody
	// asks.
	Ping func(ctx context.Context, host string) (version string, err error)
	// Delivery tells whether a sender runs beside the UI. It is called often, in
	// commands only, so it may look at files. nil: none runs.
	Delivery func() Delivery
	// Notices are what that sender says that a person should know; nil: nothing.
	Notices <-chan string
	// Suspend lays that sender to rest before the UI goes to the shell or quits,
	// and Resume wakes it after. They may wait. nil: nothing is to be done.
	Suspend, Resume func()

	// Repository is the one that burrow was started in, as runs name theirs: the
	// list begins with its runs. "": it shows all.
	Repository string
	// Project and the others are what forms and the server's views begin with.
	Project, Branch, Testbed string
	// Browse reads what a host holds; nil: nobody does.
	Browse func(host string) (*client.Browser, error)
	// Bench, Suggest, Resubmit, Export, OpenURL and RunJSON do what the command
	// line does, in its way; nil: that can't be done from the UI.
	Bench    Bench
	Suggest  func(ctx context.Context) Suggestions
	Resubmit Resubmit
	Export   func(ctx context.Context, q outbox.Query, path string) (runs, damaged int, err error)
	OpenURL  func(ctx context.Context, address string) error
	RunJSON  func(*outbox.Run) ([]byte, error)

	Commands []Command           // a person's own
	Keys     map[string][]string // other keys by the actions' names: see CheckKeys
	Colours  map[string]string   // other colours: see CheckColours
	Bell     bool                // ring when a run is rejected
	Mouse    bool                // take the mouse from the terminal at the start

	NoColor bool             // in addition to NO_COLOR
	Now     func() time.Time // default time.Now
	Input   io.Reader        // default the terminal
	Output  io.Writer        // default standard output
}

// Delivery is the state of the sender beside the UI.
type Delivery struct {
	On  bool
	Why string // why it is off, in a few words, if there is something to say
	// Quiet: it waits while a benchmark is being measured.
	Quiet bool
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Output == nil {
		o.Output = os.Stdout
	}
	if o.Delivery == nil {
		o.Delivery = func() Delivery { return Delivery{} }
	}
	return o
}

// framesPerSecond bounds how often the screen is drawn. Bubble Tea wakes the
// processor as often even when nothing changes; what its default of 60 costs
// beyond this pays for looking at the outbox's file.
const framesPerSecond = 50

// Run shows the UI until the person quits or the context ends, which is no
// error. When it returns, the terminal is as it was and nothing of the UI runs
// any more.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	ctx, cancel := context.WithCancel(ctx)
	work := &work{ctx: ctx}
	defer work.end()
	defer cancel()

	a := newApp(o, work, themeFor(o))
	options := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithAltScreen(), tea.WithOutput(o.Output), tea.WithFPS(framesPerSecond),
		// The context ends at a signal. Bubble Tea's own handler, told of the same
		// one, waits for ever to pass it on to a program that has ended.
		tea.WithoutSignalHandler(),
	}
	if o.Mouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	program := tea.NewProgram(guarded{a, &work.defect}, options...)
	work.quit = program.Quit
	_, err := program.Run()
	if broken := work.defect.error(); broken != nil {
		return broken
	}
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil && !errors.Is(err, tea.ErrProgramPanic) {
		return nil
	}
	return err
}

// themeFor makes the theme for the output. NO_COLOR forbids colours and nothing
// else: the open tab stays underlined, the cursor in a field stays visible.
func themeFor(o Options) theme {
	r := rendererFor(o)
	coloured := !o.NoColor && os.Getenv("NO_COLOR") == ""
	if !coloured && r.Output().ColorProfile() != termenv.Ascii {
		r.SetColorProfile(termenv.ANSI)
	}
	return newTheme(r, o.Colours, showsUnicode(os.Getenv), coloured)
}

// rendererFor makes a renderer for the output with its colours. The
// background is asked for here, and only on a terminal.
func rendererFor(o Options) *lipgloss.Renderer {
	r := lipgloss.NewRenderer(o.Output)
	if o.NoColor {
		r.SetColorProfile(termenv.Ascii)
	}
	dark := darkByEnvironment(os.Getenv)
	in, readable := o.Input.(*os.File)
	if o.Input == nil {
		in, readable = os.Stdin, true
	}
	if out, ok := o.Output.(term.File); ok && readable && r.ColorProfile() != termenv.Ascii {
		dark = hasDarkBackground(in, out)
	}
	r.SetHasDarkBackground(dark)
	return r
}

// work keeps account of the commands that run, so that Run can wait for them:
// Bubble Tea itself leaves them behind.
type work struct {
	ctx context.Context

	mu      sync.Mutex
	ended   bool
	running sync.WaitGroup

	defect defect // of a command, or of the UI itself
	quit   func() // ends the program; nil: there is none
}

// do makes a command of work that may wait, as long as the context lasts.
func (w *work) do(wait func(context.Context) tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		if !w.begin() {
			return nil
		}
		defer w.running.Done()
		defer w.defect.catch(func() { msg = tea.QuitMsg{} })
		return wait(w.ctx)
	}
}

// after makes a command that brings a message in a while.
func (w *work) after(d time.Duration, msg tea.Msg) tea.Cmd {
	return w.do(func(ctx context.Context) tea.Msg {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			return msg
		}
	})
}

func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.running.Add(1)
	return true
}

func (w *work) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.running.Wait()
}
