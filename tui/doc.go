// Package tui is burrow's terminal UI: a live view of the outbox.
//
// It watches the store and shows where each run is and why; retry and cancel
// are all it does to runs. It delivers nothing (a sender runs beside it), makes
// no HTTP call (the host is pinged through a function that it is given) and
// decides nothing about a run: that is outbox's and client's to say. Functions
// that draw are pure, from values to strings; all that waits is a command.
package tui
