package tui

import (
	"fmt"
	"runtime/debug"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
)

// PanicError is a defect of the UI's that ended it. The terminal is as it was
// before, and the outbox is safe: it is written by its own transactions only.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the terminal UI broke: %v", e.Value) }

// guarded ends the UI by itself where drawing, a message or a command panics:
// Bubble Tea would write the stack over the screen.
type guarded struct {
	*app
	defect *defect
}

// defect is the first panic.
type defect struct {
	mu  sync.Mutex
	err *PanicError
}

// catch is deferred where something may panic.
func (d *defect) catch(then func()) {
	value := recover()
	if value == nil {
		return
	}
	d.mu.Lock()
	if d.err == nil {
		d.err = &PanicError{value, debug.Stack()}
	}
	d.mu.Unlock()
	then()
}

func (d *defect) error() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		return nil
	}
	return d.err
}

func (g guarded) Update(msg tea.Msg) (model tea.Model, cmd tea.Cmd) {
	defer g.defect.catch(func() { model, cmd = g, tea.Quit })
	_, cmd = g.app.Update(msg)
	return g, cmd
}

func (g guarded) View() (frame string) {
	if g.defect.error() != nil {
		return ""
	}
	defer g.defect.catch(func() { go g.work.quit() }) // Quit waits for the loop that this is in
	return g.app.View()
}
