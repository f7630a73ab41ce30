// Package quiet keeps the terminal libraries from asking the terminal for its
// background colour when the program starts.
//
// Bubble Tea v1 asks in an init function, so every subcommand would, and on a
// terminal that does not answer it waits for 5 s. The answer is cached and an
// answer that was given counts as one: this package gives it first. It is
// initialised before Bubble Tea because its path sorts first among the
// packages whose imports are ready, which holds only while it imports nothing
// but Lip Gloss. The UI finds out the real colour itself when it starts.
package quiet

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
