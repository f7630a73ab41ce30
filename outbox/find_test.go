package outbox

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

// A part of an ID that is one run's beginning and another one's end names
// neither.
func TestAPartOfAnIDNamesOneRunOnly(t *testing.T) {
	s := openTest(t)
	ids := map[string]bool{}
	for _, id := range []string{"01a2aaaa-0000-7000-8000-00000000beef", "01b3aaaa-0000-7000-8000-0000000001a2"} {
		n := newRun(t, "main", len(ids)+1)
		old := n.ID.String()
		n.ID, n.Body = uuid.MustParse(id), []byte(strings.ReplaceAll(string(n.Body), old, id))
		enqueue(t, s, n)
		ids[id] = true
	}
	for text, want := range map[string]string{
		"01a2a": "01a2aaaa-0000-7000-8000-00000000beef", "01b3": "01b3aaaa-0000-7000-8000-0000000001a2",
		"beef": "01a2aaaa-0000-7000-8000-00000000beef", "01a2": "", "0000000": "", "c0de": "",
	} {
		run, err := s.Find(t.Context(), text)
		if (err == nil) != (want != "") || err == nil && run.ID.String() != want {
			t.Errorf("%s names %v, %v; want %q", text, run, err, want)
		}
	}
}
