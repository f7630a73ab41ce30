//go:build unix

package harness

import (
	"os"
	"os/exec"
	"syscall"
)

// setApart gives a command a session of its own: no terminal, and a group of
// processes that can be stopped together.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// interrupt asks a command to stop, all of its processes where it is apart.
func interrupt(p *os.Process, apart bool) error {
	if apart {
		return syscall.Kill(-p.Pid, syscall.SIGINT)
	}
	return p.Signal(os.Interrupt)
}

// killGroup ends what a command that is apart left behind.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
