package outbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The tree of a bbolt file, checked without bbolt, which trusts it: it follows
// circles for ever, reads beyond its memory where an entry says so, and frees as
// many pages as a page's header claims, its neighbours' among them.

// treePage is a branch or a leaf of the tree.
type treePage struct {
	id       uint64
	leaf     bool
	count    int
	overflow uint64 // pages that it reaches beyond its first
	data     []byte // the table of its entries at least
}

// readTreePage reads a page and tells whether its head is true to its entries;
// next is the first page that was never used. Where its keys are not wanted,
// only its head and its table are read.
func readTreePage(file io.ReaderAt, size int64, id, next uint64, keys bool) (p treePage, err error) {
	damaged := func(what string) (treePage, error) { return treePage{}, fmt.Errorf("page %d %s", id, what) }
	if id < 2 || id >= next {
		return damaged("lies beyond the file")
	}
	p = treePage{id: id, data: make([]byte, size)}
	if _, err := file.ReadAt(p.data, int64(id)*size); err != nil {
		return p, fmt.Errorf("page %d can't be read: %w", id, err)
	}
	flags := binary.NativeEndian.Uint16(p.data[8:])
	p.count, p.overflow = int(binary.NativeEndian.Uint16(p.data[10:])), uint64(binary.NativeEndian.Uint32(p.data[12:]))
	table := int64(pageHeader + p.count*leafElement) // a branch's are as long
	switch p.leaf = flags == leafFlag; {
	case binary.NativeEndian.Uint64(p.data) != id:
		return damaged("bears another number")
	case !p.leaf && flags != branchFlag:
		return damaged("is neither branch nor leaf")
	case !p.leaf && p.count == 0:
		return damaged("has no entries")
	case p.overflow >= next-id, table > int64(p.overflow+1)*size:
		return damaged("has a damaged head")
	}
	if whole := int64(p.overflow+1) * size; whole > size && (keys || table > size) {
		if !keys {
			whole = table
		}
		p.data = make([]byte, whole)
		if _, err := file.ReadAt(p.data, int64(id)*size); err != nil {
			return p, fmt.Errorf("page %d can't be read: %w", id, err)
		}
	}
	end := table
	for i := range p.count {
		begin, stop := p.span(i)
		if begin < table || stop > int64(p.overflow+1)*size {
			return damaged("has an entry beyond its end")
		}
		end = max(end, stop)
	}
	if (end+size-1)/size != int64(p.overflow+1) {
		return damaged("does not reach as far as its entries")
	}
	return p, nil
}

// span is where an entry's key and value lie in the page.
func (p treePage) span(i int) (begin, end int64) {
	at := pageHeader + i*leafElement
	word := func(at int) int64 { return int64(binary.NativeEndian.Uint32(p.data[at:])) }
	if p.leaf {
		begin = int64(at) + word(at+4)
		return begin, begin + word(at+8) + word(at+12)
	}
	begin = int64(at) + word(at)
	return begin, begin + word(at+4)
}

// key is an entry's key.
func (p treePage) key(i int) []byte {
	at := pageHeader + i*leafElement
	begin, end := p.span(i)
	if p.leaf {
		end = begin + int64(binary.NativeEndian.Uint32(p.data[at+8:]))
	}
	return p.data[begin:end]
}

// child is the page that a branch's entry names.
func (p treePage) child(i int) uint64 {
	return binary.NativeEndian.Uint64(p.data[pageHeader+i*leafElement+8:])
}

// buckets goes through the buckets that a leaf names: those whose tree has a root
// of its own are visited, those that lie in the leaf are looked at here.
func (p treePage) buckets(visit func(root uint64) error) error {
	for i := range p.count {
		at := pageHeader + i*leafElement
		if binary.NativeEndian.Uint32(p.data[at:]) != bucketFlag {
			continue
		}
		begin, end := p.span(i)
		value := p.data[begin+int64(binary.NativeEndian.Uint32(p.data[at+8:])) : end]
		if len(value) < bucketHeader || binary.NativeEndian.Uint64(value) == 0 && !soundInlineBucket(value) {
			return fmt.Errorf("page %d has a damaged bucket", p.id)
		}
		if root := binary.NativeEndian.Uint64(value); root != 0 {
			if err := visit(root); err != nil {
				return err
			}
		}
	}
	return nil
}

// soundTree walks the whole tree that bbolt would go by: every page is reached
// once, keys are in order, and the free pages are all the others.
func soundTree(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	m, found := newestMeta(file)
	if !found {
		return nil // bbolt itself says so
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if m.next > uint64(info.Size()/m.pageSize) {
		return fmt.Errorf("the file ends before its page %d", m.next-1)
	}
	w := &treeWalk{file: file, size: m.pageSize, next: m.next, seen: make([]bool, m.next)}
	if err := w.page(m.root, nil, nil); err != nil {
		return err
	}
	if err := w.free(m); err != nil {
		return fmt.Errorf("%w: %w", errFreePages, err)
	}
	return nil
}

// errFreePages says that the tree is sound, but not the list of free pages.
var errFreePages = errors.New("the free pages")

type treeWalk struct {
	file io.ReaderAt
	size int64
	next uint64
	seen []bool
}

// page walks a page and what is below it; its keys lie from least to below.
func (w *treeWalk) page(id uint64, least, below []byte) error {
	p, err := readTreePage(w.file, w.size, id, w.next, true)
	if err != nil {
		return err
	}
	if err := w.reach(id, p.overflow); err != nil {
		return err
	}
	for i := range p.count {
		key, after := p.key(i), below
		if i > 0 && bytes.Compare(p.key(i-1), key) >= 0 || bytes.Compare(key, least) < 0 || below != nil && bytes.Compare(key, below) >= 0 {
			return fmt.Errorf("page %d has a key out of order", id)
		}
		if !p.leaf {
			if i+1 < p.count {
				after = p.key(i + 1)
			}
			if err := w.page(p.child(i), key, after); err != nil {
				return err
			}
		}
	}
	if p.leaf {
		return p.buckets(func(root uint64) error { return w.page(root, nil, nil) })
	}
	return nil
}

func (w *treeWalk) reach(id, overflow uint64) error {
	for at := id; at <= id+overflow; at++ {
		if w.seen[at] {
			return fmt.Errorf("page %d is reached twice", at)
		}
		w.seen[at] = true
	}
	return nil
}

// free tells whether the list of free pages names all pages that the tree did
// not reach.
func (w *treeWalk) free(m meta) error {
	list, overflow, err := readFreelist(w.file, m)
	if err != nil {
		return err
	}
	if err := w.reach(m.freelist, overflow); err != nil {
		return err
	}
	for _, id := range list {
		if w.seen[id] {
			return fmt.Errorf("page %d is free, and reached too", id)
		}
		w.seen[id] = true
	}
	for id := uint64(2); id < w.next; id++ {
		if !w.seen[id] {
			return fmt.Errorf("page %d is neither free nor reached", id)
		}
	}
	return nil
}

// soundInlineBucket tells whether all entries of an inline bucket lie in it.
func soundInlineBucket(value []byte) bool {
	if len(value) < bucketHeader+pageHeader {
		return false
	}
	page := value[bucketHeader:]
	p := treePage{leaf: true, count: int(binary.NativeEndian.Uint16(page[10:])), data: page}
	if binary.NativeEndian.Uint16(page[8:]) != leafFlag || pageHeader+p.count*leafElement > len(page) {
		return false
	}
	for i := range p.count {
		if _, end := p.span(i); end > int64(len(page)) {
			return false
		}
	}
	return true
}
