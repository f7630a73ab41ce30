package main

import (
	"slices"
	"testing"
	"time"
)

// TestTheFormOnTheScreen is the form as a person uses it: file names are
// completed, what git refuses comes back with what was typed, two files are one
// run of two iterations, a command that fails is shown, and Ctrl-C quits.
func TestTheFormOnTheScreen(t *testing.T) {
	p := newPlace(t)
	server := p.serve()
	p.file("bench.txt", goOutput)
	p.file("more.txt", goOutput)
	ui := p.openUI(80, 24, "burrow --host "+server.url)
	wait := 20 * time.Second
	ui.shows(wait, "The outbox is empty")
	ui.press("n")
	ui.shows(wait, "what runs the benchmark")
	ui.press("Enter")
	ui.press("-l", "be")
	ui.shows(wait, "> bench.txt")
	ui.press("Right")
	ui.press("-l", " mo")
	ui.shows(wait, "> bench.txt more.txt")
	ui.press("Right", "Enter")
	ui.press("-l", "demo")
	ui.press("Enter")
	ui.press("-l", "bad..branch")
	ui.press("Enter", "Enter", "Enter")
	ui.shows(wait, `! Branch "bad..branch"`, "> bad..branch", "Enter run it")
	ui.press("Up", "Up", "C-u")
	ui.press("-l", "good")
	ui.press("Enter", "Enter", "Enter")
	ui.shows(wait, "1 run of 2 iterations", "read from 2 files", "to "+server.url, "demo · good")
	ui.press("C-c")
	ui.shows(wait, "Throw these results away and quit?")
	ui.press("n")
	ui.shows(wait, "Enter put it in the outbox")
	ui.press("Enter")
	ui.shows(wait, "● sent", "2 of 2 iterations")

	ui.press("n")
	ui.shows(wait, "what runs the benchmark")
	ui.press("-l", "echo said; exit 3")
	ui.press("Enter", "Enter", "Enter", "Enter", "Enter", "Enter")
	ui.shows(wait, "! The command failed: exit status 3.", "said")
	ui.press("Escape")
	ui.shows(wait, "Enter run it")
	ui.press("Up", "Up", "Up", "Up", "Up")
	ui.shows(wait, "> echo said; exit 3")
	ui.press("C-c")
	if !until(wait, func() bool { return ui.tmux("list-sessions").Run() != nil }) {
		t.Error("Ctrl-C does not quit")
	}
	p.checked()
}

// TestWhatAResubmissionToldIsSentences: a warning's prefix is for the command
// line.
func TestWhatAResubmissionToldIsSentences(t *testing.T) {
	told := "The report 1 was deleted.\nburrow: the report 2 stays\nRun 3 resubmits 4.\n"
	if got := noticesIn(told); !slices.Equal(got, []string{"The report 1 was deleted.", "the report 2 stays"}) {
		t.Errorf("%q", got)
	}
}
