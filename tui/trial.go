package tui

import (
	"context"
	"io"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
)

// Trial describes a run in the making, as a person fills it in; what is empty
// is left to burrow's own defaults.
type Trial struct {
	Command string // one line, for a shell
	Files   string // results files, separated by spaces, in place of a command: see Paths
	Project string
	Branch  string
	Testbed string
	Adapter string

	// Of a resubmission only.
	Hash, Host string
}

// Measured is a benchmark that ran, frozen, and not in the outbox yet.
type Measured struct {
	Body    []byte
	Summary client.Summary
	Host    string // where the run will go
	// Enqueue puts it there; Discard throws it away. One of them is called.
	Enqueue func(context.Context) (*outbox.Run, error)
	Discard func()
}

// Suggestions complete the fields of a form.
type Suggestions struct {
	Defaults                               Trial // what stands there if nothing is typed
	Commands, Projects, Branches, Testbeds []string
	Adapters                               []string
}

// UnfitError says why what a trial describes can't be run at all: nothing was.
type UnfitError struct{ Err error }

func (e *UnfitError) Error() string { return e.Err.Error() }
func (e *UnfitError) Unwrap() error { return e.Err }

// Bench runs what a trial describes; the command's output goes to live as it
// comes. Ending the context stops the command. A trial that does not fit is an
// *UnfitError.
type Bench func(ctx context.Context, t Trial, live io.Writer) (*Measured, error)

// Resubmit makes a new run of an old one, with what the trial changes, and says
// what became of the old one's leftovers. A short report that the run left on its
// server is an *outbox.LeftoverError where a person must agree to its deletion
// first.
type Resubmit func(ctx context.Context, id uuid.UUID, changes Trial, agreed bool) (run *outbox.Run, notices []string, err error)
