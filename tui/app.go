package tui

import (
	"context"
	"runtime"
	"strings"
	"time"

	"burrow/outbox"

	"burrow/client"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// app is the root model: it routes messages to the views, shows one of them
// between the header and the footer, and lays overlays over it.
type app struct {
	*shell

	width, height int
	room          room

	outbox   *outboxPage
	reports  *reportsPage
	perf     *perfPage
	activity *activityPage
	views    []view
	current  int

	helping bool
	help    pager
	form    *form // nil: closed

	reach   reach
	pings   int  // generation of the question to the host
	ticking bool // a tick is on its way
	mouse   bool
	leaving tea.Msg // what comes once the sender rests; nil: the UI stays
	// suspends: Ctrl-Z leads to the shell. Bubble Tea ignores it on Windows, where
	// nothing would wake the sender again.
	suspends bool
}

// room is how the lines of the screen are shared out.
type room struct{ body, footer int }

func newApp(o Options, w *work, t theme) *app {
	s := &shell{options: o, work: w, theme: t, keys: newKeyMap().with(o.Keys), now: o.Now()}
	a := &app{shell: s, mouse: o.Mouse, suspends: runtime.GOOS != "windows"}
	a.outbox, a.reports, a.perf, a.activity = newOutboxPage(s), newReportsPage(s), newPerfPage(s), newActivityPage(s)
	a.views = []view{a.outbox, a.reports, a.perf, a.activity}
	return a
}

// Init begins to watch, and to read only then, so that no change falls in
// between.
func (a *app) Init() tea.Cmd {
	return tea.Batch(watch(a.work, a.options.Store), askHost(a.work, a.options, a.pings), a.hear())
}

// noticed: the sender said something that a person should know.
type noticed struct{ words string }

// hear waits for the sender's next notice.
func (a *app) hear() tea.Cmd {
	notices := a.options.Notices
	return a.work.do(func(ctx context.Context) tea.Msg {
		select {
		case words := <-notices:
			return noticed{words}
		case <-ctx.Done():
			return nil
		}
	})
}

// Update takes a message in, then lays everything out anew.
func (a *app) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	a.now = a.options.Now()
	command := a.route(msg)
	return a, tea.Batch(command, a.arrange())
}

func (a *app) route(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
	case tea.KeyMsg:
		return a.pressAll(m)
	case tea.MouseMsg:
		return a.mouseMoved(m)
	case hostAnswered:
		if m.generation == a.pings {
			a.reach = a.reach.heard(m, a.now)
			return a.work.after(pingInterval, pulsed{a.pings})
		}
	case pulsed:
		if m.generation == a.pings {
			return tea.Batch(askDelivery(a.work, a.options), askHost(a.work, a.options, a.pings))
		}
	case deliveryTold:
		a.delivery = m.delivery
	case ticked:
		a.ticking = false
	case toastEnded:
		a.endToast(m)
	case viewWanted:
		return a.turn(m.index)
	case runWanted:
		return tea.Batch(a.turn(0), a.outbox.take(m))
	case failed:
		return a.fail(m.err)
	case told:
		return a.say(m.words, false)
	case noticed:
		return tea.Batch(a.say(client.Plain(m.words, 0), true), a.hear())
	case fieldsWanted, suggested, filesFound, benched, accepted:
		return a.formHears(msg)
	case leaveWanted:
		return a.leave(tea.QuitMsg{})
	case senderRests:
		return a.handedOver(m)
	case tea.ResumeMsg:
		return tea.Batch(tea.ClearScreen, a.refresh(), a.resumed())
	}
	var commands []tea.Cmd
	if a.form != nil {
		commands = append(commands, a.formTakes(msg))
	}
	for _, v := range a.views {
		commands = append(commands, v.take(msg))
	}
	return tea.Batch(commands...)
}

// viewWanted: another view is to come into sight.
type viewWanted struct{ index int }

func (a *app) view() view { return a.views[a.current] }

// turn brings a view into sight.
func (a *app) turn(to int) tea.Cmd {
	if a.view() == a.outbox {
		a.followed()
	}
	a.current = (to + len(a.views)) % len(a.views)
	a.helping, a.picker = false, nil
	return a.view().entered()
}

