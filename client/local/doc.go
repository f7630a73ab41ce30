// Package local is the built-in Bencher-compatible server: the endpoints that
// burrow uses, with Bencher's shapes, statuses and quirks, over HTTP or in
// process, with a store of its own and faults to order.
//
// A run's key check, its report's row and all its iterations are one write
// transaction, so requests at once with one key get one report, whole. What
// the real server does worse (the 409, the empty replay, the half-stored
// report) comes only as a Fault. Handlers outlive their client.
//
// It keeps reports and names, and evaluates static and percentage thresholds,
// against the metrics of earlier reports of the same branch; other models are
// kept and shown only. It limits no rates and sends nothing anywhere. Clients, retries and the outbox don't belong here,
// and package client never imports it.
package local
