package tui

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"
)

// onScreen runs a person's command in the terminal, in place of the UI. Where it
// leaves something there to read, the UI comes back when the person has read it.
type onScreen struct {
	*exec.Cmd
	ctx context.Context

	// place is where the terminal's cursor stands, if it says so. nil: nobody sees
	// the output.
	place func() (at string, said bool)
	pause func()
}

func (c *onScreen) SetStdin(r io.Reader)  { c.Stdin = r }
func (c *onScreen) SetStdout(w io.Writer) { c.Stdout = w }
func (c *onScreen) SetStderr(w io.Writer) { c.Stderr = w }

// Run runs the command. A cursor that stands where it stood means that nothing
// was printed, or by a program that restored the screen.
func (c *onScreen) Run() error {
	if c.place == nil {
		c.onTerminal()
	}
	if c.place == nil {
		return c.Cmd.Run()
	}
	before, said := c.place()
	err := c.Cmd.Run()
	if after, again := c.place(); !said || !again || before != after {
		c.pause()
	}
	return err
}

// onTerminal prepares for a person who sees the output.
func (c *onScreen) onTerminal() {
	in, readable := c.Stdin.(*os.File)
	out, writable := c.Stdout.(*os.File)
	if !readable || !writable || !term.IsTerminal(in.Fd()) || !term.IsTerminal(out.Fd()) {
		return
	}
	// Off the last line: there, one more line would leave the cursor where it was.
	_, _ = io.WriteString(out, "\r\n\x1b[A")
	c.place = func() (string, bool) {
		answer := asked(in, out, "\x1b[6n", readPlace)
		return answer, answer != ""
	}
	c.pause = func() {
		_, _ = io.WriteString(out, "\r\npress Enter to return to burrow ")
		reader, err := cancelreader.NewReader(in)
		if err != nil {
			return
		}
		defer reader.Close()
		defer context.AfterFunc(c.ctx, func() { reader.Cancel() })()
		key := make([]byte, 1)
		for key[0] != '\n' && key[0] != '\r' {
			if _, err := reader.Read(key); err != nil {
				return
			}
		}
	}
}

// readPlace reads an answer like ESC [ 12 ; 1 R, whatever was typed before it.
func readPlace(in io.Reader) string {
	var text strings.Builder
	one := make([]byte, 1)
	for text.Len() < 1024 {
		if _, err := in.Read(one); err != nil {
			return ""
		}
		text.Write(one)
		if one[0] != 'R' {
			continue
		}
		if begin := strings.LastIndex(text.String(), "\x1b["); begin >= 0 {
			return text.String()[begin:]
		}
	}
	return ""
}
