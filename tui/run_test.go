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
