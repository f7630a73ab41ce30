package quiet_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	_ "burrow/tui/quiet"

	_ "github.com/charmbracelet/bubbletea"
)

// The runtime prints the order in which packages are initialised.
func TestQuietIsInitialisedBeforeBubbleTea(t *testing.T) {
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	trace, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, trace)
	}
	quiet := strings.Index(string(trace), "init burrow/tui/quiet ")
	tea := strings.Index(string(trace), "init github.com/charmbracelet/bubbletea ")
	if quiet < 0 || tea < 0 || quiet > tea {
		t.Errorf("burrow/tui/quiet must come before bubbletea:\n%s", trace)
	}
}
