package tui

import (
	"context"
	"errors"
	"slices"
	"time"

	"burrow/client"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/uuid"
)

// reportsPage shows what the server holds of a project: its reports, and one
// of them with its alerts and metrics.
type reportsPage struct {
	serverPage

	layout layout
	focus  focus

	reports []client.Report
	total   int // -1: the server does not say
	pages   int // that were read
	cursor  cursor

	branches []string // "" first: all
	branch   int

	opened *client.Report // with results
	openOf client.Source
	want   uuid.UUID // the report that is being read
	pager
}

// cursorRests is how long the cursor stands on a report before the server is
// asked for it: whoever scrolls asks for none.
const cursorRests = 150 * time.Millisecond

// reportsPerPage is how many reports one question asks for.
const reportsPerPage = 50

type (
	// reportsRead: a page of reports.
	reportsRead struct {
		generation int
		page       client.Page[client.Report]
		number     int
		branches   []string
		err        error
	}
	// reportRested: the cursor stood on a report for a moment.
	reportRested struct{ want uuid.UUID }
	// reportRead: one report with its results.
	reportRead struct {
		want   uuid.UUID
		report *client.Report
		source client.Source
		err    error
	}
)

func newReportsPage(s *shell) *reportsPage {
	return &reportsPage{serverPage: serverPage{shell: s}, branches: []string{""}}
}

func (p *reportsPage) name() string    { return "Reports" }
func (p *reportsPage) scopes() []scope { return p.keys.reportsScopes() }

func (p *reportsPage) entered() tea.Cmd {
	p.seen = true
	if len(p.projects) == 0 || p.stale {
		return p.findProjects()
	}
	return p.read(1)
}

// read asks for a page of reports, and with the first one for the branches.
func (p *reportsPage) read(number int) tea.Cmd {
	if p.current() == "" {
		return nil
	}
	generation, project, branch := p.begin(), p.current(), p.branches[p.branch]
	wantBranches := number == 1 && len(p.branches) == 1
	return p.question(func(ctx context.Context, browser *client.Browser) tea.Msg {
		m := reportsRead{generation: generation, number: number}
		paging := client.Paging{Number: number, Size: reportsPerPage}
		m.page, m.err = browser.Reports(ctx, project, client.ReportFilter{Branch: branch}, paging)
		if away := new(client.UnreachableError); branch != "" && errors.As(m.err, &away) {
			m.page, m.err = ofBranch(ctx, browser, project, branch, m.err)
		}
		if m.err == nil && wantBranches {
			names, err := browser.Branches(ctx, project, client.NameFilter{}, client.Paging{Number: 1, Size: client.MaxPerPage})
			if err == nil {
				for _, b := range names.Items {
					m.branches = append(m.branches, b.Name)
				}
			}
		}
		return m
	}, func(err error) tea.Msg { return reportsRead{generation: generation, err: err} })
}

// ofBranch takes a branch's reports from what is known of all branches, where
// the server was not heard; else the error stays.
func ofBranch(ctx context.Context, browser *client.Browser, project, branch string, away error) (page client.Page[client.Report], err error) {
	all, err := browser.Reports(ctx, project, client.ReportFilter{}, client.Paging{Number: 1, Size: reportsPerPage})
	if err != nil {
		return page, away
	}
	page.Source = all.Source
	for _, r := range all.Items {
		if r.Branch.Name == branch {
			page.Items = append(page.Items, r)
		}
	}
	if page.Total = len(page.Items); page.Total == 0 {
		return page, away
	}
	return page, nil
}

func (p *reportsPage) take(msg tea.Msg) tea.Cmd {
	switch m := msg.(type) {
	case projectsFound:
		if p.found(m) {
			return p.read(1)
		}
	case reportsRead:
		if !p.answered(m.generation, m.page.Source, m.err) || m.err != nil {
			return nil
		}
		if m.number == 1 {
			p.reports = nil
		}
		p.reports, p.total, p.pages = append(p.reports, m.page.Items...), m.page.Total, m.number
		if len(m.branches) > 0 {
			p.branches = append([]string{""}, m.branches...)
		}
	case reportRested:
		if r := p.selected(); r != nil && r.UUID == m.want && p.want == m.want {
			return p.readOne(r)
		}
	case reportRead:
		if m.want != p.want {
			return nil
		}
		p.opened, p.openOf = m.report, m.source
		if m.err != nil {
			p.openOf.Why = m.err
		}
	}
	return nil
}

