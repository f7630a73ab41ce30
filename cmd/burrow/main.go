// Command burrow is a terminal client for the Bencher continuous-benchmarking
// API with a durable outbox.
//
// This folder holds the command line: one file a command, wiring and
// presentation only. What a run is and becomes lives in outbox, what the
// server says in client; nothing here decides either.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}
