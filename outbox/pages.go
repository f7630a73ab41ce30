package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"
)

// The pages of a bbolt file, read without bbolt: it trusts a file's tree, and
// panics or never ends on some damaged ones. Layouts are those of bbolt 1.x, in
// the machine's byte order.
const (
	pageHeader  = 16 // id (8), flags (2), count (2), overflow (4)
	leafElement = 16 // flags (4), position from here (4), key length (4), value length (4)
	leafFlag    = 0x02
	bucketFlag  = 0x01
	maxPageSize = 64 << 10

	bucketHeader = 16 // root (8, 0 where the bucket is inline), sequence (8)
)

// eachLeaf reads the entries of every leaf page of a file, those of pages that
// are free again included, and where in the file each value begins.
func eachLeaf(file *os.File, visit func(k, v []byte, at int64)) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size := pageSizeOf(file)
	header := make([]byte, pageHeader)
	for id := int64(0); id*size < info.Size(); id++ {
		if _, err := file.ReadAt(header, id*size); errors.Is(err, io.EOF) {
			return nil // it was cut there
		} else if err != nil {
			continue // this page can't be read; others may
		}
		overflow := int64(binary.NativeEndian.Uint32(header[12:]))
		if binary.NativeEndian.Uint64(header) != uint64(id) || binary.NativeEndian.Uint16(header[8:]) != leafFlag ||
			(id+overflow)*size > info.Size() {
			continue
		}
		page := make([]byte, (overflow+1)*size)
		n, _ := file.ReadAt(page, id*size)
		leafEntries(page[:n], id*size, visit)
	}
	return nil
}

// pageSizeOf reads the page size from the first meta page that has one.
func pageSizeOf(file io.ReaderAt) int64 {
	const inMeta = pageHeader + 8 // after magic and version
	for _, at := range []int64{0, 4096, 8192, 16384, 32768, maxPageSize} {
		var word [4]byte
		if _, err := file.ReadAt(word[:], at+inMeta); err != nil {
			break
		}
		if size := binary.NativeEndian.Uint32(word[:]); size >= 1024 && size <= maxPageSize && size&(size-1) == 0 {
			return int64(size)
		}
	}
	return int64(os.Getpagesize())
}

// hasBoltPages tells whether a file whose meta pages are gone looks like
// bbolt's: pages that bear their own number.
func hasBoltPages(file io.ReaderAt) bool {
	size, sound := int64(os.Getpagesize()), 0
	const among, enough = 64, 3
	for id := int64(2); id < among; id++ {
		var head [pageHeader]byte
		if _, err := file.ReadAt(head[:], id*size); err != nil {
			break
		}
		flags := binary.NativeEndian.Uint16(head[8:])
		if binary.NativeEndian.Uint64(head[:]) == uint64(id) && (flags == leafFlag || flags == 0x01 || flags == 0x10) {
			sound++
		}
	}
	return sound >= enough
}

// leafEntries reads the entries of a leaf page that begins at offset, as far as
// they lie inside it.
func leafEntries(page []byte, offset int64, visit func(k, v []byte, at int64)) {
	if len(page) < pageHeader {
		return
	}
	count := int(binary.NativeEndian.Uint16(page[10:]))
	for i := range count {
		at := pageHeader + i*leafElement
		if at+leafElement > len(page) {
			return
		}
		element := page[at:]
		begin := uint64(at) + uint64(binary.NativeEndian.Uint32(element[4:]))
		key := begin + uint64(binary.NativeEndian.Uint32(element[8:]))
		end := key + uint64(binary.NativeEndian.Uint32(element[12:]))
		if binary.NativeEndian.Uint32(element) == bucketFlag {
			if end <= uint64(len(page)) {
				inlineBucket(page[key:end], offset+int64(key), visit)
			}
			continue
		}
		if end > uint64(len(page)) {
			continue
		}
		visit(page[begin:key:key], page[key:end:end], offset+int64(key))
	}
}

// inlineBucket reads a bucket that is so small that it lies in its parent's
// page: a header of 16 bytes with a root of 0, then a page.
func inlineBucket(value []byte, offset int64, visit func(k, v []byte, at int64)) {
	if len(value) < bucketHeader+pageHeader || binary.NativeEndian.Uint64(value) != 0 {
		return
	}
	if binary.NativeEndian.Uint16(value[bucketHeader+8:]) == leafFlag {
		leafEntries(value[bucketHeader:], offset+bucketHeader, visit)
	}
}

// soundFreelist looks at the page that the newer meta page names as the list of
// free pages: bbolt believes its count, and reads on for minutes where it is
// wrong.
func soundFreelist(path string) error {
	const (
		magic, freelistFlag           = 0xED0CDAED, 0x10
		freelistAt, countAt, newestAt = pageHeader + 32, pageHeader + 40, pageHeader + 48
	)
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	size := pageSizeOf(file)
	meta := make([]byte, newestAt+8)
	var id, pages, newest uint64
	for _, at := range []int64{0, size} {
		if _, err := file.ReadAt(meta, at); err != nil || binary.NativeEndian.Uint32(meta[pageHeader:]) != magic {
			continue
		}
		if txid := binary.NativeEndian.Uint64(meta[newestAt:]); txid >= newest {
			newest, id, pages = txid, binary.NativeEndian.Uint64(meta[freelistAt:]), binary.NativeEndian.Uint64(meta[countAt:])
		}
	}
	if newest == 0 || id >= pages { // bbolt itself says what is wrong with the meta pages
		return nil
	}
	head := make([]byte, pageHeader+8)
	if _, err := file.ReadAt(head, int64(id)*size); err != nil {
		return fmt.Errorf("the list of free pages can't be read: %w", err)
	}
	count, overflow := uint64(binary.NativeEndian.Uint16(head[10:])), uint64(binary.NativeEndian.Uint32(head[12:]))
	if count == 0xFFFF { // a longer list has its length first
		count = binary.NativeEndian.Uint64(head[pageHeader:]) + 1
	}
	if binary.NativeEndian.Uint16(head[8:]) != freelistFlag || overflow > pages || count > (overflow+1)*uint64(size)/8 {
		return fmt.Errorf("the list of free pages is damaged (page %d)", id)
	}
	return nil
}

