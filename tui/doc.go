// Package tui is burrow's terminal UI: the outbox live, what servers hold, and
// the forms and keys that act on both.
//
// app routes messages and lays out; a view is NAME_page.go, with what is too long
// for it beside it (outbox_keys.go, perf_lines.go); shell is what views share. Whatever waits (the store, a server, git, a benchmark) is a
// command, begun by work, which Run waits for. Functions that draw are pure,
// from values to strings, and measure cells, never bytes.
//
// It delivers nothing (a sender runs beside it), makes no request of its own
// (servers are read through the client.Browser that it is given, and what the
// command line does is given as functions, see Options) and decides nothing
// about a run: that is outbox's and client's to say.
package tui