func (p *reportsPage) selected() *client.Report {
	if p.cursor.index < 0 || p.cursor.index >= len(p.reports) {
		return nil
	}
	return &p.reports[p.cursor.index]
}

func (p *reportsPage) press(m tea.KeyMsg) tea.Cmd {
	k := p.keys
	switch {
	case key.Matches(m, k.Browser):
		return p.open()
	case p.focus == focusDetail && key.Matches(m, k.Back):
		p.focus = focusList
	case p.focus == focusDetail:
		p.pager = p.move(p.rows(m, p.height, len(p.pager.lines)))
	case key.Matches(m, k.Open) && p.selected() != nil:
		p.focus = focusDetail
	case key.Matches(m, k.NextProject):
		return p.pickProject(func() tea.Cmd {
			p.branches, p.branch = []string{""}, 0
			return p.anew()
		})
	case key.Matches(m, k.NextBranch):
		names := slices.Clone(p.branches)
		names[0] = "all branches"
		return p.pickName("branch", names, p.branch, func(i int) tea.Cmd {
			p.branch = i
			return p.anew()
		})
	default:
		p.cursor.index += p.rows(m, p.layout.listHeight-1, len(p.reports))
	}
	return nil
}

// anew shows other reports from their newest on.
func (p *reportsPage) anew() tea.Cmd {
	p.reports, p.total, p.cursor, p.pages, p.opened, p.want = nil, 0, cursor{}, 0, nil, uuid.Nil
	return p.read(1)
}

func (p *reportsPage) open() tea.Cmd {
	r := p.selected()
	if r == nil {
		return nil
	}
	return p.openAddress(client.ReportURL(p.options.Host, r.Project.Slug, r.UUID))
}

func (p *reportsPage) arrange(width, height int) tea.Cmd {
	var commands []tea.Cmd
	p.layout = layoutFor(width, height, len(p.reports), p.focus == focusDetail)
	p.cursor = p.cursor.fitted(len(p.reports), p.layout.listHeight-1)
	if p.selected() == nil {
		p.focus = focusList
	}
	if r := p.selected(); r != nil && r.UUID != p.want {
		p.want, p.opened, p.offset, p.openOf = r.UUID, nil, 0, client.Source{}
		commands = append(commands, p.work.after(cursorRests, reportRested{r.UUID}))
	}
	if len(p.reports)-p.cursor.index < reportsPerPage/2 && len(p.reports) < p.total && !p.asking && p.trouble == "" {
		commands = append(commands, p.read(p.pages+1))
	}
	var lines []string
	switch {
	case p.opened != nil:
		lines = append([]string{" " + p.theme.title.Render(cut(plain(p.opened.Branch.Name)+"  "+versionWords(p.opened.Branch.Head.Version), p.layout.detailWidth-2)), ""},
			reportLines(p.theme, p.opened, p.openOf, p.now, p.layout.detailWidth)...)
	case p.openOf.Why != nil:
		lines = append([]string{""}, stepped(wrapped("The report can't be read now"+because(p.openOf.Why.Error()), p.layout.detailWidth-6))...)
	}
	p.pager = p.filled(lines, p.layout.detailLines)
	return tea.Batch(commands...)
}

// readOne reads a report with its results.
func (p *reportsPage) readOne(r *client.Report) tea.Cmd {
	project, id := r.Project.Slug, r.UUID
	if project == "" {
		project = p.current()
	}
	return p.question(func(ctx context.Context, browser *client.Browser) tea.Msg {
		m := reportRead{want: id}
		if m.report, m.source, m.err = browser.Report(ctx, project, id); m.err != nil {
			m.report = nil
		}
		return m
	}, func(err error) tea.Msg { return reportRead{want: id, err: err} })
}

