package tui

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
)

// A key and the frame after it, on a large terminal.
func BenchmarkKeyAndFrame(b *testing.B) {
	runs := oneOfEach()
	for len(runs) < 2*windowReach {
		runs = append(runs, oneOfEach()...)
	}
	a := still(b, testTheme(termenv.TrueColor, true), 200, 60, runs)
	keys := []tea.KeyMsg{{Type: tea.KeyDown}, {Type: tea.KeyUp}}
	for i := 0; b.Loop(); i++ {
		a.Update(keys[i%2])
		_ = a.View()
	}
}
