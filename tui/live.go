package tui

import (
	"strings"
	"sync"
)

// live keeps the end of a command's output, while it comes.
type live struct {
	mu    sync.Mutex
	lines []string // whole ones
	part  string   // of a line that has not ended
	total int
}

// mostLive is how many lines are kept.
const mostLive = 1000

func (l *live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const longest = 64 << 10 // a line without an end
	lines := strings.Split(l.part+string(p), "\n")
	l.part = lines[len(lines)-1]
	if len(l.part) > longest {
		l.part = l.part[len(l.part)-longest:]
	}
	l.total += len(lines) - 1
	l.lines = append(l.lines, lines[:len(lines)-1]...)
	if extra := len(l.lines) - mostLive; extra > 0 {
		l.lines = append([]string(nil), l.lines[extra:]...)
	}
	return len(p), nil
}

// tail returns the last lines, and how many there were in all.
func (l *live) tail(count int) (lines []string, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines = l.lines[max(len(l.lines)-max(count, 0), 0):]
	lines = append([]string(nil), lines...)
	if l.part != "" {
		lines = append(lines, l.part)
	}
	return lines[max(len(lines)-max(count, 0), 0):], l.total
}
