package tui

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"
)

// TestTheScreenStaysUntilTheSenderRests, and says what is waited for; a second
// wish does not wait.
func TestTheScreenStaysUntilTheSenderRests(t *testing.T) {
	for name, k := range map[string]tea.KeyMsg{"q": keyMsg("q"), "Ctrl-C": {Type: tea.KeyCtrlC}, "Ctrl-Z": {Type: tea.KeyCtrlZ}} {
		t.Run(name, func(t *testing.T) {
			a := still(t, testTheme(termenv.Ascii, true), 80, 24, oneOfEach())
			rested := 0
			a.options.Suspend = func() { rested++ }
			_, wait := a.Update(k)
			if frame := a.View(); !strings.Contains(frame, "handing over what is being sent…") || rested > 0 {
				t.Errorf("rested %d times; the screen says:\n%s", rested, frame)
			}
			press(a, "x") // means nothing any more
			if a.menu != nil {
				t.Error("a question was asked")
			}
			_, again := a.Update(tea.KeyMsg{Type: tea.KeyCtrlC})
			if _, quits := brings[tea.QuitMsg](again); !quits {
				t.Error("a second wish waits too")
			}
			rests, ok := brings[senderRests](wait)
			if !ok || rested != 1 {
				t.Fatalf("the sender was laid to rest %d times", rested)
			}
			_, then := a.Update(rests)
			_, quits := brings[tea.QuitMsg](then)
			_, suspends := brings[tea.SuspendMsg](then)
			if quits != (name != "Ctrl-Z") || suspends != (name == "Ctrl-Z") {
				t.Errorf("quits %v, suspends %v", quits, suspends)
			}
			if strings.Contains(a.View(), "handing over") {
				t.Error("it still says so after it")
			}
		})
	}
}

// TestWithoutSuspensionTheSenderDeliversOn, as on Windows.
func TestWithoutSuspensionTheSenderDeliversOn(t *testing.T) {
	a := still(t, testTheme(termenv.Ascii, true), 80, 24, oneOfEach())
	a.suspends, a.options.Suspend = false, func() { t.Error("the sender was laid to rest") }
	_, cmd := a.Update(tea.KeyMsg{Type: tea.KeyCtrlZ})
	if _, suspends := brings[tea.SuspendMsg](cmd); suspends {
		t.Error("it suspends")
	}
	if frame := a.View(); !strings.Contains(frame, "no way back from the shell") {
		t.Errorf("nothing is said:\n%s", frame)
	}
}

// brings is the first message of a kind that commands bring. Those that wait for
// long are left out.
func brings[T tea.Msg](cmd tea.Cmd) (found T, ok bool) {
	if cmd == nil {
		return found, false
	}
	answer := make(chan tea.Msg, 1)
	go func() { answer <- cmd() }()
	select {
	case msg := <-answer:
		if batch, several := msg.(tea.BatchMsg); several {
			for _, one := range batch {
				if found, ok = brings[T](one); ok {
					return found, true
				}
			}
			return found, false
		}
		found, ok = msg.(T)
	case <-time.After(60 * time.Millisecond): // a tick, a toast's end
	}
	return found, ok
}

// TestTheSenderIsAskedInACommand: how it does is read from files.
func TestTheSenderIsAskedInACommand(t *testing.T) {
	a := driven(t, openStore(t, filepath.Join(t.TempDir(), "outbox.db")))
	asked := 0
	a.options.Delivery = func() Delivery { asked++; return Delivery{On: true, Quiet: true} }
	_, cmd := a.Update(pulsed{a.pings})
	if asked > 0 {
		t.Error("it is asked while a message is taken in")
	}
	m, ok := brings[deliveryTold](cmd)
	if a.Update(m); !ok || !a.delivery.Quiet {
		t.Errorf("%+v", a.delivery)
	}
}

// TestViewsWithoutAFilterSaySo where its key is pressed.
func TestViewsWithoutAFilterSaySo(t *testing.T) {
	for key, name := range map[string]string{"2": "Reports", "4": "Activity"} {
		a := press(still(t, testTheme(termenv.Ascii, true), 120, 40, oneOfEach()), key, "/")
		if frame := a.View(); !strings.Contains(frame, name+" has no filter") {
			t.Errorf("%s says nothing:\n%s", name, frame)
		}
	}
}
