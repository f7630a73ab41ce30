package main

import (
	"context"
	"sync"

	"burrow/outbox"
)

// resting is a sender that can be laid to rest, which lets go of its claims,
// and woken again.
type resting struct {
	ctx    context.Context
	sender *outbox.Sender

	mu    sync.Mutex
	stop  context.CancelFunc // nil: it rests
	ended chan struct{}
	err   error // what it ended with
}

// wake starts it, unless it runs.
func (r *resting) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(r.ctx)
	ended := make(chan struct{})
	r.stop, r.ended, r.err = stop, ended, nil
	go func() {
		defer close(ended)
		defer stop()
		err := r.sender.Run(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err = err; r.ended == ended { // by itself: it can be woken again
			r.stop = nil
		}
	}()
}

// rest stops it and returns once its attempts have ended, with what it ended
// with.
func (r *resting) rest() error {
	r.mu.Lock()
	stop, ended := r.stop, r.ended
	r.stop = nil
	r.mu.Unlock()
	if stop != nil {
		stop()
		<-ended
	}
	return r.trouble()
}

// trouble is the error that it ended with by itself, if it did.
func (r *resting) trouble() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
