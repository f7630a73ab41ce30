package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// footer answers "am I done?", says who delivers, and what the keys do now.
func (a *app) footer() []string {
	delivery := a.deliveryWords()
	if a.layout.footer > 1 {
		answer := a.answer(a.width)
		if ansi.StringWidth(answer+delivery)+3 > a.width && (a.delivery.On && !a.delivery.Quiet || a.outlook.waiting() == 0) {
			delivery = "" // as it should be, and the answer needs the room
		}
		if delivery != "" {
			answer = between(answer, "  "+delivery+" ", a.width)
		}
		return []string{answer, " " + a.actions(a.width-2)}
	}
	answer := a.answer(a.width * 3 / 5)
	if delivery != "" {
		answer += a.theme.dim.Render(" · ") + delivery
	}
	room := a.width - min(ansi.StringWidth(answer), a.width*3/5) - 3
	return []string{between(answer, "  "+a.actions(room)+" ", a.width)}
}

// answer is the bottom line's first half: am I done? Where it is longer than
// the room, what the runs that need a person need is left to the list.
func (a *app) answer(room int) string {
	t := a.theme
	switch {
	case a.reading.trouble != "":
		return t.bad.Render(" ! " + a.reading.trouble)
	case !a.reading.loaded:
		return ""
	}
	moving, needs := outlookWords(a.outlook, a.now)
	if total, _ := needKinds(a.outlook); total > 0 && ansi.StringWidth(strings.Join(moving, " · ")+needs)+6 > room {
		needs = needTotal(total)
	}
	var parts []string
	if needs != "" {
		parts = append(parts, t.warn.Render("! "+needs))
	}
	for _, words := range moving {
		if words == allDelivered {
			words = t.good.Render("● " + words)
		}
		parts = append(parts, words)
	}
	if line := " " + strings.Join(parts, t.dim.Render(" · ")); ansi.StringWidth(line) <= room {
		return line
	}
	return " " + strings.Join(parts, ", ")
}

// deliveryWords say whether anybody here delivers. That nobody does only
// matters while something waits.
func (a *app) deliveryWords() string {
	d := a.delivery
	words := "delivery is off"
	if d.Why != "" {
		words += ": " + plain(d.Why)
	}
	switch {
	case !a.reading.loaded:
		return ""
	case d.On && d.Quiet:
		return a.theme.warn.Render("quiet: a benchmark is measured")
	case d.On:
		return a.theme.dim.Render("delivering")
	case a.outlook.waiting() > 0:
		return a.theme.warn.Render(words)
	}
	return a.theme.dim.Render(words)
}

// actions is the bottom line's other half: a question, what was just done, or
// the keys that apply now.
func (a *app) actions(width int) string {
	t := a.theme
	switch {
	case a.asking != nil:
		return t.warn.Render(cut("Cancel run "+tail(a.asking.ID)+" of "+plain(a.asking.Branch)+"?", max(width-13, 0))) + "  " +
			hints(t, []hint{hintOf(a.keys.Yes, "yes"), hintOf(a.keys.No, "no")}, 12)
	case a.notice.bad:
		return t.warn.Render(cut("! "+a.notice.words, width))
	case a.notice.words != "":
		return t.good.Render(cut(a.notice.words, width))
	}
	return hints(t, a.hints(), width)
}

// hints are the keys that apply now, the most useful first.
func (a *app) hints() []hint {
	k := a.keys
	switch {
	case a.filter.typing:
		return []hint{hintOf(k.Apply, "keep"), hintOf(k.Drop, "clear")}
	case a.helping:
		list := []hint{hintOf(k.Quit, "quit"), hintOf(k.Help, "close")}
		if a.help.scrolls() {
			list = append([]hint{{"↑/↓", "scroll"}}, list...)
		}
		return list
	}
	var list []hint
	run := a.list.selected()
	if a.focus == focusDetail {
		list = append(list, hintOf(k.Back, "back"))
		if a.detail.scrolls() {
			list = append(list, hint{"↑/↓", "scroll"})
		}
	}
	if run != nil && retriable(run) {
		list = append(list, hintOf(k.Retry, "retry"))
	}
	if run != nil && cancellable(run) {
		list = append(list, hintOf(k.Cancel, "cancel"))
	}
	if a.focus == focusList {
		if run != nil {
			list = append(list, hintOf(k.Open, "details"))
		}
		if a.outlook.total() > 0 {
			list = append(list, hintOf(k.Filter, "filter"))
		}
	}
	return append(list, hintOf(k.Quit, "quit"), hintOf(k.Help, "help"))
}

// hints draws as many as fit; the last one, the way to all others, always
// does.
func hints(t theme, list []hint, width int) string {
	if len(list) == 0 {
		return ""
	}
	draw := func(h hint) string { return t.accent.Render(h.key) + " " + t.dim.Render(h.does) }
	last := draw(list[len(list)-1])
	room := width - ansi.StringWidth(last)
	var parts []string
	for _, h := range list[:len(list)-1] {
		part := draw(h)
		if room -= ansi.StringWidth(part) + 2; room < 0 {
			break
		}
		parts = append(parts, part)
	}
	return strings.Join(append(parts, last), "  ")
}
