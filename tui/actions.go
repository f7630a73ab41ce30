package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// acted: something was done to runs, or not.
type acted struct {
	words string // what was done
	undo  *undo
	done  []uuid.UUID // whose marks go
	err   error
}

// failed: something that is no action on runs failed.
type failed struct{ err error }

func (p *outboxPage) did(m acted) tea.Cmd {
	p.reading.surveyed = false
	if m.undo != nil {
		p.remember(*m.undo)
	}
	for _, id := range m.done {
		delete(p.marks, id)
	}
	if m.err != nil {
		return tea.Batch(p.fail(m.err), p.reload(goalSelected))
	}
	return tea.Batch(p.say(m.words, false), p.reload(goalSelected))
}

// allowed are the chosen runs that an action can be done to. With none, it is
// said why.
func (p *outboxPage) allowed(chosen []*outbox.Run, verb string, can func(*outbox.Run) bool) ([]*outbox.Run, tea.Cmd) {
	runs := slices.DeleteFunc(slices.Clone(chosen), func(r *outbox.Run) bool { return !can(r) })
	switch {
	case len(runs) == 0 && len(chosen) == 1:
		return nil, p.say("run "+tail(chosen[0].ID)+" can't be "+verb+": it is "+string(chosen[0].Status), true)
	case len(runs) == 0:
		return nil, p.say("none of the marked runs can be "+verb, true)
	}
	return runs, nil
}

// runWords name one run, or count several.
func runWords(runs []*outbox.Run) string {
	if len(runs) == 1 {
		return "run " + tail(runs[0].ID)
	}
	return counted(len(runs), "run", "runs")
}

// isAre agrees with runWords.
func isAre(runs []*outbox.Run) string {
	if len(runs) == 1 {
		return "is"
	}
	return "are"
}

// each does one thing to runs, one by one. The first error is told, with how
// many it left.
func (p *outboxPage) each(runs []*outbox.Run, words string, do func(context.Context, uuid.UUID) error, back func(done []uuid.UUID) *undo) tea.Cmd {
	begun := tea.Cmd(nil)
	if len(runs) > longBulk {
		begun = p.say("working on "+counted(len(runs), "run", "runs")+"…", false)
	}
	return tea.Batch(begun, p.work.do(func(ctx context.Context) tea.Msg {
		m := acted{words: words}
		for _, r := range runs {
			switch err := do(ctx, r.ID); {
			case err == nil:
				m.done = append(m.done, r.ID)
			case m.err == nil:
				m.err = err
			}
		}
		if len(m.done) > 0 && back != nil {
			m.undo = back(m.done)
		}
		if left := len(runs) - len(m.done); left > 1 {
			m.err = fmt.Errorf("%d runs were left as they are; the first: %w", left, m.err)
		}
		return m
	}))
}

// longBulk is from how many runs on an action takes a moment: each is a commit.
const longBulk = 50

// retry asks for runs to be sent now. Whether they may be is the store's to
// say, but what can't be is not even tried.
func (p *outboxPage) retry(chosen []*outbox.Run) tea.Cmd {
	runs, cmd := p.allowed(chosen, "retried", retriable)
	if runs == nil {
		return cmd
	}
	s, words := p.options.Store, " due now: same bytes, same key"
	if slices.ContainsFunc(runs, func(r *outbox.Run) bool { return r.Reason == outbox.ReasonPaused }) {
		words = " due once delivery goes on, which is paused: " + p.keys.Pause.Help().Key + " r resumes it"
	}
	return p.each(runs, runWords(runs)+p.hiddenWords(runs)+" "+isAre(runs)+words,
		func(ctx context.Context, id uuid.UUID) error { _, err := s.Retry(ctx, id); return err }, nil)
}

