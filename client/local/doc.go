// Package local is the built-in Bencher-compatible server: the endpoints that
// burrow uses, with Bencher's shapes, statuses and quirks, over HTTP or in
// process, with a store of its own and faults to order.
//
// A run's key check, its report's row and all its iterations are one write
// transaction, so requests at once with one key get one report, whole. What
// the real server does worse (the 409, the empty replay, the half-stored
// report) comes only as a Fault. Handlers outlive their client.
//
// It keeps reports and names, and evaluates static and percentage thresholds
// against the metrics that the branch's head holds so far: its own and those of
// its start point's versions. Other models (z_score, t_test, log_normal, iqr,
// delta_iqr) are kept and shown, and raise no alerts. It limits no rates and
// sends nothing anywhere. Clients, retries and the outbox don't belong here, and
// package client never imports it.
package local
