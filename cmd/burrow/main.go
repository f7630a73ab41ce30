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
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := run(ctx, os.Args[1:], stdio{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Getenv)
	stop()
	os.Exit(code)
}
