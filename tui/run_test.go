package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNothingIsLeftRunningAfterRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	s := openStore(t, path)
	enqueue(t, s, "main")
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // what the runtime starts for it stays
	before := runtime.NumGoroutine()
	for _, end := range []string{"q", "\x03", "the context"} {
		input, keys := io.Pipe()
		var output lockedBuffer
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			done <- Run(ctx, Options{
				Store: s, Host: "https://bench.example", Input: input, Output: &output,
				Ping: func(ctx context.Context, _ string) (string, error) {
					<-ctx.Done() // a host that never answers
					return "", ctx.Err()
				},
			})
		}()
		if end == "the context" {
			cancel()
		} else {
			_, _ = io.WriteString(keys, end)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("ended by %q: %v", end, err)
			}
		case <-time.After(patience):
			t.Fatalf("%q does not end it", end)
		}
		cancel()
		keys.CloseWithError(errors.New("closed"))
		if strings.Contains(output.String(), "\x1b]11;?") {
			t.Error("something that is no terminal was asked for its background")
		}
	}
	deadline := time.After(patience)
	for runtime.NumGoroutine() > before {
		select {
		case <-deadline:
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		default:
			runtime.Gosched()
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestAPanicLeavesTheTerminalAsItWas: a defect in a message, in drawing or in a
// command ends the UI with an error and a stack, and restores the screen.
func TestAPanicLeavesTheTerminalAsItWas(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "outbox.db"))
	enqueue(t, s, "main")
	for name, options := range map[string]Options{
		"in a message": {Now: func() time.Time { panic("no time") }},
		"in a command": {Host: "https://bench.example", Ping: func(context.Context, string) (string, error) { panic("no ping") }},
	} {
		t.Run(name, func(t *testing.T) {
			input, keys := io.Pipe()
			defer keys.Close()
			var output lockedBuffer
			options.Store, options.Input, options.Output = s, input, &output
			armed := options.Now
			if armed != nil {
				calls := 0
				options.Now = func() time.Time {
					if calls++; calls > 2 {
						return armed()
					}
					return time.Now()
				}
			}
			err := Run(context.Background(), options)
			var broken *PanicError
			if !errors.As(err, &broken) || len(broken.Stack) == 0 || !strings.Contains(err.Error(), "no ") {
				t.Fatalf("%v", err)
			}
			if text := output.String(); !strings.Contains(text, "\x1b[?1049l") || strings.Contains(text, "goroutine") {
				t.Errorf("the terminal is left with %q", text)
			}
		})
	}
}
