package tui

import (
	"strings"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/lipgloss"
)

// theme holds the styles, made once for the terminal that is drawn on: one
// accent, three greys, and a colour for each kind of state. A sign or a word
// always says the same as the colour.
type theme struct {
	accent, title, bold ink

	soft, dim, faint ink // the greys: second words, labels, rules

	good, known, moving, waiting, warn, bad ink

	unicode bool // the terminal can show more than ASCII
}

func newTheme(r *lipgloss.Renderer, unicode bool) theme {
	colour := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	accent := colour("#4B3FBF", "#AFAFFF")
	return theme{
		accent: inkOf(accent), title: inkOf(accent.Bold(true)), bold: inkOf(r.NewStyle().Bold(true)),
		soft: inkOf(colour("#444444", "#BCBCBC")), dim: inkOf(colour("#6C6C6C", "#8A8A8A")), faint: inkOf(colour("#B2B2B2", "#4E4E4E")),
		good: inkOf(colour("#2E7D32", "#87D787")), known: inkOf(colour("#00707A", "#5FD7D7")),
		moving: inkOf(colour("#0057B8", "#5FAFFF")), waiting: inkOf(colour("#7A5C00", "#D7C787")),
		warn: inkOf(colour("#A84300", "#FFAF5F").Bold(true)), bad: inkOf(colour("#B00020", "#FF7070").Bold(true)),
		unicode: unicode,
	}
}

// ink is a style made ready: what a terminal is sent before and after a text of
// one line. Lip Gloss works it out anew at each call, which was nearly half of
// the 2 ms that a large frame took.
type ink struct{ on, off string }

func inkOf(s lipgloss.Style) ink {
	on, off, _ := strings.Cut(s.Render("x"), "x")
	return ink{on, off}
}

// Render colours a text without line breaks.
func (k ink) Render(text string) string {
	if text == "" {
		return ""
	}
	return k.on + text + k.off
}

// Sign is the sign of a status.
func Sign(s outbox.Status) string {
	switch s {
	case outbox.Pending:
		return "○"
	case outbox.Sending:
		return "◌"
	case outbox.Sent:
		return "●"
	case outbox.Deduplicated:
		return "◆"
	case outbox.Incomplete:
		return "▲"
	case outbox.Rejected:
		return "✕"
	case outbox.Cancelled:
		return "–"
	}
	return "?"
}

func (t theme) status(r *outbox.Run) ink {
	switch r.Status {
	case outbox.Pending:
		if r.Reason.NeedsPerson() {
			return t.warn
		}
		return t.waiting
	case outbox.Sending:
		return t.moving
	case outbox.Sent:
		return t.good
	case outbox.Deduplicated:
		return t.known
	case outbox.Incomplete:
		return t.warn
	case outbox.Rejected:
		return t.bad
	case outbox.Cancelled:
		return t.dim
	}
	return t.soft
}

// outcomeSign is the sign of an attempt's outcome.
func outcomeSign(o client.Outcome) string {
	switch o {
	case client.Created:
		return "●"
	case client.Replayed, client.Adopted:
		return "◆"
	case client.Incomplete:
		return "▲"
	case client.Refused:
		return "✕"
	case client.Unavailable, client.Throttled:
		return "○"
	case client.Unknown:
		return "?"
	case client.Unauthorized:
		return "!"
	case client.Mended:
		return "↺"
	}
	return "?"
}

func (t theme) outcome(o client.Outcome) ink {
	switch o {
	case client.Created:
		return t.good
	case client.Replayed, client.Adopted, client.Mended:
		return t.known
	case client.Incomplete, client.Unauthorized:
		return t.warn
	case client.Refused:
		return t.bad
	case client.Unavailable, client.Unknown, client.Throttled:
		return t.waiting
	}
	return t.soft
}

// showsUnicode reads from the environment whether the terminal takes UTF-8.
// A locale that nobody set says nothing (containers have none, and their
// terminals are UTF-8); one that is set to something else is believed.
func showsUnicode(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(env(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return true
}
