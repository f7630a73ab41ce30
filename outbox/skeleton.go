package outbox

import (
	"fmt"
	"io"
	"os"
	"slices"
)

// deepest bounds how deep a tree can be: a hundred entries a page reach further
// than any disk.
const deepest = 16

// soundSkeleton looks at the branches of a file's trees and at its list of free
// pages, before bbolt reads on for ever in a circle, or writes over a page that
// is in use. Leaves are not read: there are a hundred for each branch.
func soundSkeleton(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	m, found := newestMeta(file)
	if !found {
		return nil // bbolt itself says what is wrong with the meta pages
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	list, _, err := readFreelist(file, m)
	if err != nil || info.Size() > mostWalked {
		return err
	}
	if m.next > uint64(info.Size()/m.pageSize) {
		return fmt.Errorf("the file ends before its page %d", m.next-1)
	}
	s := &skeleton{file: file, size: m.pageSize, next: m.next, free: list, seen: make([]bool, m.next)}
	return s.tree(m.root)
}

type skeleton struct {
	file io.ReaderAt
	size int64
	next uint64
	free []uint64
	seen []bool
}

// tree looks at a tree from its root on. All its leaves lie equally deep.
func (s *skeleton) tree(root uint64) error {
	leaves := 0
	for id := root; ; leaves++ {
		p, err := readTreePage(s.file, s.size, id, s.next, false)
		if err != nil {
			return err
		}
		if p.leaf {
			break
		}
		if leaves == deepest {
			return fmt.Errorf("the tree of page %d has no end", root)
		}
		id = p.child(0)
	}
	return s.page(root, 0, leaves)
}

func (s *skeleton) page(id uint64, depth, leaves int) error {
	if err := s.reach(id); err != nil {
		return err
	}
	if depth == leaves && depth > 0 {
		return nil
	}
	p, err := readTreePage(s.file, s.size, id, s.next, true)
	if err != nil {
		return err
	}
	if p.leaf {
		return p.buckets(s.tree)
	}
	for i := range p.count {
		if err := s.page(p.child(i), depth+1, leaves); err != nil {
			return err
		}
	}
	return nil
}

func (s *skeleton) reach(id uint64) error {
	if id < 2 || id >= s.next {
		return fmt.Errorf("page %d lies beyond the file", id)
	}
	if s.seen[id] {
		return fmt.Errorf("page %d is reached twice", id)
	}
	s.seen[id] = true
	if _, free := slices.BinarySearch(s.free, id); free {
		return fmt.Errorf("page %d is free, and reached too", id)
	}
	return nil
}
