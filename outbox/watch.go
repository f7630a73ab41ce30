package outbox

import (
	"context"
	"os"
	"sync"
	"time"
)

// watchInterval is how often the file is glanced at for changes by other
// processes. A glance reads 80 bytes of two pages, without a lock.
const watchInterval = 200 * time.Millisecond

// stamp tells one state of the file from another: which file it is, and the
// transaction numbers of bbolt's two meta pages. File times are too coarse:
// two commits can fall into one tick.
type stamp struct {
	file   os.FileInfo
	first  uint64
	second uint64
}

// pokeSpacing keeps a busy process from waking itself at each of its commits.
const pokeSpacing = time.Millisecond

// pokes tell this process's watchers of its own commits at once.
type pokes struct {
	mu   sync.Mutex
	each map[chan struct{}]bool
}

func (p *pokes) add() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.each == nil {
		p.each = map[chan struct{}]bool{}
	}
	poke := make(chan struct{}, 1)
	p.each[poke] = true
	return poke
}

func (p *pokes) remove(poke chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.each, poke)
}

func (p *pokes) all() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for poke := range p.each {
		select {
		case poke <- struct{}{}:
		default:
		}
	}
}

// Watch returns a channel that holds one message after the outbox changed, by
// this process or another, within 250 ms. It is closed when the context ends.
func (s *Store) Watch(ctx context.Context) <-chan struct{} { return s.watch(ctx, false) }

// WatchClosely is Watch, and tells of the commits through this Store at once:
// for who waits for one run and reads little.
func (s *Store) WatchClosely(ctx context.Context) <-chan struct{} { return s.watch(ctx, true) }

func (s *Store) watch(ctx context.Context, own bool) <-chan struct{} {
	changes := make(chan struct{}, 1)
	before := s.stamp()
	var poke chan struct{}
	if own {
		poke = s.pokes.add()
	}
	go func() {
		defer close(changes)
		defer s.pokes.remove(poke)
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for still := 0; ; still++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if still > settled && before.stands(s.path) {
					continue
				}
			case <-poke:
				tick.Reset(watchInterval)
			}
			if now := s.stamp(); !now.equal(before) {
				before, still = now, 0
				select {
				case changes <- struct{}{}:
				default:
				}
				if !sleep(ctx, pokeSpacing) {
					return
				}
			}
		}
	}()
	return changes
}

// settled is for how many looks a file must have stood still before its times
// alone are looked at: commits of one tick of the file system's clock, two
// seconds at the most, leave them alike.
const settled = int(3 * time.Second / watchInterval)

// stands tells whether the file at a path is the one of the stamp, with its
// times and its size.
func (a stamp) stands(path string) bool {
	if a.file == nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, a.file) && info.Size() == a.file.Size() && info.ModTime().Equal(a.file.ModTime())
}

// sleep waits, or returns false when the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (a stamp) equal(b stamp) bool {
	if a.file == nil || b.file == nil {
		return a.file == nil && b.file == nil
	}
	return a.first == b.first && a.second == b.second && os.SameFile(a.file, b.file)
}

func (s *Store) stamp() stamp {
	file, err := os.Open(s.path)
	if err != nil {
		return stamp{}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return stamp{}
	}
	first, second := bothMetas(file)
	return stamp{file: info, first: first.commit, second: second.commit}
}
