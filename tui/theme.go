package tui

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"burrow/client"
	"burrow/outbox"

	"github.com/charmbracelet/lipgloss"
)

// theme holds the styles, made once for the terminal that is drawn on: one
// accent, three greys, and a colour for each kind of state. A sign or a word
// always says the same as the colour.
type theme struct {
	accent, title, bold, tab ink // tab is the open one of several

	soft, dim, faint ink // the greys: second words, labels, rules

	good, known, moving, waiting, warn, bad ink

	pen pens // for what libraries draw

	unicode bool // the terminal can show more than ASCII
}

// pens are the styles of the libraries that draw charts and forms.
type pens struct{ plain, accent, title, soft, dim, faint, warn, bad lipgloss.Style }

// The colours that a theme can change, each with its defaults for a light and a
// dark terminal.
func defaultColours() map[string]lipgloss.AdaptiveColor {
	of := func(light, dark string) lipgloss.AdaptiveColor {
		return lipgloss.AdaptiveColor{Light: light, Dark: dark}
	}
	return map[string]lipgloss.AdaptiveColor{
		"accent": of("#4B3FBF", "#AFAFFF"), "soft": of("#444444", "#BCBCBC"), "dim": of("#6C6C6C", "#8A8A8A"), "faint": of("#B2B2B2", "#4E4E4E"),
		"good": of("#2E7D32", "#87D787"), "known": of("#00707A", "#5FD7D7"), "moving": of("#0057B8", "#5FAFFF"), "waiting": of("#7A5C00", "#D7C787"),
		"warn": of("#A84300", "#FFAF5F"), "bad": of("#B00020", "#FF7070"),
	}
}

// CheckColours tells what is wrong with a configuration's colours: "#AFAFFF",
// a number of the 256, or two of them for a light and a dark terminal.
func CheckColours(colours map[string]string) error {
	known := defaultColours()
	for name, text := range colours {
		if _, found := known[name]; !found {
			return fmt.Errorf("no colour is called %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		parts := strings.Fields(text)
		if len(parts) == 0 || len(parts) > 2 {
			return fmt.Errorf("%s = %q: one colour, or two for a light and a dark terminal", name, text)
		}
		for _, part := range parts {
			number, err := strconv.ParseUint(part, 10, 8)
			_, hex := strconv.ParseUint(strings.TrimPrefix(part, "#"), 16, 32)
			if (err != nil || number > 255) && (!strings.HasPrefix(part, "#") || len(part) != 7 || hex != nil) {
				return fmt.Errorf("%s: %q is no colour: use #AFAFFF or a number from 0 to 255", name, part)
			}
		}
	}
	return nil
}

// colours are the defaults with a person's own.
func colours(own map[string]string) map[string]lipgloss.AdaptiveColor {
	all := defaultColours()
	for name, text := range own {
		if parts := strings.Fields(text); len(parts) > 0 {
			all[name] = lipgloss.AdaptiveColor{Light: parts[0], Dark: parts[len(parts)-1]}
		}
	}
	return all
}

func newTheme(r *lipgloss.Renderer, own map[string]string, unicode, coloured bool) theme {
	all := colours(own)
	pen := func(name string) lipgloss.Style {
		switch {
		case coloured:
			return r.NewStyle().Foreground(all[name])
		case name == "faint":
			return r.NewStyle().Faint(true)
		}
		return r.NewStyle()
	}
	accent := pen("accent")
	return theme{
		accent: inkOf(accent), title: inkOf(accent.Bold(true)), tab: inkOf(accent.Bold(true).Underline(true)), bold: inkOf(r.NewStyle().Bold(true)),
		soft: inkOf(pen("soft")), dim: inkOf(pen("dim")), faint: inkOf(pen("faint")),
		good: inkOf(pen("good")), known: inkOf(pen("known")), moving: inkOf(pen("moving")), waiting: inkOf(pen("waiting")),
		warn: inkOf(pen("warn").Bold(true)), bad: inkOf(pen("bad").Bold(true)),
		pen: pens{
			plain: r.NewStyle(), accent: accent, title: accent.Bold(true), soft: pen("soft"), dim: pen("dim"), faint: pen("faint"),
			warn: pen("warn"), bad: pen("bad"),
		},
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
