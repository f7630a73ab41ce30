package tui

import (
	"time"

	"burrow/client"
)

// reach is whether the host answers.
type reach struct {
	asked, up bool
	latency   time.Duration
	since     time.Time // when it was first found to be down
	why       string
}

func (r reach) heard(m hostAnswered, now time.Time) reach {
	switch {
	case !m.asked:
		return r
	case m.err == nil:
		return reach{asked: true, up: true, latency: m.latency}
	}
	since := r.since
	if r.up || !r.asked {
		since = now
	}
	return reach{asked: true, since: since, why: client.Plain(m.err.Error(), 200)}
}

// reachSign is whether a host answers, and no more.
func reachSign(t theme, r reach) string {
	switch {
	case !r.asked:
		return ""
	case r.up:
		return t.good.Render("●")
	}
	return t.bad.Render("○ unreachable")
}

// reachWords draw a host with whether it answers.
func reachWords(t theme, host string, r reach, now time.Time) string {
	name := t.soft.Render(hostName(host))
	switch {
	case host == "":
		return ""
	case !r.asked:
		return name
	case r.up && host == client.Local:
		return name + " " + t.good.Render("●")
	case r.up:
		return name + " " + t.good.Render("●") + " " + t.dim.Render(took(r.latency))
	}
	words := "○ unreachable"
	if down := now.Sub(r.since); down >= time.Second {
		words += " for " + ageWords(down)
	}
	return name + " " + t.bad.Render(words)
}
