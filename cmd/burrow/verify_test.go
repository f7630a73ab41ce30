//go:build unix

package main

import (
	"strings"
	"testing"
)

// TestVerifyFindsWhatAServerLost: a server that is restarted without the
// reports that it had acknowledged gets them back under the same keys, once a
// person says so.
func TestVerifyFindsWhatAServerLost(t *testing.T) {
	p := newPlace(t)
	address := freeAddress(t)
	s := p.serveAt(address)
	for _, name := range []string{"a", "b"} {
		p.burrow(0, "run", "--host", s.url, "--project", "demo", "--wait", "30s", "--file", p.file(name, "BenchmarkA-2 100 10 ns/op\n"))
	}
	if out, _ := p.burrow(0, "verify"); strings.Count(out, "  whole\n") != 2 {
		t.Errorf("verified: %s", out)
	}
	s.stop()
	if out, _ := p.burrow(exitPending, "verify"); strings.Count(out, "not verified") != 2 {
		t.Errorf("verified: %s", out)
	}
	s = p.serveAt(address, "--fault", "forget")
	out, _ := p.burrow(exitRefused, "verify", "--json")
	for _, v := range lines(t, out) {
		if v["state"] != "gone" {
			t.Errorf("verified: %v", v)
		}
	}
	if _, stderr := p.burrow(exitRefused, "verify", "--repair"); !strings.Contains(stderr, "--yes") {
		t.Errorf("said: %s", stderr)
	}
	p.burrow(0, "verify", "--repair", "--yes", "--wait", "30s")
	reports, err := serverReports(s.url, "demo")
	if err != nil || len(reports) != 2 {
		t.Errorf("%d reports, %v", len(reports), err)
	}
	p.burrow(0, "verify")
	p.checked()
}
