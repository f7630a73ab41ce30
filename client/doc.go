// Package client speaks the Bencher API and says what its answers mean.
//
// It holds the run request and the report, the HTTP calls, credentials and
// where they are stored, reading what a server holds with a cache of it
// (browse.go, cache.go), the context of a run (git, machine), and one table
// that turns an answer into an outcome (outcome.go) with the check that a
// report is there, whole (ack.go).
// It knows nothing of bbolt, the outbox or the screen; retrying is the
// outbox's business: nothing here tries twice.
//
// Facts about the protocol are those of Bencher 0.6.12, read in its source and
// seen on the running server.
package client
