package outbox

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"burrow/client"
)

// How many runs, or how many bytes of bodies, share a commit of a bulk.
const (
	bulkRuns  = 1000
	bulkBytes = 4 << 20
)

// Accepted is what became of one run of a bulk.
type Accepted struct {
	New   New
	Run   *Run  // that is there now; nil where Err says why it is not
	Added bool  // false: it, or an equal run under its shared key, was there
	Err   error // the run is unfit, in conflict, or was deleted here; the others go on
}

// EnqueueAll is Enqueue for many runs, in few commits. Each is told of, in
// order, once it is on the disk. An error of the sequence or of the outbox ends
// it; what was told of before stays.
func (s *Store) EnqueueAll(ctx context.Context, runs iter.Seq2[New, error], told func(Accepted)) error {
	ctx, cancel := context.WithCancel(ctx)
	batches := make(chan *bulk)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	var ended error
	reading.Go(func() {
		defer close(batches)
		ended = s.prepareAll(ctx, runs, batches)
	})
	for batch := range batches { // while one commits, the next is made ready
		if err := s.acceptAll(ctx, batch); err != nil {
			return err
		}
		for _, one := range batch.accepted {
			told(one)
		}
	}
	return ended
}

// bulk is the runs of one commit.
type bulk struct {
	accepted []Accepted
	ready    []prepared
	size     int
}

// prepared is what a run needs that no transaction must wait for.
type prepared struct {
	summary client.Summary
	packed  []byte
}

func (s *Store) prepareAll(ctx context.Context, runs iter.Seq2[New, error], batches chan<- *bulk) error {
	batch := &bulk{}
	give := func() bool {
		s.prepareBulk(batch)
		select {
		case batches <- batch:
			batch = &bulk{}
			return true
		case <-ctx.Done():
			return false
		}
	}
	for n, err := range runs {
		if err != nil {
			if len(batch.accepted) > 0 && !give() {
				return context.Cause(ctx)
			}
			return err
		}
		batch.accepted, batch.size = append(batch.accepted, Accepted{New: n}), batch.size+len(n.Body)
		if (len(batch.accepted) >= bulkRuns || batch.size >= bulkBytes) && !give() {
			return context.Cause(ctx)
		}
	}
	if len(batch.accepted) > 0 && !give() {
		return context.Cause(ctx)
	}
	return nil
}

// prepareBulk summarizes and packs, on all processors.
func (s *Store) prepareBulk(b *bulk) {
	b.ready = make([]prepared, len(b.accepted))
	workers := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(b.accepted); i += workers {
				one := &b.accepted[i]
				b.ready[i], one.Err = s.ready(one.New)
			}
		})
	}
	all.Wait()
}

// ready makes a run ready to be accepted.
func (s *Store) ready(n New) (p prepared, err error) {
	if n.summary != nil {
		p.summary = *n.summary
	} else if p.summary, err = client.Summarize(n.Body); err != nil {
		return p, fmt.Errorf("%w: %w", errUnfit, err)
	}
	if p.packed, err = s.pack.pack(n.Body); err != nil {
		return p, fmt.Errorf("packing the run: %w", err)
	}
	return p, nil
}

// acceptAll commits a bulk. A commit that failed with an I/O error may be
// visible without being durable: only a later one of the same runs counts.
func (s *Store) acceptAll(ctx context.Context, b *bulk) error {
	accept := func() error {
		return s.update(ctx, func(t *tx) error {
			for i := range b.accepted {
				if b.ready[i].packed == nil {
					continue // it is unfit
				}
				one := &b.accepted[i]
				one.Run, one.Added, one.Err = t.enqueue(one.New, b.ready[i].summary, b.ready[i].packed)
				if one.Err != nil && !refusesOne(one.Err) {
					return one.Err
				}
			}
			return nil
		})
	}
	err := accept()
	if err != nil && ctx.Err() == nil && !isBusy(err) {
		err = accept()
	}
	return err
}

// refusesOne tells whether an error says no to one run, not to the outbox.
func refusesOne(err error) bool {
	var conflict *KeyConflictError
	return errors.As(err, &conflict) || errors.Is(err, ErrDeleted)
}

func isBusy(err error) bool {
	var busy *BusyError
	return errors.As(err, &busy)
}
