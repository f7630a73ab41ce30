package outbox

import (
	"errors"
	"sync"
)

// broken remembers on which state of the file bbolt panicked, reading or
// writing. Each panic loses the memory that the file was mapped to, so the same
// state is not tried again; once it was repaired or replaced it is.
type broken struct {
	mu    sync.Mutex
	state map[bool]stamp // by read-only
	err   map[bool]error
}

// still returns the error of the last try, if the file is as it was then.
func (b *broken) still(readOnly bool, now func() stamp) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err[readOnly] == nil {
		return nil
	}
	if now().equal(b.state[readOnly]) {
		return b.err[readOnly]
	}
	delete(b.err, readOnly)
	return nil
}

// note keeps what a try came to.
func (b *broken) note(readOnly bool, err error, now func() stamp) {
	var file *damagedFileError
	if !errors.As(err, &file) || !file.panicked {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.state, b.err = map[bool]stamp{}, map[bool]error{}
	}
	b.state[readOnly], b.err[readOnly] = now(), err
}
