package main

import "maps"

// dropInDifference is what burrow run does otherwise than bencher run, on
// purpose.
type dropInDifference struct {
	exit    int
	nothing bool  // posts nothing
	results []any // posts these results; nil: the recorded ones
	reason  string
}

// from is the outcome that is wanted in place of the recorded one.
func (d dropInDifference) from(recorded dropInOutcome) dropInOutcome {
	want := dropInOutcome{exit: d.exit}
	if d.nothing || recorded.body == nil {
		return want
	}
	want.body = recorded.body
	if d.results != nil {
		want.body = maps.Clone(recorded.body)
		want.body["results"] = d.results
	}
	return want
}

// dropInDifferences are the recorded calls that come to something else with
// burrow, and why. The README lists them for people.
var dropInDifferences = map[string]dropInDifference{
	"allow-failure":          {exit: exitFailure, nothing: true, reason: "bencher sends a run of no results and exits 0: burrow says that there is nothing to send"},
	"allow-failure-iter":     {exit: exitFailure, nothing: true, reason: "the same, of two iterations"},
	"killed":                 {exit: exitFailure, nothing: true, reason: "bencher takes a command that a signal killed for a success and sends half of its results"},
	"threshold-missing-test": {exit: exitUsage, reason: "a mistake in the flags is a usage error everywhere in burrow"},
	"threshold-no-boundary":  {exit: exitUsage, reason: "the same"},
	"threshold-too-many":     {exit: exitUsage, reason: "the same"},
	"average":                {exit: exitRefused, reason: "the server refused the run: 4 tells that from a failure before anything was enqueued"},
	"adapter-fails":          {exit: exitFailure, nothing: true, reason: "bencher sends what no adapter can read, which leaves an empty report: burrow refuses it before"},
	"alert-err":              {exit: exitAlerts, reason: "alerts have a status of their own"},
	"bad-key":                {exit: exitOK, reason: "the run is safe in the outbox and goes with another credential; --wait makes it 3"},
	"anonymous-claimed":      {exit: exitOK, reason: "the same"},
	"unknown-flag":           {exit: exitUsage, reason: "bencher takes a mistyped flag for the command"},
	"non-utf8": {
		results: []any{"BenchmarkA-2 100 10 ns/op\nname \uFFFD x\nBenchmarkB-2 100 20 ns/op"},
		reason:  "bencher loses all output after a byte that is not UTF-8",
	},
}
