package main

import (
	"bytes"
	"fmt"
	"io"
	"unicode"
)

// escaped writes JSON with every character that a terminal or a reader might
// obey (controls past ASCII, marks that reorder text) as an escape: the same
// value, and harmless. Such characters stand in strings only.
type escaped struct{ io.Writer }

// Write implements io.Writer; it takes whole documents.
func (e escaped) Write(document []byte) (int, error) {
	if harmless(document) {
		return e.Writer.Write(document)
	}
	var safe bytes.Buffer
	for _, r := range string(document) {
		switch {
		case r == '\n', r != 0x7f && !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r):
			safe.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&safe, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&safe, `\u%04x`, r)
		}
	}
	if _, err := e.Writer.Write(safe.Bytes()); err != nil {
		return 0, err
	}
	return len(document), nil
}

// harmless tells the documents that need no look at each character: JSON has
// the first controls escaped already.
func harmless(document []byte) bool {
	return !bytes.ContainsFunc(document, func(r rune) bool { return r >= 0x7f })
}