// followed lets the views of a server's data begin with the selected run's
// project, branch and testbed.
func (a *app) followed() {
	run := a.outbox.list.selected()
	if run == nil || run.Host != a.options.Host {
		return
	}
	if !a.reports.seen {
		a.reports.like = run
	}
	if !a.perf.seen {
		a.perf.like = run
	}
}

// pressAll takes what one read from the terminal brought. Bubble Tea makes one
// message of keys that come together, as held or scripted keys do: each counts.
// A paste outside a text field is no command.
func (a *app) pressAll(m tea.KeyMsg) tea.Cmd {
	switch {
	case a.takesText() || m.Type != tea.KeyRunes || len(m.Runes) == 1:
		return a.press(m)
	case m.Paste:
		return nil
	}
	var commands []tea.Cmd
	for i, r := range m.Runes {
		if a.takesText() { // a key among them opened a field: the rest is text
			return tea.Batch(append(commands, a.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: m.Runes[i:]}))...)
		}
		commands = append(commands, a.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: m.Alt}))
	}
	return tea.Batch(commands...)
}

// takesText tells whether keys are text now.
func (a *app) takesText() bool {
	return a.form != nil || a.picker != nil || a.menu == nil && !a.helping && a.view().typing()
}

// press takes a key to where it belongs: a question first, then what lies over
// the view, then what holds everywhere, then the view.
func (a *app) press(m tea.KeyMsg) tea.Cmd {
	if a.leaving != nil { // the screen stays until the sender rests
		if key.Matches(m, a.keys.Abandon, a.keys.Quit) {
			return tea.Quit
		}
		return nil
	}
	a.toast = toast{number: a.toast.number}
	if key.Matches(m, a.keys.Abandon) {
		return a.abandon()
	}
	if a.menu != nil {
		return a.pressMenu(m)
	}
	switch {
	case a.form != nil:
		return a.pressForm(m)
	case a.picker != nil:
		return a.pressPicker(m)
	case a.view().typing() && !a.helping:
		return a.view().press(m)
	case a.helping:
		if rows := a.rows(m, a.help.height, len(a.help.lines)); rows != 0 {
			a.help = a.help.move(rows)
			return nil
		}
		a.helping = false
		if key.Matches(m, a.keys.Help, a.keys.Back, a.keys.Quit) {
			return nil
		} // any other key means what it always means
	}
	if cmd, taken := a.pressGlobal(m); taken {
		return cmd
	}
	return a.view().press(m)
}

func (a *app) pressGlobal(m tea.KeyMsg) (cmd tea.Cmd, taken bool) {
	k := a.keys
	switch {
	case key.Matches(m, k.Quit):
		return a.leave(tea.QuitMsg{}), true
	case key.Matches(m, k.Suspend):
		return a.suspend(), true
	case key.Matches(m, k.Help):
		a.helping, a.help = true, pager{}
	case key.Matches(m, k.Palette):
		a.openPalette()
	case key.Matches(m, k.Undo):
		return a.undoLast(), true
	case key.Matches(m, k.Mouse):
		return a.toggleMouse(), true
	case key.Matches(m, k.New):
		return a.openForm(), true
	case key.Matches(m, k.Refresh):
		return tea.Batch(tea.ClearScreen, a.refresh()), true
	case key.Matches(m, k.NextView):
		return a.turn(a.current + 1), true
	case key.Matches(m, k.PreviousView):
		return a.turn(a.current - 1), true
	case key.Matches(m, k.View1):
		return a.turn(0), true
	case key.Matches(m, k.View2):
		return a.turn(1), true
	case key.Matches(m, k.View3):
		return a.turn(2), true
	case key.Matches(m, k.View4):
		return a.turn(3), true
	case key.Matches(m, k.Filter) && a.view() != a.outbox && !bound(m, a.view().scopes()):
		return a.say(a.view().name()+" has no filter: "+k.View1.Help().Key+" goes to the outbox, which has one", false), true
	default:
		return nil, false
	}
	return nil, true
}

