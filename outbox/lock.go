package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lockWait bounds how long an operation waits for the side lock where its
// context says nothing shorter. Bursts are a few milliseconds; who waits this
// long waits for a process that was stopped while it held the lock.
const lockWait = 15 * time.Second

// BusyError says that the outbox could not be had in time, and who holds it.
type BusyError struct {
	Path   string
	Holder string // "process 123 (burrow sync)", or "" where it is not known
}

func (e *BusyError) Error() string {
	holder := e.Holder
	if holder == "" {
		holder = "another process"
	}
	return fmt.Sprintf("the outbox %s is held by %s: wait for it, or end it", e.Path, holder)
}

// sideLock serialises the bursts of all processes on one outbox. bbolt's own
// lock is tried every 50 ms and is unfair; measured with eight processes, a
// lock on a side file first cuts the worst wait to a thirtieth.
type sideLock struct {
	path string
	turn chan struct{} // this process's goroutines queue here first
}

func newSideLock(path string) *sideLock {
	return &sideLock{path: path, turn: make(chan struct{}, 1)}
}

// acquire takes the lock, or says who holds it. The returned function gives it
// back.
func (l *sideLock) acquire(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, l.busy(ctx)
	}
	file := flock.New(l.path, flock.SetPermissions(0o600))
	for {
		locked, err := file.TryLock()
		if err != nil {
			<-l.turn
			return nil, fmt.Errorf("locking the outbox: %w", err)
		}
		if locked {
			break
		}
		select {
		case <-time.After(time.Millisecond + rand.N(time.Millisecond)):
		case <-ctx.Done():
			<-l.turn
			return nil, l.busy(ctx)
		}
	}
	l.sign()
	return func() {
		_ = file.Close()
		<-l.turn
	}, nil
}

func (l *sideLock) busy(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	holder, _ := os.ReadFile(l.path)
	return &BusyError{Path: strings.TrimSuffix(l.path, lockSuffix), Holder: strings.TrimSpace(string(holder))}
}

// signLength is the length of a signature in the lock file, in bytes: always
// the same, so that one write replaces the last holder's.
const signLength = 128

// sign leaves the holder's name in the lock file, for the error of those who
// wait in vain. Windows does not let a locked file be written.
func (l *sideLock) sign() {
	if runtime.GOOS == "windows" {
		return
	}
	file, err := os.OpenFile(l.path, os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	text := fmt.Sprintf("%-*s", signLength, signature())
	_, _ = file.WriteAt([]byte(text[:signLength]), 0)
	_ = file.Close()
}

func signature() string {
	words := append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...)
	if len(words) > 2 {
		words = words[:2] // the rest may name things that are nobody's business
	}
	return fmt.Sprintf("process %d (%s)\n", os.Getpid(), strings.Join(words, " "))
}
