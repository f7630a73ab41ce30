package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// ascii redraws a frame for a terminal that is not UTF-8: every sign has a twin
// of the same width, and what has none becomes question marks.
func ascii(frame string) string {
	var out strings.Builder
	out.Grow(len(frame))
	for _, r := range frame {
		twin, known := asciiTwins[r]
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case known:
			out.WriteString(twin)
		default:
			out.WriteString(strings.Repeat("?", ansi.StringWidth(string(r))))
		}
	}
	return out.String()
}

// asciiTwins is only read.
var asciiTwins = map[rune]string{
	'●': "*", '◆': "=", '○': "o", '◌': ">", '▲': "^", '✕': "x", '–': "-", '↺': "~",
	'│': "|", '─': "-", '▌': "|", '▏': "|", '·': "-", '…': ".", '×': "x",
	'↑': "^", '↓': "v", '⏎': "<",
}
