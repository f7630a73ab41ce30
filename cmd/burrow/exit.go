package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"
)

// Exit statuses of the command-line contract.
const (
	exitOK      = 0
	exitFailure = 1 // nothing was enqueued
	exitUsage   = 2
	exitPending = 3
	exitRefused = 4 // rejected or incomplete
	exitAlerts  = 5
)

// exitError carries an exit status; a nil error says that everything worth
// saying was said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit ends the command with a status and no words.
func exit(code int) error {
	if code == exitOK {
		return nil
	}
	return &exitError{code: code}
}

func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// report prints an error as one line on stderr with what to do, and returns
// the exit status.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	code := exitFailure
	var coded *exitError
	if errors.As(err, &coded) {
		code = coded.code
		if coded.err == nil {
			return code
		}
	}
	fmt.Fprintf(a.err, "burrow: %s%s\n", client.Plain(err.Error(), 0), remedy(err))
	return code
}

// remedy says what to do about an error that does not say it itself.
func remedy(err error) string {
	var failed *harness.FailedError
	var unreachable *client.UnreachableError
	var leftover *outbox.LeftoverError
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return " (interrupted; runs in the outbox are safe)"
	case errors.As(err, &unreachable) && !strings.Contains(text, "not in the cache"):
		return "; what was asked for is not in the cache"
	case errors.As(err, &failed) && failed.Code < 0:
		return " — a run cut short is not sent; run it again"
	case errors.As(err, &failed):
		return " — nothing was enqueued; --allow-failure sends what succeeded"
	case errors.As(err, &leftover):
		return " — nothing was resubmitted; --yes deletes that report and goes on"
	case errors.Is(err, harness.ErrNoBenchmark):
		return " — nothing was enqueued; check the command and --adapter"
	case errors.Is(err, outbox.ErrNotAnOutbox), errors.Is(err, outbox.ErrNewerSchema):
		return ""
	case errors.Is(err, outbox.ErrDamagedFile), errors.Is(err, outbox.ErrDamaged):
		return " — burrow doctor --repair saves what can be read, and keeps the damaged file"
	case strings.Contains(text, "permission denied"), strings.Contains(text, "read-only file system"):
		return " — name a place that can be written with --outbox"
	}
	return ""
}
