package tui

import (
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// filterView is the line that a filter is typed into. A text that can't be
// read (yet) leaves the list as it was and says why.
type filterView struct {
	input  textinput.Model
	typing bool
	valid  string    // the last text that could be read
	at     time.Time // when it was typed: spans like 2d count back from then
	alike  bool      // no run has the words: names that are like them are shown
	why    string    // the text that stands there can't be read
}

func newFilterView() filterView {
	input := textinput.New()
	input.CharLimit = 200
	return filterView{input: input}
}

// query is what the list shows: the base query, narrowed by the filter.
func (v filterView) query(base outbox.Query) (q outbox.Query, filtered bool) {
	base.Limit, base.Before = 0, 0
	if v.valid != "" {
		if q, err := base.ParseQuery(v.valid, v.at); err == nil {
			q.Alike = v.alike
			return q, true
		}
	}
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

func (v filterView) typed(m tea.KeyMsg, now time.Time) filterView {
	v.input, _ = v.input.Update(m)
	text := client.Plain(v.input.Value(), 0)
	if _, err := (outbox.Query{}).ParseQuery(text, now); err != nil {
		v.why = client.Plain(err.Error(), 0)
		return v
	}
	if text != v.valid {
		v.valid, v.at, v.alike = text, now, false
	}
	v.why = ""
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
	v.valid, v.alike = "", false
	return v.applied()
}

// line draws the filter after the marks, with a summary of what it leaves where
// there is one. What is typed stays in sight: the rest gives way.
func (v filterView) line(t theme, marked, summary string, width int) string {
	if marked != "" {
		marked = " " + t.accent.Render(marked)
	}
	if !v.typing && !v.set() {
		if marked != "" && summary != "" {
			marked += t.dim.Render(" ·")
		}
		return marked + " " + t.dim.Render(summary)
	}
	if v.alike {
		summary = strings.TrimLeft(summary+" · ", " ·") + "no run has these words: names like them"
	}
	start := marked + " " + t.accent.Render("/ ")
	if !v.typing {
		if summary != "" {
			summary = "  " + t.dim.Render(summary)
		}
		return between(start+t.accent.Render(plain(v.valid))+summary, t.dim.Render("Esc clears the "+map[bool]string{true: "marks", false: "filter"}[marked != ""]+" "), width)
	}
	start += v.typedWords(t, width-ansi.StringWidth(start)-1)
	help, room := "", width-ansi.StringWidth(start)-3
	const words = "words, status:pending, branch:main, project:…, since:2d"
	switch {
	case v.why != "" && ansi.StringWidth(v.why) <= room:
		help = t.warn.Render(v.why)
	case v.why != "": // it stands below
	case summary != "" && room >= 12:
		help = t.dim.Render(cut(summary, room))
	case summary == "" && len(words) <= room:
		help = t.dim.Render(words)
	}
	return between(start, help+" ", width)
}

// typedWords draw what is typed with its cursor, of a long text the part before
// the cursor that there is room for.
func (v filterView) typedWords(t theme, room int) string {
	value, at := []rune(v.input.Value()), v.input.Position()
	before, after := plain(string(value[:at])), plain(string(value[at:]))
	if at == len(value) && at > 0 && value[at-1] == ' ' {
		before += " "
	}
	if over := ansi.StringWidth(before) + 1 - room; over > 0 {
		before = ansi.TruncateLeft(before, over+1, "…")
	}
	return before + t.accent.Render("▏") + after
}

// whyLines say below the line what is wrong with the text, where the line has
// no room for it.
func (v filterView) whyLines(t theme, line string, width int) []string {
	if v.why == "" || strings.Contains(line, v.why) {
		return nil
	}
	lines := wrapped(v.why, width-4)
	for i, words := range lines {
		lines[i] = left("   "+t.warn.Render(words), width)
	}
	return lines
}
