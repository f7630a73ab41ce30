package outbox

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	"burrow/client"
)

// The pages of a bbolt file, read without bbolt: it trusts a file's tree, and
// panics or never ends on some damaged ones. Layouts are those of bbolt 1.x, in
// the machine's byte order.
const (
	pageHeader   = 16 // id (8), flags (2), count (2), overflow (4)
	leafElement  = 16 // flags (4), position from here (4), key length (4), value length (4)
	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10
	bucketFlag   = 0x01
	maxPageSize  = 64 << 10

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
		if !mayBeLeaf(header, id) {
			continue
		}
		page := make([]byte, min(leafLength(file, id*size, header), info.Size()-id*size))
		n, _ := file.ReadAt(page, id*size)
		leafEntries(page[:n], id*size, visit)
		if overflow := int64(len(page)-1) / size; overflow == int64(binary.NativeEndian.Uint32(header[12:])) {
			id += overflow // what lies there is a value, whatever it looks like
		}
	}
	return nil
}

// mayBeLeaf tells whether a page's head is a leaf's but for its number, or has
// its number and is no other kind's: what lies in it proves itself.
func mayBeLeaf(header []byte, id int64) bool {
	const metaFlag = 0x04
	switch flags := binary.NativeEndian.Uint16(header[8:]); flags {
	case leafFlag:
		return true
	case branchFlag, freelistFlag, metaFlag:
		return false
	}
	return binary.NativeEndian.Uint64(header) == uint64(id)
}

// leafLength is how far a leaf's entries reach, as far as an entry can: its head
// may say more or less.
func leafLength(file io.ReaderAt, at int64, header []byte) int64 {
	const longest = pageHeader + leafElement + packHead + client.MaxBody + 1024
	end := int64(pageHeader + int(binary.NativeEndian.Uint16(header[10:]))*leafElement)
	table := make([]byte, end)
	n, _ := file.ReadAt(table, at)
	for i := int64(pageHeader); i+leafElement <= int64(n); i += leafElement {
		word := func(by int64) int64 { return int64(binary.NativeEndian.Uint32(table[i+by:])) }
		if reach := i + word(4) + word(8) + word(12); reach <= longest {
			end = max(end, reach)
		}
	}
	return end
}

// hasBoltPages tells whether a file whose meta pages are gone looks like
// bbolt's: pages that bear their own number.
func hasBoltPages(file io.ReaderAt) bool {
	const enough = 3
	return ownPages(file, pageSizeOf(file)) >= enough
}

// ownPages counts how many of a file's first pages bear their own number, if
// they are of that size.
func ownPages(file io.ReaderAt, size int64) (sound int) {
	const among = 64
	for id := int64(2); id < among; id++ {
		var head [pageHeader]byte
		if _, err := file.ReadAt(head[:], id*size); err != nil {
			break
		}
		flags := binary.NativeEndian.Uint16(head[8:])
		if binary.NativeEndian.Uint64(head[:]) == uint64(id) && (flags == leafFlag || flags == branchFlag || flags == freelistFlag) {
			sound++
		}
	}
	return sound
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
