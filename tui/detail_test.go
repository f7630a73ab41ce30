package tui

import (
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/muesli/termenv"
)

// TestOnlyWhatCountsDownIsDrawnEachSecond: a large request or many results take
// tenths of a second, and stand as long as what they show.
func TestOnlyWhatCountsDownIsDrawnEachSecond(t *testing.T) {
	th := testTheme(termenv.Ascii, true)
	r := run(func(r *outbox.Run) {
		r.Status, r.Reason, r.NextAttemptAt = outbox.Pending, outbox.ReasonBackoff, noon.Add(time.Minute)
	})
	v := newDetailView(newKeyMap().names()).show(r)
	for tab, loaded := range map[tab]detailsLoaded{
		tabRequest: {body: []byte(`{"results":["a\nb\nc\nd\ne\nf\ng\nh"]}`)},
		tabResults: {results: []resultRow{{Reading: client.Reading{Benchmark: "BenchmarkA", Measure: "latency", Value: 1}}}},
	} {
		v = v.turned(tab)
		loaded.need = v.wants()
		v = v.recall(loaded).made(th, 80, 20, noon, true)
		before := v.still.lines
		if len(before) == 0 {
			t.Fatalf("%v: nothing is drawn", tab)
		}
		r2 := *r // as the next load brings it
		v = v.show(&r2).made(th, 80, 20, noon.Add(time.Second), true)
		if &before[0] != &v.still.lines[0] {
			t.Errorf("%v is drawn anew with the second", tab)
		}
		if text := strings.Join(v.lines, "\n"); !strings.Contains(text, strings.TrimSpace(before[len(before)-1])) {
			t.Errorf("%v is not shown:\n%s", tab, text)
		}
		for what, changed := range map[string]detailView{
			"the width": v.made(th, 60, 20, noon, true),
			"the data":  v.recall(loaded).made(th, 80, 20, noon, true),
			"the fold":  func() detailView { v := v; v.folded = false; return v.made(th, 80, 20, noon, true) }(),
		} {
			if &before[0] == &changed.still.lines[0] {
				t.Errorf("%v stands although %s changed", tab, what)
			}
		}
	}
}

// TestTabsNameTheKeysThatAreBound, not those that are bound without a
// configuration.
func TestTabsNameTheKeysThatAreBound(t *testing.T) {
	th, keys := testTheme(termenv.Ascii, true), newKeyMap().with(map[string][]string{"fold": {"f6"}, "next-tab": {"ctrl+n"}}).names()
	v := newDetailView(keys).show(run(func(r *outbox.Run) { r.Status = outbox.Sent })).turned(tabRequest)
	v = v.recall(detailsLoaded{need: v.wants(), body: []byte(`{"results":["a\nb\nc\nd\ne\nf\ng\nh"]}`)})
	if text := strings.Join(v.made(th, 80, 40, noon, true).lines, "\n"); !strings.Contains(text, "folded: F6 shows all") {
		t.Error(text)
	}
	v = v.turned(tabOverview)
	v = v.recall(detailsLoaded{need: v.wants(), attempts: make([]outbox.Attempt, 2*mostRecent)})
	if text := strings.Join(v.made(th, 80, 40, noon, true).lines, "\n"); !strings.Contains(text, "Ctrl-N opens the whole history") {
		t.Error(text)
	}
}
