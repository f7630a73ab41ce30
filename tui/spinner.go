package tui

import "time"

// spinnerStep is how long a frame of the spinner lasts.
const spinnerStep = 150 * time.Millisecond

// spinner is a sign that turns while something is waited for, and says for how
// long. The first instants show nothing: what is quick needs no sign.
func spinner(t theme, what string, since, now time.Time) string {
	lasts := now.Sub(since)
	if lasts < 2*time.Millisecond*100 {
		return ""
	}
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	if !t.unicode {
		frames = []rune(`|/-\`)
	}
	words := string(frames[int(now.UnixMilli()/spinnerStep.Milliseconds())%len(frames)]) + " " + what + "…"
	if lasts >= time.Second {
		words += " " + took(lasts.Truncate(time.Second))
	}
	return t.moving.Render(words)
}