// soundTree walks the branch pages from both roots and tells whether they form
// a tree: bbolt would follow a circle for ever.
func soundTree(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := &treeWalk{file: file, size: pageSizeOf(file), seen: map[uint64]bool{}}
	for _, meta := range []int64{0, w.size} {
		const rootAt = pageHeader + 16 // magic, version, page size, flags
		var root [8]byte
		if _, err := file.ReadAt(root[:], meta+rootAt); err == nil {
			clear(w.seen) // the two roots share pages
			if err := w.page(binary.NativeEndian.Uint64(root[:])); err != nil {
				return err
			}
		}
	}
	return nil
}

// soundInline looks at the buckets that lie in the root's own leaves. bbolt
// copies those to the heap and believes how many entries they have: a wrong
// number reads memory that is not the file's.
func soundInline(file *os.File, tx *bolt.Tx) error {
	w := &treeWalk{file: file, size: int64(tx.DB().Info().PageSize), seen: map[uint64]bool{}, inline: true}
	return w.page(uint64(tx.Cursor().Bucket().Root()))
}

type treeWalk struct {
	file   *os.File
	size   int64
	seen   map[uint64]bool
	inline bool // only the buckets that lie in the root's leaves
}

func (w *treeWalk) page(id uint64) error {
	if w.seen[id] {
		return fmt.Errorf("page %d is reached twice", id)
	}
	w.seen[id] = true
	head := make([]byte, w.size)
	if _, err := w.file.ReadAt(head, int64(id)*w.size); err != nil {
		return fmt.Errorf("page %d can't be read: %w", id, err)
	}
	const branchFlag, branchElement = 0x01, 16
	flags, count := binary.NativeEndian.Uint16(head[8:]), int(binary.NativeEndian.Uint16(head[10:]))
	overflow := int64(binary.NativeEndian.Uint32(head[12:]))
	switch flags {
	case branchFlag:
	case leafFlag:
		return w.buckets(head, id, overflow)
	default:
		return fmt.Errorf("page %d is neither branch nor leaf", id)
	}
	if overflow > 0 {
		info, err := w.file.Stat()
		if err != nil || (int64(id)+overflow+1)*w.size > info.Size() {
			return fmt.Errorf("page %d reaches beyond the file", id)
		}
		head = make([]byte, (overflow+1)*w.size)
		if _, err := w.file.ReadAt(head, int64(id)*w.size); err != nil {
			return fmt.Errorf("page %d can't be read: %w", id, err)
		}
	}
	for i := range count {
		at := pageHeader + i*branchElement
		if at+branchElement > len(head) {
			return fmt.Errorf("page %d has more entries than room", id)
		}
		if err := w.page(binary.NativeEndian.Uint64(head[at+8:])); err != nil {
			return err
		}
	}
	return nil
}

// buckets follows the roots of the buckets that a leaf names.
func (w *treeWalk) buckets(page []byte, id uint64, overflow int64) error {
	if overflow > 0 {
		return nil // values this large are records
	}
	for i := range int(binary.NativeEndian.Uint16(page[10:])) {
		at := pageHeader + i*leafElement
		if at+leafElement > len(page) {
			return fmt.Errorf("page %d has more entries than room", id)
		}
		if binary.NativeEndian.Uint32(page[at:]) != bucketFlag {
			continue
		}
		value := uint64(at) + uint64(binary.NativeEndian.Uint32(page[at+4:])) + uint64(binary.NativeEndian.Uint32(page[at+8:]))
		end := value + uint64(binary.NativeEndian.Uint32(page[at+12:]))
		if value+bucketHeader > uint64(len(page)) || end > uint64(len(page)) {
			return fmt.Errorf("page %d has an entry beyond its end", id)
		}
		root := binary.NativeEndian.Uint64(page[value:])
		switch {
		case root == 0:
			if !soundInlineBucket(page[value:end]) {
				return fmt.Errorf("page %d has a damaged bucket", id)
			}
		case !w.inline:
			if err := w.page(root); err != nil {
				return err
			}
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
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if binary.NativeEndian.Uint16(page[8:]) != leafFlag || pageHeader+count*leafElement > len(page) {
		return false
	}
	for i := range count {
		at := pageHeader + i*leafElement
		end := uint64(at) + uint64(binary.NativeEndian.Uint32(page[at+4:])) +
			uint64(binary.NativeEndian.Uint32(page[at+8:])) + uint64(binary.NativeEndian.Uint32(page[at+12:]))
		if end > uint64(len(page)) {
			return false
		}
	}
	return true
}
