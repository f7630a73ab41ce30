package tui

import (
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

func (p *outboxPage) scopes() []scope { return p.keys.outboxScopes() }

// press acts on a key: on the filter while it is typed, on runs, then on what
// has the focus.
func (p *outboxPage) press(m tea.KeyMsg) tea.Cmd {
	if p.filter.typing {
		return p.typeFilter(m)
	}
	k := p.keys
	switch {
	case key.Matches(m, k.Retry):
		return p.withChosen(p.retry)
	case key.Matches(m, k.Cancel):
		return p.withChosen(p.askCancel)
	case key.Matches(m, k.Resubmit):
		return p.withChosen(p.resubmitOne)
	case key.Matches(m, k.Delete):
		return p.withChosen(p.askDelete)
	case key.Matches(m, k.Copy):
		return p.withChosen(p.askCopy)
	case key.Matches(m, k.Browser):
		return p.openReport()
	case key.Matches(m, k.Pause):
		return p.askPause()
	case key.Matches(m, k.Export):
		return p.askExport()
	case key.Matches(m, k.NextTab):
		return p.turnTab(p.detail.tab + 1)
	case key.Matches(m, k.PreviousTab):
		return p.turnTab(p.detail.tab - 1)
	}
	if command, found := p.customCommand(m); found {
		return command
	}
	if p.focus == focusDetail {
		p.pressDetail(m)
		return nil
	}
	return p.pressList(m)
}

func (p *outboxPage) pressList(m tea.KeyMsg) tea.Cmd {
	k := p.keys
	above, below := p.list.beyond()
	first, last := p.ends()
	switch {
	case key.Matches(m, k.Open) && p.list.selected() != nil:
		p.focus = focusDetail
	case key.Matches(m, k.Filter):
		p.filter = p.filter.begin()
	case key.Matches(m, k.ClearFilter):
		return p.clear()
	case key.Matches(m, k.Mark):
		p.marks.toggle(p.list.selected())
		p.list = p.list.move(1)
	case key.Matches(m, k.Range):
		return p.markRange()
	case key.Matches(m, k.MarkAll):
		return p.markAll()
	case key.Matches(m, k.Everything):
		return p.showAll()
	case key.Matches(m, k.Problem):
		return p.findProblem()
	case key.Matches(m, k.Sort):
		p.oldestFirst = !p.oldestFirst
		return p.refilter(goalSelected)
	case key.Matches(m, k.Top) && above:
		return p.reload(first)
	case key.Matches(m, k.Bottom) && below:
		return p.reload(last)
	default:
		p.list = p.list.move(p.rows(m, p.list.height, len(p.list.runs)))
	}
	return nil
}

// ends are the goals of the list's first row and of its last one.
func (p *outboxPage) ends() (first, last goal) {
	if p.oldestFirst {
		return goalOldest, goalNewest
	}
	return goalNewest, goalOldest
}

// clear takes back what narrows or marks the list, one thing at a time.
func (p *outboxPage) clear() tea.Cmd {
	switch {
	case len(p.marks) > 0 || p.marking:
		p.unmark()
	case p.filter.set():
		p.filter = p.filter.cleared()
		return p.refilter(goalSelected)
	}
	return nil
}

// showAll turns between this repository's runs and all.
func (p *outboxPage) showAll() tea.Cmd {
	if p.options.Repository == "" {
		return p.say("these are all runs: burrow was not started in a repository", false)
	}
	p.here = !p.here
	words := "runs of every repository"
	if p.here {
		words = "only this repository's runs"
	}
	return tea.Batch(p.say(words, false), p.refilter(goalSelected))
}

func (p *outboxPage) turnTab(to tab) tea.Cmd {
	p.detail = p.detail.turned(to)
	return p.recall()
}

func (p *outboxPage) pressDetail(m tea.KeyMsg) {
	switch {
	case key.Matches(m, p.keys.Back):
		p.focus = focusList
	case key.Matches(m, p.keys.Fold):
		p.detail.folded = !p.detail.folded
	default:
		p.detail.pager = p.detail.move(p.rows(m, p.detail.height, len(p.detail.lines)))
	}
}

// typeFilter gives a key to the filter's line and filters as it changes.
func (p *outboxPage) typeFilter(m tea.KeyMsg) tea.Cmd {
	before := p.filter.text()
	switch {
	case key.Matches(m, p.keys.Apply):
		p.filter = p.filter.applied()
	case key.Matches(m, p.keys.Drop):
		p.filter = p.filter.cleared()
	default:
		p.filter = p.filter.typed(m, p.now)
	}
	switch p.filter.text() {
	case before:
		return nil
	case "":
		return p.refilter(goalSelected)
	}
	first, _ := p.ends()
	return p.refilter(first)
}

func (p *outboxPage) refilter(to goal) tea.Cmd {
	p.reading.generation++
	p.reading.brief = to != goalSelected
	p.reading.goal = to // what an older filter was to show is no goal any more
	return p.reload(to)
}

// hints are the keys that apply now, the most useful first.
func (p *outboxPage) hints() []hint {
	k := p.keys
	if p.filter.typing {
		return []hint{hintOf(k.Apply, "keep"), hintOf(k.Drop, "clear")}
	}
	var list []hint
	run := p.list.selected()
	if p.focus == focusDetail {
		list = append(list, hintOf(k.Back, "back"), hint{k.PreviousTab.Help().Key + " " + k.NextTab.Help().Key, "tabs"})
		if p.detail.scrolls() {
			list = append(list, hint{"↑/↓", "scroll"})
		}
		if p.detail.tab == tabRequest {
			list = append(list, hintOf(k.Fold, "fold"))
		}
	}
	if run != nil && retriable(run) {
		list = append(list, hintOf(k.Retry, "retry"))
	}
	if run != nil && cancellable(run) {
		list = append(list, hintOf(k.Cancel, "cancel"))
	}
	if run != nil && run.Status.Failed() {
		list = append(list, hintOf(k.Resubmit, "resubmit"))
	}
	if p.focus == focusList {
		if run != nil {
			list = append(list, hintOf(k.Open, "details"))
		}
		if p.outlook.total() > 0 {
			list = append(list, hintOf(k.Filter, "filter"))
		}
	}
	if run == nil {
		list = append(list, hintOf(k.New, "new run"))
	}
	list = append(list, hintOf(k.Palette, "actions"))
	if run != nil {
		list = append(list, hintOf(k.Copy, "copy"))
	}
	if run != nil && run.ReportURL() != "" {
		list = append(list, hintOf(k.Browser, "open"))
	}
	return append(list, hintOf(k.Quit, "quit"), hintOf(k.Help, "help"))
}

func retriable(r *outbox.Run) bool { return !r.Status.Acknowledged() && r.Status != outbox.Sending }

func cancellable(r *outbox.Run) bool { return r.Status == outbox.Pending }

func deletable(r *outbox.Run) bool { return r.Status != outbox.Sending }

func resubmittable(r *outbox.Run) bool { return r.Status.Ended() && !r.BodyPruned }
