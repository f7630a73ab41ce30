package harness

import (
	"os"
	"os/exec"
)

func setApart(*exec.Cmd) {}

// interrupt kills: Windows has no interrupt to send.
func interrupt(p *os.Process, _ bool) error { return p.Kill() }

func killGroup(*os.Process) {}
