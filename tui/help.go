package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
)

// helpLines draw the help page from the keys themselves, in as many columns as
// fit, and then what the signs mean where there is room.
func helpLines(t theme, scopes []scope, width int) []string {
	const column = 40
	var blocks [][]string
	for _, s := range scopes {
		block := []string{" " + t.title.Render(s.name)}
		for _, b := range s.bindings {
			block = append(block, helpLine(t, b))
		}
		blocks = append(blocks, append(block, ""))
	}
	blocks = append(blocks, signLines(t))
	count := min(max(width/column, 1), 3)
	if count == 1 {
		return flat(blocks)
	}
	return beneath(blocks, count, width/count)
}

func helpLine(t theme, b key.Binding) string {
	return " " + t.accent.Render(right(b.Help().Key, 7)) + "  " + b.Help().Desc
}

func flat(blocks [][]string) []string {
	var lines []string
	for _, block := range blocks {
		lines = append(lines, block...)
	}
	return lines
}

// beneath fills columns with blocks, each where there is most room left.
func beneath(blocks [][]string, count, width int) []string {
	stacks := make([][]string, count)
	for _, block := range blocks {
		least := 0
		for i := range stacks {
			if len(stacks[i]) < len(stacks[least]) {
				least = i
			}
		}
		stacks[least] = append(stacks[least], block...)
	}
	height := 0
	for _, stack := range stacks {
		height = max(height, len(stack))
	}
	lines := make([]string, height)
	for i := range lines {
		var line strings.Builder
		for _, stack := range stacks {
			text := ""
			if i < len(stack) {
				text = stack[i]
			}
			line.WriteString(left(text, width))
		}
		lines[i] = line.String()
	}
	return lines
}
