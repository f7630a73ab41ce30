package tui

import (
	"context"
	"slices"
	"time"

	"burrow/client"
	"burrow/outbox"

	tea "github.com/charmbracelet/bubbletea"
)

// openForm opens the form of a new run.
func (a *app) openForm() tea.Cmd {
	if a.options.Bench == nil {
		return a.say("nothing here runs benchmarks: burrow run does", true)
	}
	return a.openFields(fieldsWanted{})
}

// askResubmit opens a form with a run's own values.
func (p *outboxPage) askResubmit(run *outbox.Run) tea.Cmd {
	switch {
	case p.options.Resubmit == nil:
		return p.say("nothing here resubmits: burrow resubmit "+tail(run.ID)+" does", true)
	case !run.Status.Ended():
		return p.say("run "+tail(run.ID)+" may still be delivered: cancel it first ("+p.keys.Cancel.Help().Key+")", true)
	case run.BodyPruned:
		return p.say("the results of run "+tail(run.ID)+" were dropped after their time", true)
	}
	return func() tea.Msg { return fieldsWanted{run} }
}

// suggest gathers what completes a form's fields.
func (s *shell) suggest(generation int) tea.Cmd {
	o := s.options
	return s.work.do(func(ctx context.Context) tea.Msg {
		m := suggested{generation: generation}
		if o.Suggest != nil {
			m.suggestions = o.Suggest(ctx)
		}
		runs, err := o.Store.List(ctx, outbox.Query{Limit: 300})
		if err != nil {
			return failed{err}
		}
		add := func(list *[]string, name string) {
			if name != "" && !slices.Contains(*list, name) {
				*list = append(*list, name)
			}
		}
		for _, r := range runs {
			add(&m.suggestions.Projects, plain(r.Project))
			add(&m.suggestions.Branches, plain(r.Branch))
			add(&m.suggestions.Testbeds, plain(r.Testbed))
		}
		if o.Browse != nil && o.Host != "" {
			ctx, done := context.WithTimeout(ctx, time.Second) // completions are not worth a longer wait
			defer done()
			if browser, err := o.Browse(o.Host); err == nil && m.suggestions.Defaults.Project != "" {
				page, _ := browser.Branches(ctx, m.suggestions.Defaults.Project, client.NameFilter{}, client.Paging{Number: 1, Size: 50})
				for _, b := range page.Items {
					add(&m.suggestions.Branches, plain(b.Name))
				}
			}
		}
		return m
	})
}
