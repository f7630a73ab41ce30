package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// serverPage is what the views of a server's data share: the project that is
// shown, and the questions to the server, one at a time.
type serverPage struct {
	*shell

	seen       bool        // it is, or was, in sight: only then it asks
	like       *outbox.Run // whose project, branch and testbed are shown at first; nil: anybody's
	stale      bool        // there may be other projects by now
	projects   []string
	project    int
	generation int // of the newest question: older answers are dropped
	asking     bool
	since      time.Time // when it was asked
	source     client.Source
	trouble    string
}

// projectsFound: the projects that can be shown.
type projectsFound struct {
	page     *serverPage
	projects []string
	err      error
}

// most projects that are offered beside the configured one.
const mostProjects = 50

// findProjects gathers the configured project, those of runs in the outbox and
// those that the server lists.
func (p *serverPage) findProjects() tea.Cmd {
	p.begin()
	o, page := p.options, p
	return p.work.do(func(ctx context.Context) tea.Msg {
		m := projectsFound{page: page}
		add := func(name string) {
			if name != "" && !slices.Contains(m.projects, name) && len(m.projects) < mostProjects {
				m.projects = append(m.projects, name)
			}
		}
		add(o.Project)
		runs, err := o.Store.List(ctx, outbox.Query{Host: o.Host, Limit: 200})
		if err != nil {
			m.err = err
			return m
		}
		for _, r := range runs {
			add(r.Project)
		}
		if o.Host == client.Cloud && len(m.projects) > 0 { // its list is of everybody's public ones
			return m
		}
		browser, err := p.browser()
		if err != nil {
			m.err = err
			return m
		}
		ctx, done := context.WithTimeout(ctx, serverTimeout)
		defer done()
		found, err := browser.Projects(ctx, client.NameFilter{}, client.Paging{Number: 1, Size: mostProjects})
		if err != nil && len(m.projects) == 0 {
			m.err = err
		}
		for _, one := range found.Items {
			add(one.Slug)
		}
		return m
	})
}

// question asks the server something, in bounded time; where nobody can be
// asked, the answer is made of the reason.
func (p *serverPage) question(ask func(context.Context, *client.Browser) tea.Msg, failed func(error) tea.Msg) tea.Cmd {
	return p.work.do(func(ctx context.Context) tea.Msg {
		browser, err := p.browser()
		if err != nil {
			return failed(err)
		}
		ctx, done := context.WithTimeout(ctx, serverTimeout)
		defer done()
		return ask(ctx, browser)
	})
}

// found takes the projects in; false: they are another view's.
func (p *serverPage) found(m projectsFound) bool {
	if m.page != p {
		return false
	}
	p.answered(p.generation, client.Source{}, m.err)
	shown := p.current()
	if shown == "" && p.like != nil {
		shown = p.like.Project
	}
	p.projects, p.stale = m.projects, false
	p.project = max(slices.Index(p.projects, shown), 0)
	return true
}

// ofRun is a name of the run that is shown at first, or "".
func (p *serverPage) ofRun(name func(*outbox.Run) string) string {
	if p.like == nil || p.like.Project != p.current() {
		return ""
	}
	return name(p.like)
}

func (p *serverPage) browser() (*client.Browser, error) {
	if p.options.Browse == nil {
		return nil, errNoBrowser
	}
	return p.options.Browse(p.options.Host)
}

// begin notes that a question is on its way; its answer bears the generation.
func (p *serverPage) begin() int {
	p.generation++
	p.asking, p.since, p.trouble = true, p.now, ""
	return p.generation
}

// answered notes an answer; false: it is an older question's.
func (p *serverPage) answered(generation int, source client.Source, err error) bool {
	if generation != p.generation {
		return false
	}
	p.asking, p.source = false, source
	if err != nil && !errors.Is(err, context.Canceled) {
		p.trouble = client.Plain(err.Error(), 400)
	}
	return true
}

func (p *serverPage) current() string {
	if p.project >= len(p.projects) {
		return ""
	}
	return p.projects[p.project]
}

// pickProject offers the other projects; show begins anew with the one taken.
func (p *serverPage) pickProject(show func() tea.Cmd) tea.Cmd {
	return p.pickName("project", p.projects, p.project, func(i int) tea.Cmd {
		p.project = i
		return show()
	})
}

func (p *serverPage) typing() bool   { return false }
func (p *serverPage) counting() bool { return false }
func (p *serverPage) busy() bool     { return p.asking }

func (p *serverPage) summary() string {
	words := plain(p.current())
	if p.source.Cached() {
		words += " · from the cache, " + ageWords(p.now.Sub(p.source.Saved)) + " old"
	}
	return words
}

// stateLine is the views' first line: what is asked, or what went wrong.
func (p *serverPage) stateLine(start string, width int) string {
	end := ""
	switch {
	case p.asking:
		end = spinner(p.theme, "asking "+hostName(p.options.Host), p.since, p.now) + " "
	case p.trouble != "" && p.source.Cached():
		end = p.theme.warn.Render("! "+cut(p.trouble, width/2)) + " "
	}
	return between(start, end, width)
}

// nothingLines say why there is nothing to see, and what to do: keys that show
// something else.
func (p *serverPage) nothingLines(what string, width int, others ...key.Binding) []string {
	t := p.theme
	var words string
	switch {
	case p.asking:
		return nil
	case p.trouble != "":
		words = sentence(p.trouble) + " " + p.keys.Refresh.Help().Key + " asks again."
	case p.current() == "":
		words = "No project is known yet: deliver a run, or name one with --project, BENCHER_PROJECT or project in the configuration."
	default:
		words = "The server holds no " + what + " in project " + plain(p.current()) + " yet."
		for _, k := range append(others, p.keys.NextProject) {
			words += " " + k.Help().Key + ": " + k.Help().Desc + "."
		}
	}
	lines := []string{"", "   " + t.title.Render("Nothing to show")}
	return append(lines, stepped(wrapped(words, width-6))...)
}