// refresh reads everything that is in sight again.
func (a *app) refresh() tea.Cmd {
	a.pings++
	a.outbox.reading.surveyed = false
	a.outbox.detail = a.outbox.detail.forgotten()
	a.reports.stale, a.perf.stale = true, true
	return tea.Batch(a.outbox.reload(goalSelected), a.view().entered(), askHost(a.work, a.options, a.pings))
}

// Lines of the frame above the body.
const headerLines = 1

// arrange shares the screen out, and asks for the next tick.
func (a *app) arrange() tea.Cmd {
	var commands []tea.Cmd
	a.room.footer = 2
	if a.width >= footerWidth {
		a.room.footer = 1
	}
	a.tight = a.isTight()
	a.room.body = max(a.height-headerLines-a.room.footer, 0)
	commands = append(commands, a.view().arrange(a.width, a.room.body))
	if a.form != nil {
		a.form.now = a.now
		a.form.arranged(a.theme, a.width, a.room.body)
	}
	if a.helping {
		a.help = a.help.filled(helpLines(a.theme, a.allScopes(), a.width), a.room.body-1)
	}
	if !a.ticking && a.counting() {
		a.ticking = true
		commands = append(commands, a.work.after(a.tickAfter(), ticked{}))
	}
	return tea.Batch(commands...)
}

// tickAfter is when the screen next changes by itself.
func (a *app) tickAfter() time.Duration {
	if a.busy() {
		return spinnerStep
	}
	return time.Second
}

// busy tells whether something turns on the screen while it is waited for.
func (a *app) busy() bool {
	waiting, waits := a.view().(interface{ busy() bool })
	return waits && waiting.busy() || a.form != nil && a.form.running()
}

// counting tells whether anything on the screen changes with the second.
func (a *app) counting() bool {
	return a.reach.asked && !a.reach.up && a.now.Sub(a.reach.since) < time.Minute ||
		a.outbox.outlook.next.After(a.now) || a.outbox.outlook.counts[outbox.Sending] > 0 ||
		a.view().counting() || a.busy()
}

// View draws the frame: exactly as many lines as the screen has, each exactly
// as wide.
func (a *app) View() string {
	if a.width == 0 {
		return ""
	}
	var lines []string
	if a.width < leastWidth || a.height < leastHeight {
		lines = filled(tooSmall(a.theme, a.width, a.height), a.width, a.height)
	} else {
		lines = append(lines, a.header())
		lines = append(lines, a.body()...)
		lines = append(lines, filled(a.footer(), a.width, a.room.footer)...)
	}
	frame := strings.Join(lines, "\n")
	if !a.theme.unicode {
		return ascii(frame)
	}
	return frame
}

// body is what lies between header and footer: the view, or what lies over it.
func (a *app) body() []string {
	var over []string
	switch {
	case a.form != nil:
		over = a.form.lines(a.theme, a.width, a.room.body)
	case a.picker != nil:
		over = a.picker.lines(a.theme, a.width, a.room.body)
	case a.helping:
		over = append([]string{""}, a.help.visible(a.theme, a.width)...)
	default:
		return a.overlaid(a.view().lines(a.width, a.room.body))
	}
	return a.overlaid(filled(over, a.width, a.room.body))
}

// overlaid puts a toast or a question that the footer has no room for over the
// last lines.
func (a *app) overlaid(lines []string) []string {
	const most = 5
	room := a.width - 4
	text, ink, sign := a.toast.words, a.theme.good, " "
	switch {
	case a.menu != nil && ansi.StringWidth(a.menu.question) <= a.menu.room(a.actionsRoom()):
		return lines
	case a.menu != nil:
		text, ink, sign = a.menu.question, a.theme.warn, "?"
	case ansi.StringWidth(text) <= room:
		return lines
	case a.toast.bad:
		ink, sign = a.theme.warn, "!"
	}
	if room < 20 {
		return lines
	}
	words := wrapped(text, room)
	words = words[:min(len(words), most, len(lines))]
	for i, line := range words {
		lines[len(lines)-len(words)+i] = left(ink.Render(sign)+" "+ink.Render(line), a.width)
	}
	return lines
}
