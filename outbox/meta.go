package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The two meta pages of a bbolt file: each commit writes one of them in turn,
// and the newer one names the root of the tree. They are read without bbolt
// before it may trust them.

// meta is what a meta page says.
type meta struct {
	pageSize             int64
	root, freelist, next uint64 // page numbers; next is the first that was never used
	commit               uint64
}

const (
	metaMagic  = 0xED0CDAED
	metaLength = 64 // after the page's header; its last 8 bytes are its checksum
)

// metaPlaces are where a meta page can begin: the first one at 0, the second
// one at the page size.
func metaPlaces() []int64 {
	return []int64{0, 1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, maxPageSize}
}

// readMeta reads the meta page at a place: none where bbolt's magic number is
// not there, else whether it matches its checksum.
func readMeta(file io.ReaderAt, at int64) (m meta, there, sound bool) {
	data := make([]byte, metaLength)
	if _, err := file.ReadAt(data, at+pageHeader); err != nil {
		return m, false, false
	}
	word := func(at int) uint64 { return binary.NativeEndian.Uint64(data[at:]) }
	m = meta{int64(binary.NativeEndian.Uint32(data[8:])), word(16), word(32), word(40), word(48)}
	sum := fnv.New64a()
	_, _ = sum.Write(data[:metaLength-8])
	there = binary.NativeEndian.Uint32(data) == metaMagic
	size := m.pageSize
	return m, there, there && sum.Sum64() == word(metaLength-8) && size >= 1<<10 && size <= maxPageSize && size&(size-1) == 0
}

// hasBoltMeta looks for bbolt's magic number in either of its two meta pages.
func hasBoltMeta(file io.ReaderAt) bool {
	for _, at := range metaPlaces() {
		if _, there, _ := readMeta(file, at); there {
			return true
		}
	}
	return false
}

// bothMetas reads both meta pages as they are: the second one's place is in the
// first, else it is sought.
func bothMetas(file io.ReaderAt) (first, second meta) {
	first, _, sound := readMeta(file, 0)
	if sound {
		second, _, _ = readMeta(file, first.pageSize)
		return first, second
	}
	second, _ = newestMeta(file)
	return first, second
}

// newestMeta is the meta page that bbolt goes by; false: neither is sound.
func newestMeta(file io.ReaderAt) (newest meta, found bool) {
	for _, at := range metaPlaces() {
		if m, _, sound := readMeta(file, at); sound && (at == 0 || at == m.pageSize) && (!found || m.commit > newest.commit) {
			newest, found = m, true
		}
	}
	return newest, found
}

// pageSizeOf is the size of a file's pages: what a sound meta page says, else
// the one at which most pages bear their own number.
func pageSizeOf(file io.ReaderAt) int64 {
	if m, found := newestMeta(file); found {
		return m.pageSize
	}
	size := int64(os.Getpagesize())
	most := ownPages(file, size)
	for other := int64(1 << 10); other <= maxPageSize; other *= 2 {
		if n := ownPages(file, other); n > most {
			size, most = other, n
		}
	}
	return size
}

// errMeta says that bbolt would go by the other meta page without a word, which
// may be the commit before the last.
var errMeta = errors.New("a meta page does not match its checksum: the last commit is not in the tree that is left")

// soundMeta tells whether both meta pages are whole.
func soundMeta(file io.ReaderAt, pageSize int64) error {
	for _, at := range []int64{0, pageSize} {
		if _, _, sound := readMeta(file, at); !sound {
			return errMeta
		}
	}
	return nil
}

// readFreelist reads the numbers of the pages that are free, and how many pages
// the list reaches beyond its first. bbolt believes its count, and reads on for
// minutes where it is wrong.
func readFreelist(file io.ReaderAt, m meta) (list []uint64, overflow uint64, err error) {
	damaged := fmt.Errorf("the list of free pages is damaged (page %d)", m.freelist)
	if m.freelist < 2 || m.freelist >= m.next {
		return nil, 0, damaged
	}
	head := make([]byte, pageHeader+8)
	if _, err := file.ReadAt(head, int64(m.freelist)*m.pageSize); err != nil {
		return nil, 0, fmt.Errorf("the list of free pages can't be read: %w", err)
	}
	count, begin := uint64(binary.NativeEndian.Uint16(head[10:])), int64(pageHeader)
	overflow = uint64(binary.NativeEndian.Uint32(head[12:]))
	if count == 0xFFFF { // a longer list has its length first
		count, begin = binary.NativeEndian.Uint64(head[pageHeader:]), begin+8
	}
	// The list's own pages are taken from it after its room was reckoned.
	room := (overflow + 1) * uint64(m.pageSize) / 8
	if binary.NativeEndian.Uint64(head) != m.freelist || binary.NativeEndian.Uint16(head[8:]) != freelistFlag ||
		overflow >= m.next-m.freelist || count >= m.next || count+uint64(begin)/8 > room ||
		(count+overflow+uint64(begin)/8+3)*8/uint64(m.pageSize) < overflow {
		return nil, 0, damaged
	}
	data := make([]byte, count*8)
	if _, err := file.ReadAt(data, int64(m.freelist)*m.pageSize+begin); err != nil {
		return nil, 0, fmt.Errorf("the list of free pages can't be read: %w", err)
	}
	before := uint64(1) // the meta pages are never free
	for at := 0; at < len(data); at += 8 {
		id := binary.NativeEndian.Uint64(data[at:])
		if id <= before || id >= m.next { // bbolt writes it in order
			return nil, 0, damaged
		}
		list, before = append(list, id), id
	}
	return list, overflow, nil
}
