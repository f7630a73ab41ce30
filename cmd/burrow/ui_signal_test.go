package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A signal ends the UI, each time, and the terminal is as it was: Bubble Tea's
// own handler made every third wait for ever.
func TestASignalEndsTheUI(t *testing.T) {
	p := newPlace(t)
	const rounds = 12
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); sh -c "echo \$\$ >pid-$i; exec burrow"; echo "left $i"; touch left-$i; done; cat`, rounds)
	if err := os.WriteFile(filepath.Join(p.folder, "rounds.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	s := p.openUI(80, 24, "sh rounds.sh")
	for i := 1; i <= rounds; i++ {
		var pid int
		if !until(20*time.Second, func() bool {
			data, _ := os.ReadFile(filepath.Join(p.folder, fmt.Sprintf("pid-%d", i)))
			id, err := strconv.Atoi(strings.TrimSpace(string(data)))
			pid = id
			return err == nil
		}) {
			t.Fatalf("round %d does not begin:\n%s", i, s.text())
		}
		s.shows(20*time.Second, "1 Outbox", "n new run")
		process, err := os.FindProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Signal([]os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}[i%3]); err != nil {
			t.Fatal(err)
		}
		if !until(10*time.Second, func() bool { _, err := os.Stat(filepath.Join(p.folder, fmt.Sprintf("left-%d", i))); return err == nil }) {
			_ = process.Kill()
			t.Fatalf("signal %d did not end it:\n%s", i, s.text())
		}
	}
	s.shows(10*time.Second, fmt.Sprintf("left %d", rounds))
	if strings.Contains(s.text(), "1 Outbox") {
		t.Errorf("the screen is not as it was:\n%s", s.text())
	}
}