func (p *outboxPage) askCancel(chosen []*outbox.Run) tea.Cmd {
	runs, cmd := p.allowed(chosen, "cancelled", cancellable)
	if runs == nil {
		return cmd
	}
	question := "Cancel " + runWords(runs)
	if len(runs) == 1 {
		question += " of " + plain(runs[0].Branch)
	}
	question += strings.TrimSuffix(p.hiddenWords(runs), ",") + "?"
	s := p.options.Store
	p.ask(question, func() tea.Cmd {
		back := func(cancelled []uuid.UUID) *undo {
			return &undo{"the cancellation of " + counted(len(cancelled), "run", "runs"), func(ctx context.Context) error {
				var bad error
				gone := 0
				for _, id := range cancelled {
					err := s.Uncancel(ctx, id)
					if errors.Is(err, outbox.ErrNotFound) {
						gone++
						continue
					}
					bad = errors.Join(bad, err)
				}
				if gone > 0 {
					bad = errors.Join(bad, fmt.Errorf("%s deleted by now, and a deletion can't be taken back", counted(gone, "cancelled run was", "cancelled runs were")))
				}
				return bad
			}}
		}
		return p.each(runs, runWords(runs)+" "+isAre(runs)+" cancelled; "+p.keys.Undo.Help().Key+" takes that back",
			func(ctx context.Context, id uuid.UUID) error { _, err := s.Cancel(ctx, id); return err }, back)
	})
	return nil
}

func (p *outboxPage) askDelete(chosen []*outbox.Run) tea.Cmd {
	runs, cmd := p.allowed(chosen, "deleted", deletable)
	if runs == nil {
		return cmd
	}
	what := runWords(runs) + p.hiddenWords(runs)
	question := "Delete " + what + " with results and history, for good?"
	open := slices.ContainsFunc(runs, func(r *outbox.Run) bool { return !r.Status.Acknowledged() })
	if open {
		question = "Delete " + what + " for good? What is not delivered is lost."
	}
	p.ask(question, func() tea.Cmd {
		back := func(deleted []uuid.UUID) *undo {
			return &undo{what: "the deletion of " + counted(len(deleted), "run", "runs")}
		}
		return p.each(runs, runWords(runs)+" "+isAre(runs)+" deleted; reports on the server stay", p.options.Store.Delete, back)
	})
	return nil
}

// resubmitOne opens the form for the chosen run: each has fields of its own.
func (p *outboxPage) resubmitOne(runs []*outbox.Run) tea.Cmd {
	if len(runs) > 1 {
		return p.say(number(len(runs))+" runs are marked, and a resubmission is of one run at a time", true)
	}
	return p.askResubmit(runs[0])
}

// askPause offers what can be held back, or let go on.
func (p *outboxPage) askPause() tea.Cmd {
	s, run := p.options.Store, p.list.selected()
	hold := func(host, project, what string) func() tea.Cmd {
		return func() tea.Cmd {
			return p.work.do(func(ctx context.Context) tea.Msg {
				paused, err := s.Pause(ctx, host, project)
				if err != nil || !paused {
					return acted{words: "delivery of " + what + " was paused already", err: err}
				}
				return acted{words: "delivery of " + what + " is paused; attempts in flight end by themselves", undo: &undo{
					"the pause of " + what, func(ctx context.Context) error { return s.Lift(ctx, outbox.Hold{Host: host, Project: project}) },
				}}
			})
		}
	}
	choices := []choice{
		option("a", "all", hold("", "", "everything")),
		option("r", "resume", p.askResume),
	}
	if run != nil {
		choices = append(choices,
			option("p", "this project", hold(run.Host, run.Project, "project "+plain(run.Project))),
			option("h", "this host", hold(run.Host, "", hostName(run.Host))))
	}
	p.choose("Pause delivery?", choices...)
	return nil
}

// holdsFound: what is paused, of which a person chooses what goes on.
type holdsFound struct {
	holds []outbox.Hold
	err   error
}

// askResume looks what is paused: of several pauses each can be lifted by itself.
func (p *outboxPage) askResume() tea.Cmd {
	s := p.options.Store
	return p.work.do(func(ctx context.Context) tea.Msg {
		holds, err := s.Holds(ctx)
		return holdsFound{holds, err}
	})
}

func (p *outboxPage) chooseHold(m holdsFound) tea.Cmd {
	switch {
	case m.err != nil:
		return p.fail(m.err)
	case len(m.holds) == 0:
		return p.say("nothing is paused", false)
	case p.engaged():
		return nil
	case len(m.holds) == 1:
		return p.resume(m.holds)
	}
	picks := []pick{{text: "all of them", act: func() tea.Cmd { return p.resume(m.holds) }}}
	for _, h := range m.holds {
		picks = append(picks, pick{text: plain(h.String()), act: func() tea.Cmd { return p.resume([]outbox.Hold{h}) }})
	}
	p.pick("resume: ", "let it go on", "No pause has these words.", 0, picks)
	return nil
}

