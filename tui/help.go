package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// helpLines draw the help page from the keys themselves, in as many columns as
// fit, and then what the signs mean where there is room.
func helpLines(t theme, scopes []scope, width int) []string {
	const most = 3
	for count := most; count > 1; count-- {
		if lines, fit := columned(t, scopes, count, width); fit {
			return lines
		}
	}
	return stackLines(t, scopes, true)
}

// columned spreads the scopes over columns, each where there is most room left;
// fit tells whether no line is cut for it.
func columned(t theme, scopes []scope, count, width int) (lines []string, fit bool) {
	stacks, heights := make([][]scope, count), make([]int, count)
	least := func() int { return slices.Index(heights, slices.Min(heights)) }
	for _, s := range scopes {
		i := least()
		stacks[i] = append(stacks[i], s)
		heights[i] += len(s.bindings) + 2
	}
	last := least() // the signs'
	drawn, widths, spare := make([][]string, count), make([]int, count), width
	for i, stack := range stacks {
		drawn[i] = stackLines(t, stack, i == last)
		for _, line := range drawn[i] {
			widths[i] = max(widths[i], ansi.StringWidth(line)+1)
		}
		spare -= widths[i]
		heights[i] = len(drawn[i])
	}
	if spare < 0 {
		return nil, false
	}
	lines = make([]string, slices.Max(heights))
	for i := range lines {
		var line strings.Builder
		for j, stack := range drawn {
			text := ""
			if i < len(stack) {
				text = stack[i]
			}
			line.WriteString(left(text, widths[j]+spare/count))
		}
		lines[i] = line.String()
	}
	return lines, true
}

// stackLines draw scopes one below the other, their keys in one column.
func stackLines(t theme, scopes []scope, signs bool) (lines []string) {
	keys := 0
	for _, s := range scopes {
		for _, b := range s.bindings {
			keys = max(keys, ansi.StringWidth(t.key(b.Help().Key)))
		}
	}
	for _, s := range scopes {
		lines = append(lines, " "+t.title.Render(s.name))
		for _, b := range s.bindings {
			lines = append(lines, "  "+t.accent.Render(right(t.key(b.Help().Key), keys))+"  "+b.Help().Desc)
		}
		lines = append(lines, "")
	}
	if signs {
		lines = append(lines, signLines(t)...)
	}
	return lines
}
