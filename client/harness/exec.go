package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Command is a benchmark to run. One word is given to a shell, several are run
// as they are, as with `bencher run`.
type Command struct {
	Argv  []string
	Shell string // default /bin/sh, on Windows cmd
	Flag  string // default -c, on Windows /C
	Exec  bool   // run one word without a shell
	// Apart takes the terminal from the command, and stops all of its processes
	// with it: for callers that use the terminal themselves.
	Apart bool

	Env    []string  // added to the environment, "NAME=value"
	Stdin  io.Reader // nil: none
	Stdout io.Writer // a live copy of the output; nil: none
	Stderr io.Writer
}

// Output is what a finished command left.
type Output struct {
	Stdout string // lines joined by \n, valid UTF-8
	Took   time.Duration
}

// MaxOutput bounds what is kept of a command's output, or read of a results
// file, in bytes: far more than any server takes.
const MaxOutput = 64 << 20

// errTooMuch ends the copying of a command's output, and with it the command.
var errTooMuch = fmt.Errorf("its output is over %d MiB: no server takes that", MaxOutput>>20)

// bounded keeps what is written, up to MaxOutput.
type bounded struct {
	kept bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > MaxOutput {
		b.over = true
		return 0, errTooMuch
	}
	return b.kept.Write(p)
}

// How long a command that was told to stop may take before it is killed.
const stopGrace = 5 * time.Second

// FailedError says that a command did not succeed: its exit status, or the
// signal that ended it. A run cut short by a signal is a failure: its results
// may be half of what was measured.
type FailedError struct {
	Command string
	Status  string // "exit status 3", "signal: killed"
	Code    int    // -1 for a signal
}

func (e *FailedError) Error() string { return fmt.Sprintf("%s: %s", e.Command, e.Status) }

// Run runs the command to its end and keeps its standard output, whole. When
// the context ends, the command is interrupted and, after a grace, killed. A
// command that fails returns its output so far with a *FailedError; one that
// writes more than MaxOutput is stopped.
func Run(ctx context.Context, c Command) (Output, error) {
	argv := c.argv()
	if len(argv) == 0 {
		return Output{}, errors.New("no command to run")
	}
	var out bounded
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdin, cmd.Stderr = c.Stdin, c.Stderr
	cmd.Stdout = &out
	if c.Stdout != nil {
		cmd.Stdout = io.MultiWriter(&out, bestEffort{c.Stdout})
	}
	cmd.Cancel = func() error { return interrupt(cmd.Process, c.Apart) }
	cmd.WaitDelay = stopGrace
	if c.Apart {
		setApart(cmd)
	}

	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if c.Apart && err != nil && cmd.Process != nil {
		killGroup(cmd.Process)
	}
	if out.over {
		return Output{Took: took}, fmt.Errorf("%s: %w", c, errTooMuch)
	}
	output := Output{Stdout: lines(out.kept.Bytes()), Took: took}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return output, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return output, cause
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return output, &FailedError{Command: c.String(), Status: exit.Error(), Code: exit.ExitCode()}
	}
	return output, fmt.Errorf("cannot run %s: %w", c, err)
}

// String is the command as a person would write it.
func (c Command) String() string { return strings.Join(c.Argv, " ") }

// Line is what is run in the end, the shell included.
func (c Command) Line() string { return strings.Join(c.argv(), " ") }

func (c Command) argv() []string {
	if len(c.Argv) != 1 || c.Exec {
		return c.Argv
	}
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	if c.Shell != "" {
		shell = c.Shell
	}
	if c.Flag != "" {
		flag = c.Flag
	}
	return []string{shell, flag, c.Argv[0]}
}

// bestEffort never fails: a reader of the live copy that went away must not
// end a benchmark.
type bestEffort struct{ io.Writer }

func (w bestEffort) Write(p []byte) (int, error) {
	_, _ = w.Writer.Write(p)
	return len(p), nil
}
