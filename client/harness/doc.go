// Package harness runs a benchmark and reads what harnesses print.
//
// It holds the running of a command with its output streamed and kept, the
// names of Bencher's adapters, and readers that turn Go benchmark output and
// Bencher Metric Format into values, as the server would read them. Readers
// return what a person should be told as data. Nothing here knows of servers,
// credentials, requests or the outbox.
package harness
