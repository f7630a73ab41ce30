//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// suspensions tells when the person stops the command with Ctrl-Z. The
// returned suspend then stops the process until it is continued; done ends the
// watch.
func suspensions() (asked <-chan os.Signal, suspend, done func()) {
	c, resumed := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTSTP)
	suspend = func() {
		signal.Notify(resumed, syscall.SIGCONT)
		defer signal.Stop(resumed)
		if syscall.Kill(os.Getpid(), syscall.SIGSTOP) == nil {
			<-resumed // the signal takes effect a moment later: touch no lock until then
		}
	}
	return c, suspend, func() { signal.Stop(c) }
}
