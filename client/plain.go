package client

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Plain makes text from a server or a harness harmless on a terminal: escape
// sequences and control characters go, white space becomes single spaces, and
// what is longer than limit cells is cut with an ellipsis (0: no limit).
func Plain(text string, limit int) string {
	text = strings.Join(strings.Fields(Harmless(text)), " ")
	if limit > 0 {
		text = ansi.Truncate(text, limit, "…")
	}
	return text
}

// Harmless is Plain for text that was laid out already: its spaces stay as many
// as they are.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
			return -1 // bidirectional overrides among them: they reorder what stands around
		}
		return r
	}, ansi.Strip(text))
}
