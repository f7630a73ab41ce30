package outbox

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Find returns the run whose ID begins or ends with the text, or whose last
// group of digits begins with it, as lists show IDs. It must name one run only.
func (s *Store) Find(ctx context.Context, text string) (run *Run, err error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		return nil, fmt.Errorf("%w: the ID is empty", ErrNotFound)
	}
	err = s.view(ctx, func(t *tx) error {
		found := t.matching(text)
		switch len(found) {
		case 0:
			return fmt.Errorf("%w: %q (see burrow list)", ErrNotFound, text)
		case 1:
			if run, err = t.run(found[0]); err != nil {
				return err
			}
			return t.explain(run)
		}
		return fmt.Errorf("%q names several runs: give more of the ID", text)
	})
	return run, err
}

// matching finds the first two runs that a part of an ID names: a whole ID at
// once, a beginning by its place; an end is looked for in all IDs.
func (t *tx) matching(text string) (found []uint64) {
	if id, err := uuid.Parse(text); err == nil {
		if seq := t.Bucket(bucketIDs).Get(id[:]); seq != nil {
			return []uint64{decodeNumber(seq)}
		}
		return nil
	}
	digits := strings.ReplaceAll(text, "-", "")
	first, err := hex.DecodeString(digits + strings.Repeat("0", len(digits)%2))
	if err != nil {
		return nil
	}
	c := t.Bucket(bucketIDs).Cursor()
	for k, v := c.Seek(first); strings.HasPrefix(hex.EncodeToString(k), digits); k, v = c.Next() {
		if found = append(found, decodeNumber(v)); len(found) == 2 {
			return found
		}
	}
	const lastGroup = 20 // where it begins among an ID's digits
	for k, v := c.Last(); k != nil && len(found) < 2; k, v = c.Prev() {
		seq, id := decodeNumber(v), hex.EncodeToString(k)
		if (strings.HasSuffix(id, digits) || strings.HasPrefix(id[lastGroup:], digits)) && !slices.Contains(found, seq) {
			found = append(found, seq)
		}
	}
	return found
}
