package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	bolt "go.etcd.io/bbolt"
)

// guard looks at the pages that a write changes, before bbolt frees them: those
// from a bucket's root to the key, and their neighbours, with which they may be
// merged.
type guard struct {
	file  io.ReaderAt
	size  int64
	next  uint64
	free  []uint64 // the pages that bbolt may write over, in order
	sound map[uint64]treePage
}

// newGuard guards a transaction that begins. It looks at the small buckets in
// the root's own leaves at once: bbolt copies those to the heap and believes how
// many entries they have, where a wrong number reads memory that is not the
// file's.
func newGuard(file io.ReaderAt, b *bolt.Tx) (*guard, error) {
	g := &guard{file: file, size: int64(b.DB().Info().PageSize), sound: map[uint64]treePage{}}
	g.next = uint64(b.Size() / g.size)
	return g, g.buckets(uint64(b.Cursor().Bucket().Root()), 0)
}

// buckets looks at the buckets that lie in the leaves below a page.
func (g *guard) buckets(id uint64, depth int) error {
	p, err := readTreePage(g.file, g.size, id, g.next, true)
	if err != nil {
		return err
	}
	g.sound[id] = p
	if !p.leaf && depth == deepest {
		return errors.New("the tree of buckets has no end")
	}
	if p.leaf {
		return p.buckets(func(uint64) error { return nil })
	}
	for i := range p.count {
		if err := g.buckets(p.child(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (g *guard) page(id uint64) (treePage, error) {
	if p, known := g.sound[id]; known {
		return p, nil
	}
	if _, free := slices.BinarySearch(g.free, id); free {
		return treePage{}, fmt.Errorf("page %d is free, and reached too", id)
	}
	p, err := readTreePage(g.file, g.size, id, g.next, false)
	if err == nil && !p.leaf && p.overflow > 0 {
		p, err = readTreePage(g.file, g.size, id, g.next, true)
	}
	if err == nil {
		g.sound[id] = p
	}
	return p, err
}

// path follows a key from a bucket's root.
func (g *guard) path(root uint64, key []byte) error {
	for depth := 0; root != 0; depth++ {
		if depth > deepest {
			return fmt.Errorf("the tree of page %d has no end", root)
		}
		p, err := g.page(root)
		if err != nil || p.leaf {
			return err
		}
		after := sort.Search(p.count, func(i int) bool { return bytes.Compare(p.key(i), key) > 0 })
		at := max(after-1, 0)
		for _, i := range []int{at - 1, at + 1} {
			if i >= 0 && i < p.count {
				if _, err := g.page(p.child(i)); err != nil {
					return err
				}
			}
		}
		root = p.child(at)
	}
	return nil
}

// put writes an entry, and drop removes one, where the pages that this changes
// are sound.
func (t *tx) put(b *bolt.Bucket, k, v []byte) error {
	if err := t.guarded(b, k); err != nil {
		return err
	}
	return b.Put(k, v)
}

func (t *tx) drop(bucket, k []byte) error {
	b := t.Bucket(bucket)
	if err := t.guarded(b, k); err != nil {
		return err
	}
	return b.Delete(k)
}

func (t *tx) guarded(b *bolt.Bucket, k []byte) error {
	if t.guard == nil { // a file that is being built
		return nil
	}
	if err := t.guard.path(uint64(b.Root()), k); err != nil {
		return damagedFile(t.store.path, err)
	}
	return nil
}

// dropPrefix removes the entries whose keys begin so.
func (t *tx) dropPrefix(bucket, prefix []byte) error {
	var keys [][]byte
	c := t.Bucket(bucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, slices.Clone(k))
	}
	for _, k := range keys {
		if err := t.drop(bucket, k); err != nil {
			return err
		}
	}
	return nil
}
