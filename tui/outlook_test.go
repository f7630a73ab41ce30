package tui

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"
)

// TestTheAnswerClaimsNoMoreThanWasSeen: of an outbox with more open runs than a
// survey looks at.
func TestTheAnswerClaimsNoMoreThanWasSeen(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	const all = surveyLimit + 500
	runs := func(yield func(outbox.New, error) bool) {
		for i := range all {
			n := newRun(t, fmt.Sprint("b", i))
			n.Host = client.Cloud
			if !yield(n, nil) {
				return
			}
		}
	}
	ctx := context.Background()
	if err := s.EnqueueAll(ctx, runs, func(outbox.Accepted) {}); err != nil {
		t.Fatal(err)
	}
	words := func() string {
		t.Helper()
		counts, err := s.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		holds, err := s.Holds(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := surveyOutbox(&work{ctx: ctx}, s, counts, holds)().(surveyed)
		if !ok || m.err != nil {
			t.Fatal(m.err)
		}
		moving, needs := outlookWords(m.outlook, time.Now())
		return strings.Join(moving, ", ") + "; " + needs
	}
	if got := words(); !strings.HasPrefix(got, "2,500 pending, next is due, all in at least ") {
		t.Errorf("of %d runs: %q", all, got)
	}
	if _, err := s.Pause(ctx, "", "demo"); err != nil {
		t.Fatal(err)
	}
	if got := words(); got != "2,500 pending, at least 2,000 paused; " {
		t.Errorf("with their project paused: %q", got)
	}
	if _, err := s.Pause(ctx, "", ""); err != nil {
		t.Fatal(err)
	}
	if got := words(); got != "2,500 paused; " {
		t.Errorf("with everything paused: %q", got)
	}
}

func TestAnUnseenRunMayBeDueSooner(t *testing.T) {
	o := newOutlook(outbox.Counts{outbox.Pending: 3000, outbox.Rejected: 40})
	for _, r := range oneOfEach() {
		o.see(r)
	}
	o.unseen = 1000
	moving, needs := outlookWords(o, noon)
	if got := strings.Join(moving, ", ") + "; " + needs; !strings.Contains(got, "next within 12 s") || !strings.Contains(got, "; at least ") || strings.Contains(got, "40 rejected") {
		t.Errorf("%q", got)
	}
}

// TestAPauseIsSeen in the status bar as long as it holds, at every width, with
// nothing pending too.
func TestAPauseIsSeen(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	for _, width := range []int{50, 80, 120, 160} {
		ui := startUIWith(t, s, width, 24, func(o *Options) { o.Delivery = func() Delivery { return Delivery{On: true} } })
		ui.sees(t, "the sender", holding("delivering"))
		ui.Type("p")
		ui.Type("a")
		ui.sees(t, "the pause", func(f string) bool {
			return strings.Contains(f, "paused: everything") && !strings.Contains(f, "delivering")
		})
		if _, err := s.Pause(context.Background(), "", "demo"); err != nil {
			t.Fatal(err)
		}
		ui.sees(t, "both", holding("2 pauses"))
		ui.Type("p")
		ui.Type("r")
		ui.sees(t, "each pause", holding("all of them", "all delivery", "delivery to project demo"))
		for _, k := range []string{"down", "enter"} { // the one of everything
			ui.Send(keyMsg(k))
		}
		ui.sees(t, "the other pause", holding("paused: project demo"))
		ui.Type("p")
		ui.Type("r")
		ui.sees(t, "the sender again", holding("delivering"))
	}
	for want, h := range map[string]outbox.Hold{
		"paused: project demo": {Project: "demo"}, "paused: bench.example": {Host: "https://bench.example"}, "paused: everything": {},
	} {
		if got := pauseWords([]outbox.Hold{h}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