func (p *reportsPage) summary() string {
	words := p.serverPage.summary()
	if p.total > 0 {
		words += " · " + counted(p.total, "report", "reports")
	}
	return words
}

func (p *reportsPage) hints() []hint {
	k := p.keys
	if p.focus == focusDetail {
		return []hint{hintOf(k.Back, "back"), {"↑/↓", "scroll"}, hintOf(k.Browser, "open"), hintOf(k.Quit, "quit"), hintOf(k.Help, "help")}
	}
	return []hint{hintOf(k.Open, "details"), hintOf(k.NextBranch, "branch"), hintOf(k.NextProject, "project"), hintOf(k.Browser, "open"), hintOf(k.Quit, "quit"), hintOf(k.Help, "help")}
}

func (p *reportsPage) lines(width, height int) []string {
	return filled(p.drawn(width, height), width, height)
}

func (p *reportsPage) drawn(width, height int) []string {
	branch := "all branches"
	if name := p.branches[p.branch]; name != "" {
		branch = "branch " + plain(name)
	}
	if p.tight {
		branch = p.summary() + " · " + branch
	}
	first := p.stateLine(" "+p.theme.dim.Render(branch), width)
	if len(p.reports) == 0 {
		return append([]string{first}, p.nothingLines("report", width, p.keys.NextBranch)...)
	}
	l := p.layout
	switch l.arrangement {
	case beside:
		return append([]string{first}, besideLines(p.theme, l, p.rowLines(l.listWidth), p.visible(p.theme, l.detailWidth), p.focus == focusDetail)...)
	case below:
		lines := append([]string{first}, filled(p.rowLines(width), width, l.listHeight)...)
		lines = append(lines, ruleLine(p.theme, width, p.focus == focusDetail))
		return append(lines, p.visible(p.theme, width)...)
	case onePage:
	}
	if p.focus == focusDetail {
		return append([]string{first}, p.visible(p.theme, width)...)
	}
	return append([]string{first}, filled(p.rowLines(width), width, height-1)...)
}

func (p *reportsPage) rowLines(width int) []string {
	t := p.theme
	const version, age, alerts = 14, 8, 9
	branch := max(width-2-version-age-alerts-7, 8)
	testbed := 0
	if branch > 26 {
		testbed = min(branch*2/5, 24)
		branch -= testbed + 2
	}
	row := func(mark, b, v, tb, a, g string) string {
		line := mark + " " + b + "  " + v + "  "
		if testbed > 0 {
			line += tb + "  "
		}
		return line + a + "  " + g
	}
	lines := []string{t.dim.Render(row(" ", left("BRANCH", branch), left("VERSION", version), left("TESTBED", testbed), left("ALERTS", alerts), right("MEASURED", age)))}
	for i := p.cursor.offset; i < min(p.cursor.offset+p.layout.listHeight-1, len(p.reports)); i++ {
		r := &p.reports[i]
		mark, name := p.cursor.mark(t, i, p.focus == focusList)
		alert := t.dim.Render(left("–", alerts))
		if counts := r.AlertCounts(); counts.Total > 0 {
			alert = t.warn.Render(left(counted(counts.Total, "alert", "alerts"), alerts))
		}
		lines = append(lines, row(mark, name.Render(left(plain(r.Branch.Name), branch)), t.dim.Render(left(versionWords(r.Branch.Head.Version), version)),
			t.dim.Render(left(plain(r.Testbed.Name), testbed)), alert, t.dim.Render(right(ageWords(max(p.now.Sub(r.StartTime), 0).Truncate(time.Second)), age))))
	}
	return lines
}

func (p *reportsPage) click(x, y int) tea.Cmd {
	part, line := p.layout.over(x, y, p.focus)
	if p.selected() == nil {
		return nil
	}
	if p.focus = part; part == focusList && line >= 0 && p.cursor.offset+line < len(p.reports) {
		p.cursor.index = p.cursor.offset + line
	}
	return nil
}

func (p *reportsPage) wheel(x, y, rows int) tea.Cmd {
	if part, _ := p.layout.over(x, y, p.focus); part == focusDetail {
		p.pager = p.move(rows)
	} else {
		p.cursor.index += rows
	}
	return nil
}
