package tui

import (
	"strings"

	"burrow/client"

	"github.com/charmbracelet/x/ansi"
)

// plain makes text from servers, harnesses and users safe to draw: no control
// sequences, and nothing whose width terminals disagree about. Joiners,
// variation selectors and skin tones make one glyph of several in some
// terminals only; without them all count the same cells.
func plain(text string) string {
	if simple(text) && len(text) < 64 && !strings.Contains(text, "  ") && strings.TrimSpace(text) == text {
		return text // most names are
	}
	return strings.Map(func(r rune) rune {
		if r == '\u200d' || r >= '\ufe00' && r <= '\ufe0f' || r >= 0x1f3fb && r <= 0x1f3ff {
			return -1
		}
		return r
	}, client.Plain(text, 0))
}

// simple tells whether a text is printable ASCII only: a cell a byte.
func simple(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cut shortens styled text to a width.
func cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(text, width, "…")
}

// left fills or cuts text to exactly a width, at the left.
func left(text string, width int) string {
	text, missing := fitted(text, width)
	return text + strings.Repeat(" ", missing)
}

// right fills or cuts text to exactly a width, at the right.
func right(text string, width int) string {
	text, missing := fitted(text, width)
	return strings.Repeat(" ", missing) + text
}

// fitted cuts text to a width and says how many cells are left. Measuring is
// most of what a frame costs, so a text that fits is measured once.
func fitted(text string, width int) (string, int) {
	if simple(text) {
		if len(text) > width {
			text = cut(text, width)
			return text, max(width-ansi.StringWidth(text), 0)
		}
		return text, width - len(text)
	}
	has := ansi.StringWidth(text)
	if has > width {
		text = cut(text, width)
		has = ansi.StringWidth(text) // less, where a wide character did not fit
	}
	return text, max(width-has, 0)
}

// between puts one text at each end of a line; the first one gives way.
func between(start, end string, width int) string {
	room := width - ansi.StringWidth(end)
	if room < 1 {
		return left(start, width)
	}
	return left(start, room) + end
}

// wrapped breaks text into lines of at most a width, between words where it
// can.
func wrapped(text string, width int) []string {
	if text == "" || width <= 0 {
		return nil
	}
	lines := strings.Split(ansi.Wrap(text, width, " "), "\n")
	if !strings.Contains(text, " ") { // IDs and addresses: never broken at their hyphens
		lines = strings.Split(ansi.Hardwrap(text, width, true), "\n")
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// filled makes exactly so many lines of exactly a width.
func filled(lines []string, width, height int) []string {
	out := make([]string, max(height, 0))
	for i := range out {
		if i < len(lines) {
			out[i] = left(lines[i], width)
		} else {
			out[i] = strings.Repeat(" ", max(width, 0))
		}
	}
	return out
}
