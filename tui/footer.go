package tui

import (
	"strings"

	"burrow/outbox"

	"github.com/charmbracelet/x/ansi"
)

// footer answers "am I done?", says who delivers, and what the keys do now.
func (a *app) footer() []string {
	delivery := a.deliveryWords()
	if a.room.footer > 1 {
		answer := a.answer(a.width)
		if ansi.StringWidth(answer+delivery)+3 > a.width && len(a.outbox.holds) == 0 && (a.delivery.On && !a.delivery.Quiet || a.outbox.outlook.waiting() == 0) {
			delivery = "" // as it should be, and the answer needs the room
		}
		if delivery != "" {
			answer = between(answer, "  "+delivery+" ", a.width)
		}
		return []string{answer, " " + a.actions(a.width-2)}
	}
	answer := a.lineAnswer(delivery)
	return []string{between(answer, "  "+a.actions(a.roomBeside(answer))+" ", a.width)}
}

// lineAnswer is the answer with who delivers, where the keys share its line.
func (a *app) lineAnswer(delivery string) string {
	answer := a.answer(a.width * 3 / 5)
	if delivery != "" {
		answer += a.theme.dim.Render(" · ") + delivery
	}
	return answer
}

func (a *app) roomBeside(answer string) int {
	return a.width - min(ansi.StringWidth(answer), a.width*3/5) - 3
}

// actionsRoom is how much of the bottom line a question or the keys have.
func (a *app) actionsRoom() int {
	if a.room.footer > 1 {
		return a.width - 2
	}
	return a.roomBeside(a.lineAnswer(a.deliveryWords()))
}

// answer is the bottom line's first half: am I done? Where it is longer than
// the room, what the runs that need a person need is left to the list.
func (a *app) answer(room int) string {
	t := a.theme
	switch {
	case a.outbox.reading.trouble != "":
		return t.bad.Render(" ! " + a.outbox.reading.trouble)
	case a.outbox.list.unread != "":
		return t.bad.Render(" ! " + a.outbox.list.unread)
	case !a.outbox.reading.answered:
		return ""
	}
	moving, needs := outlookWords(a.outbox.outlook, a.now)
	if total, _ := needKinds(a.outbox.outlook); total > 0 && ansi.StringWidth(strings.Join(moving, " · ")+needs)+6 > room {
		needs = needTotal(a.outbox.outlook, total)
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

// deliveryWords say whether anybody here delivers, and what a person paused.
// That nobody delivers only matters while something waits.
func (a *app) deliveryWords() string {
	d := a.delivery
	words := "delivery is off"
	if d.Why != "" {
		words += ": " + plain(d.Why)
	}
	paused := pauseWords(a.outbox.holds)
	switch {
	case !a.outbox.reading.loaded:
		return ""
	case paused != "" && d.On:
		return a.theme.warn.Render(paused)
	case paused != "":
		return a.theme.warn.Render(paused + ", " + words)
	case d.On && d.Quiet:
		return a.theme.warn.Render("quiet: a benchmark is measured")
	case d.On:
		return a.theme.dim.Render("delivering")
	case a.outbox.outlook.waiting() > 0:
		return a.theme.warn.Render(words)
	}
	return a.theme.dim.Render(words)
}

// pauseWords name the one pause that holds, or count several.
func pauseWords(holds []outbox.Hold) string {
	switch len(holds) {
	case 0:
		return ""
	case 1:
	default:
		return counted(len(holds), "pause", "pauses")
	}
	switch h := holds[0]; {
	case h.Host == "" && h.Project == "":
		return "paused: everything"
	case h.Project == "":
		return "paused: " + hostName(h.Host)
	default:
		return "paused: project " + plain(h.Project)
	}
}

// actions is the bottom line's other half: a question, what was just done, or
// the keys that apply now.
func (a *app) actions(width int) string {
	t := a.theme
	switch {
	case a.leaving != nil && a.outbox.outlook.counts[outbox.Sending] > 0:
		return t.good.Render(cut("handing over what is being sent…", width))
	case a.menu != nil:
		return a.menu.line(t, width)
	case ansi.StringWidth(a.toast.words) > a.width-4: // it stands above
	case a.toast.bad:
		return t.warn.Render(cut("! "+a.toast.words, width))
	case a.toast.words != "":
		return t.good.Render(cut(a.toast.words, width))
	}
	return hints(t, a.hints(), width)
}

// hints are the keys that apply now, the most useful first.
func (a *app) hints() []hint {
	k := a.keys
	switch {
	case a.form != nil:
		return a.form.hints(k)
	case a.picker != nil:
		return []hint{hintOf(k.Choose, a.picker.does), {"↑/↓", "choose"}, hintOf(k.Dismiss, "close")}
	case a.helping:
		list := []hint{hintOf(k.Help, "close")}
		if a.help.scrolls() {
			list = append([]hint{{"↑/↓", "scroll"}}, list...)
		}
		return list
	}
	return a.view().hints()
}

// hints draws as many as fit; the last one, the way to all others, always
// does.
func hints(t theme, list []hint, width int) string {
	if len(list) == 0 {
		return ""
	}
	draw := func(h hint) string { return t.accent.Render(t.key(h.key)) + " " + t.dim.Render(h.does) }
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
