package outbox

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"time"
)

// watchInterval is how often the file is glanced at for changes by other
// processes. A glance reads 80 bytes of two pages, without a lock.
const watchInterval = 100 * time.Millisecond

// stamp tells one state of the file from another: which file it is, and the
// transaction numbers of bbolt's two meta pages. File times are too coarse:
// two commits can fall into one tick.
type stamp struct {
	file   os.FileInfo
	first  uint64
	second uint64
}

// Watch returns a channel that holds one message after the outbox changed,
// by this process or another, within 250 ms. It is closed when the context
// ends.
func (s *Store) Watch(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	before := s.stamp()
	go func() {
		defer close(changes)
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if now := s.stamp(); !now.equal(before) {
				before = now
				select {
				case changes <- struct{}{}:
				default:
				}
			}
		}
	}()
	return changes
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
	return stamp{file: info, first: metaTransaction(file, 0), second: metaTransaction(file, int64(os.Getpagesize()))}
}

// metaTransaction reads the transaction number of a meta page: after the page
// header (16 bytes), magic, version, page size, flags, root, freelist and page
// count.
func metaTransaction(file io.ReaderAt, page int64) uint64 {
	const offset = 16 + 4 + 4 + 4 + 4 + 16 + 8 + 8
	var word [8]byte
	if _, err := file.ReadAt(word[:], page+offset); err != nil {
		return 0
	}
	return binary.NativeEndian.Uint64(word[:])
}
