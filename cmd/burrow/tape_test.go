package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheTapeIsWhatHappens replays demo.tape's keys against the real program in
// a real terminal: what the tape waits for must come to the screen.
func TestTheTapeIsWhatHappens(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures a real benchmark and plays minutes of film")
	}
	tape, err := os.ReadFile("../../demo.tape")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GONOSUMDB"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Skip("the tape runs a Go benchmark: no go command here")
		}
		p.env = append(p.env, name+"="+strings.TrimSpace(string(out)))
	}
	address := freeAddress(t)
	screen := p.openUI(120, 34, "bash --norc --noprofile")
	waits := 0
	for i, line := range strings.Split(string(tape), "\n") {
		line = strings.ReplaceAll(line, "127.0.0.1:6610", address)
		if err := screen.play(line, &waits); err != nil {
			t.Fatalf("demo.tape, line %d: %v; the screen:\n%s", i+1, err, screen.text())
		}
	}
	if waits < 8 {
		t.Errorf("the tape waits for %d things only: it proves nothing", waits)
	}
	reports, err := serverReports("http://"+address, "demo")
	if err != nil || len(reports) != 1 {
		t.Errorf("the server holds %d reports, %v; want 1", len(reports), err)
	}
	screen.press("C-c", "kill %%", "Enter") // the server
}

// tapeWait is a line that waits for the screen.
var tapeWait = regexp.MustCompile(`^Wait\+Screen(?:@(\S+))? /(.*)/$`)

// play does what one line of a tape says. Its pauses are for spectators.
func (s *screen) play(line string, waits *int) error {
	command, rest, _ := strings.Cut(line, " ")
	switch command {
	case "", "#", "Output", "Require", "Set", "Hide", "Show", "Sleep":
		return nil
	case "Type":
		text, err := strconv.Unquote(rest)
		if err != nil {
			return fmt.Errorf("%q: %w", rest, err)
		}
		s.press("-l", text)
		return nil
	case "Enter", "Escape", "Tab", "Space", "Down", "Up":
		times := 1
		if rest != "" {
			var err error
			if times, err = strconv.Atoi(rest); err != nil {
				return err
			}
		}
		for range times {
			s.press(command)
		}
		return nil
	}
	if letter, found := strings.CutPrefix(command, "Ctrl+"); found {
		s.press("C-" + strings.ToLower(letter))
		return nil
	}
	parts := tapeWait.FindStringSubmatch(line)
	if parts == nil {
		return fmt.Errorf("no command is %q", line)
	}
	limit := 15 * time.Second
	if parts[1] != "" {
		var err error
		if limit, err = time.ParseDuration(parts[1]); err != nil {
			return err
		}
	}
	want, err := regexp.Compile(parts[2])
	if err != nil {
		return err
	}
	*waits++
	if !until(2*limit, func() bool { return want.MatchString(s.text()) }) { // machines of tests are slower than those of films
		return fmt.Errorf("%s did not come", want)
	}
	return nil
}