// resume lifts pauses.
func (p *outboxPage) resume(lifted []outbox.Hold) tea.Cmd {
	s := p.options.Store
	return p.work.do(func(ctx context.Context) tea.Msg {
		for _, h := range lifted {
			if err := s.Lift(ctx, h); err != nil {
				return acted{err: err}
			}
		}
		back := &undo{"the resumption", func(ctx context.Context) error {
			var bad error
			for _, h := range lifted {
				_, err := s.Pause(ctx, h.Host, h.Project)
				bad = errors.Join(bad, err)
			}
			return bad
		}}
		return acted{words: "delivery goes on: " + counted(len(lifted), "pause", "pauses") + " lifted", undo: back}
	})
}

// problemFound: the next listed run that needs a person, else one elsewhere, or
// none.
type problemFound struct {
	run, elsewhere *outbox.Run
	err            error
}

// findProblem looks for the next older run that needs a person; after the
// oldest it begins anew at the newest. Where none of the listed does, it looks
// among all.
func (p *outboxPage) findProblem() tea.Cmd {
	query, filtered := p.filter.query(p.base())
	var seq uint64
	if run := p.list.selected(); run != nil {
		seq = run.Seq
	}
	s, all, narrowed := p.options.Store, p.options.Query, filtered || p.here
	return p.work.do(func(ctx context.Context) (msg tea.Msg) {
		run, err := firstProblem(ctx, s, query, seq)
		if run == nil && err == nil && seq > 0 {
			run, err = firstProblem(ctx, s, query, 0)
		}
		if run != nil || err != nil || !narrowed {
			return problemFound{run: run, err: err}
		}
		run, err = firstProblem(ctx, s, all, 0)
		return problemFound{elsewhere: run, err: err}
	})
}

// firstProblem is the newest run that needs a person, of those that a query
// chooses before a sequence number (0: the end).
func firstProblem(ctx context.Context, s *outbox.Store, q outbox.Query, before uint64) (*outbox.Run, error) {
	can := []outbox.Status{outbox.Pending, outbox.Incomplete, outbox.Rejected}
	if len(q.Statuses) > 0 {
		can = slices.DeleteFunc(can, func(one outbox.Status) bool { return !slices.Contains(q.Statuses, one) })
	}
	if len(can) == 0 {
		return nil, nil
	}
	for q.Statuses, q.Before, q.Limit = can, before, surveyPage; ; {
		runs, err := s.List(ctx, q)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(runs, needsPerson); i >= 0 {
			return runs[i], nil
		}
		if len(runs) < q.Limit {
			return nil, nil
		}
		q.Before = runs[len(runs)-1].Seq
	}
}

func needsPerson(r *outbox.Run) bool {
	return r.Status.Failed() && r.ResubmittedAs == nil ||
		r.Status == outbox.Pending && r.Reason.NeedsPerson() && r.Reason != outbox.ReasonPaused // which was a person's own doing
}

func (p *outboxPage) goToProblem(m problemFound) tea.Cmd {
	switch {
	case p.engaged():
		return nil
	case m.err != nil:
		return p.fail(m.err)
	case m.elsewhere != nil:
		words := "none of the listed runs needs you; run " + tail(m.elsewhere.ID) + " of " + plain(m.elsewhere.Branch) + " does: "
		if p.filter.set() {
			return p.say(words+p.keys.ClearFilter.Help().Key+" clears the filter", false)
		}
		return p.say(words+p.keys.Everything.Help().Key+" shows all runs", false)
	case m.run == nil:
		return p.say("no run needs you", false)
	}
	return p.goTo(m.run)
}

// engaged tells whether the person went on to something that takes keys: what was
// asked for before must not take them away.
func (p *outboxPage) engaged() bool { return p.menu != nil || p.picker != nil || p.filter.typing }

// runWanted: a run is to be shown in the outbox.
type runWanted struct{ run *outbox.Run }

// goTo moves the list to a run; a filter that hides it goes.
func (p *outboxPage) goTo(r *outbox.Run) tea.Cmd {
	if p.filter.set() {
		if query, _ := p.filter.query(p.base()); !query.Matches(r) {
			p.filter = p.filter.cleared()
		}
	}
	if p.here && r.Repository != p.options.Repository {
		p.here = false
	}
	p.reading.generation++
	p.reading.goal, p.reading.seq = goalRun, r.Seq
	return p.reload(goalRun)
}
