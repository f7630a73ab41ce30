package tui

import (
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"
)

// answerWait bounds a question to the terminal: time for a
// round trip over a slow line, short enough not to be felt as a hang.
const answerWait = 500 * time.Millisecond

// hasDarkBackground asks the terminal. Lip Gloss could, but it waits for 5 s
// where nobody answers and does not ask inside tmux at all, which knows. The
// second question, for the device's attributes, is one that every terminal
// answers: it ends the wait where the first one is not understood.
func hasDarkBackground(in *os.File, out term.File) bool {
	if !term.IsTerminal(in.Fd()) || !term.IsTerminal(out.Fd()) || os.Getenv("TERM") == "dumb" {
		return darkByEnvironment(os.Getenv)
	}
	if dark, ok := darkByAnswer(asked(in, out, "\x1b]11;?\x1b\\\x1b[c", readAnswer)); ok {
		return dark
	}
	return darkByEnvironment(os.Getenv)
}

// asked asks the terminal something and reads its answer, for as long as
// answerWait.
func asked(in *os.File, out io.Writer, question string, read func(io.Reader) string) string {
	before, err := term.MakeRaw(in.Fd())
	if err != nil {
		return ""
	}
	defer term.Restore(in.Fd(), before) //nolint:errcheck // nothing to be done about it
	reader, err := cancelreader.NewReader(in)
	if err != nil {
		return ""
	}
	defer reader.Close()
	timer := time.AfterFunc(answerWait, func() { reader.Cancel() })
	defer timer.Stop()
	if _, err := io.WriteString(out, question); err != nil {
		return ""
	}
	return read(reader)
}

// readAnswer reads until the device's attributes came (ESC [ … c), or nothing
// more does.
func readAnswer(in io.Reader) string {
	var answer strings.Builder
	buffer := make([]byte, 256)
	for answer.Len() < 1024 {
		n, err := in.Read(buffer)
		answer.Write(buffer[:n])
		_, attributes, begun := strings.Cut(answer.String(), "\x1b[?")
		if err != nil || begun && strings.Contains(attributes, "c") {
			break
		}
	}
	return answer.String()
}

// darkByAnswer reads an answer like ESC ] 11 ; rgb:1e1e/1e1e/2e2e ESC \.
func darkByAnswer(answer string) (dark, ok bool) {
	_, colour, found := strings.Cut(answer, "]11;rgb:")
	if !found {
		return false, false
	}
	if end := strings.IndexAny(colour, "\x07\x1b"); end >= 0 {
		colour = colour[:end]
	}
	parts := strings.Split(colour, "/")
	if len(parts) != 3 {
		return false, false
	}
	weights := []float64{0.299, 0.587, 0.114} // how bright the eye takes red, green and blue
	light := 0.0
	for i, part := range parts {
		value, err := strconv.ParseUint(part, 16, 32)
		if err != nil || part == "" {
			return false, false
		}
		light += weights[i] * float64(value) / float64(uint64(1)<<(4*len(part))-1)
	}
	return light < 0.5, true
}

// darkByEnvironment reads COLORFGBG ("15;0"), as some terminals set it, and
// else takes the terminal for dark.
func darkByEnvironment(env func(string) string) bool {
	fields := strings.Split(env("COLORFGBG"), ";")
	background, err := strconv.Atoi(fields[len(fields)-1])
	return err != nil || background < 7 || background == 8
}
