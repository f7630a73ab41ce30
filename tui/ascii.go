package tui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// ascii redraws a frame for a terminal that is not UTF-8: every sign has a twin
// of the same width, and what has none becomes question marks. It goes by what
// takes cells together, since several letters can be one glyph.
func ascii(frame string) string {
	var out strings.Builder
	out.Grow(len(frame))
	var state byte
	for len(frame) > 0 {
		glyph, width, n, next := ansi.DecodeSequence(frame, state, nil)
		frame, state = frame[n:], next
		r, length := utf8.DecodeRuneInString(glyph)
		twin, known := asciiTwins[r]
		switch {
		case r < utf8.RuneSelf && (width == 0 || length == len(glyph)):
			out.WriteString(glyph) // a control sequence, a line's end, a letter
		case width == 0: // an accent of the letter before it
		case known && length == len(glyph):
			out.WriteString(twin)
		default:
			out.WriteString(strings.Repeat("?", width))
		}
	}
	return out.String()
}

// asciiTwins is only read.
var asciiTwins = map[rune]string{
	'●': "*", '◆': "=", '○': "o", '◌': ">", '▲': "^", '✕': "x", '–': "-", '↺': "~",
	'│': "|", '─': "-", '▌': "|", '▏': "|", '·': "-", '…': ".", '×': "x",
	'↑': "^", '↓': "v", '→': ">", '⇧': "^", '▶': "}", '≤': "<", '≥': ">", 'µ': "u", '┃': "|",
	'└': "+", '┘': "+", '┌': "+", '┐': "+", '┤': "|", '├': "|", '┬': "-", '┴': "-",
	'▁': "_", '▂': "_", '▃': ".", '▄': "-", '▅': "-", '▆': "=", '▇': "#", '█': "#",
}
