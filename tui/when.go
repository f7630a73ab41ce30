package tui

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ageWords says how long ago something was, in few cells: lists use it.
func ageWords(age time.Duration) string {
	switch {
	case age < time.Second:
		return "now"
	case age < time.Minute:
		return fmt.Sprintf("%d s", age/time.Second)
	case age < time.Hour:
		return fmt.Sprintf("%d min", age/time.Minute)
	case age < day:
		return fmt.Sprintf("%d h", age/time.Hour)
	case age < 2*day:
		return "1 day"
	case age < 10*day:
		return fmt.Sprintf("%d days", age/day)
	}
	return fmt.Sprintf("%d d", age/day)
}

// countdown says when something comes: "now", "in 12 s", "in 2 min".
func countdown(wait time.Duration) string {
	if wait <= 0 {
		return "now"
	}
	seconds := (wait + time.Second - 1) / time.Second // never "in 0 s"
	switch {
	case seconds < 60:
		return fmt.Sprintf("in %d s", seconds)
	case seconds < 10*60 && seconds%60 != 0:
		return fmt.Sprintf("in %d min %d s", seconds/60, seconds%60)
	case seconds <= 59*60:
		return fmt.Sprintf("in %d min", (seconds+59)/60)
	case seconds < 24*60*60:
		minutes := (seconds + 59) / 60
		return strings.TrimSuffix(fmt.Sprintf("in %d h %d min", minutes/60, minutes%60), " 0 min")
	}
	return fmt.Sprintf("in %d days", seconds/(24*60*60))
}

// took says how long something lasted.
func took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d/time.Millisecond)
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second), " 0 s")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute), " 0 min")
}

// clock is a time of day.
func clock(at time.Time) string { return at.Local().Format("15:04:05") }

// moment is an instant for details: the day is left out where it is today.
func moment(at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	if sameDay(at, now) {
		return clock(at)
	}
	return at.Local().Format("2006-01-02 15:04:05")
}

func sameDay(a, b time.Time) bool {
	return a.Local().Format(time.DateOnly) == b.Local().Format(time.DateOnly)
}

// size says how large something is.
func size(bytes int) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

// number groups the digits of large counts.
func number(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// counted is a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}
