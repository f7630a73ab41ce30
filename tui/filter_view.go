package tui

import (
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
)

// filterView is the line that a filter is typed into. A text that can't be
// read (yet) leaves the list as it was and says why.
type filterView struct {
	input  textinput.Model
	typing bool
	chosen outbox.Query // of the last text that could be read
	valid  string       // that text
	alike  bool         // no run has the words: names that are like them are shown
	why    string       // the text that stands there can't be read
}

func newFilterView() filterView {
	input := textinput.New()
	input.CharLimit = 200
	return filterView{input: input}
}

// query is what the list shows: the base query, narrowed by the filter.
func (v filterView) query(base outbox.Query) (q outbox.Query, filtered bool) {
	if v.valid != "" {
		q = v.chosen
		q.Alike = v.alike
		return q, true
	}
	base.Limit, base.Before = 0, 0
	return base, len(base.Statuses)+len(base.Words) > 0 || base.Host+base.Project+base.Branch != "" || !base.Since.IsZero()
}

// text is the filter that holds.
func (v filterView) text() string { return v.valid }

func (v filterView) set() bool { return v.valid != "" }

func (v filterView) begin() filterView {
	v.typing = true
	v.input.Focus() // its command would blink; the cursor drawn here does not
	v.input.CursorEnd()
	return v
}

func (v filterView) typed(m tea.KeyMsg, base outbox.Query, now time.Time) filterView {
	v.input, _ = v.input.Update(m)
	text := client.Plain(v.input.Value(), 0)
	base.Limit, base.Before = 0, 0
	query, err := base.ParseQuery(text, now)
	if err != nil {
		v.why = client.Plain(err.Error(), 0)
		return v
	}
	v.chosen, v.valid, v.why, v.alike = query, text, "", v.alike && text == v.valid
	return v
}

// applied ends the typing; a text that can't be read is dropped.
func (v filterView) applied() filterView {
	v.typing, v.why = false, ""
	v.input.SetValue(v.valid)
	v.input.Blur()
	return v
}

func (v filterView) cleared() filterView {
	v.valid, v.chosen, v.alike = "", outbox.Query{}, false
	return v.applied()
}

// line draws the filter, with a summary of what it leaves where there is one.
func (v filterView) line(t theme, summary string, width int) string {
	if !v.typing && !v.set() {
		return " " + t.dim.Render(summary)
	}
	if v.alike {
		summary = strings.TrimLeft(summary+" · ", " ·") + "no run has these words: names like them"
	}
	if summary != "" {
		summary = "  " + t.dim.Render(summary)
	}
	if !v.typing {
		return between(" "+t.accent.Render("/ "+plain(v.valid))+summary, t.dim.Render("Esc clears the filter "), width)
	}
	value, at := []rune(v.input.Value()), v.input.Position()
	typed := plain(string(value[:at])) + t.accent.Render("▏") + plain(string(value[at:]))
	if at == len(value) && at > 0 && value[at-1] == ' ' {
		typed = plain(string(value)) + " " + t.accent.Render("▏")
	}
	help := t.dim.Render("words, status:pending, branch:main, project:…, since:2d ")
	if v.why != "" {
		help = t.warn.Render(cut(v.why, width*2/3) + " ")
	}
	switch {
	case v.why != "":
	case summary != "":
		help = summary + " "
	case width < 80:
		help = ""
	}
	return between(" "+t.accent.Render("/ ")+typed, help, width)
}
