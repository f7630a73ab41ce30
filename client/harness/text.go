package harness

import (
	"bytes"
	"encoding/json"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// Text turns an output's bytes into the text that is sent. A byte order mark
// tells UTF-16 (PowerShell's `>` writes it) and is dropped; a byte that is not
// UTF-8 becomes U+FFFD, so that one odd byte in a log line loses nothing else.
func Text(raw []byte) string {
	if bytes.HasPrefix(raw, []byte{0xFF, 0xFE}) || bytes.HasPrefix(raw, []byte{0xFE, 0xFF}) {
		decoder := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		if decoded, err := decoder.Bytes(raw); err == nil {
			raw = decoded
		}
	}
	raw = bytes.TrimPrefix(raw, []byte{0xEF, 0xBB, 0xBF})
	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// lines returns a command's output as `bencher run` sends it: lines joined by
// a newline, carriage returns and the last newline dropped.
func lines(raw []byte) string {
	text := strings.ReplaceAll(Text(raw), "\r\n", "\n")
	return strings.TrimSuffix(text, "\n")
}

func isJSON(text string) bool { return json.Valid([]byte(text)) }
