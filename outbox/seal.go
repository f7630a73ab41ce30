package outbox

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// Lines of files beside the outbox bear their hash: what is measured must not
// change where bbolt does not keep it.

// seal stands between a line of a kept file and its hash.
const seal = " sha256:"

// sealed is a line that can be told from a damaged one.
func sealed(line []byte) []byte { return fmt.Appendf(line, "%s%x\n", seal, sha256.Sum256(line)) }

// unsealed returns what was sealed, if it is as it was written.
func unsealed(data []byte) (line []byte, err error) {
	if at := bytes.LastIndex(data, []byte(seal)); at >= 0 && bytes.Equal(sealed(bytes.Clone(data[:at])), data) {
		return data[:at], nil
	}
	return nil, fmt.Errorf("%w: it does not match its checksum", ErrDamaged)
}
