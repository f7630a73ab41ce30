package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// An export carries runs to another machine: gzip over JSON Lines, so that
// `gzip -dc FILE | jq` reads it.
//
//	{"burrow_export":1,"exported_at":"2026-11-25T12:00:00Z"}
//	{"before":"…","run":{…},"attempts":[…],"request":"the exact bytes that are sent"}
//	…
//	{"before":"…","end":{"runs":2}}
//
// before is the SHA-256 of all bytes before its line. A line is proven by the
// one after it: what a cut or a changed byte leaves proven is taken in, nothing
// else. run and attempts are the records as the outbox keeps them. A request that is
// not UTF-8 stands in base64 as request_base64; a pruned one is missing. Oldest
// runs come first.
const exportVersion = 1

type exportHead struct {
	Version    int       `json:"burrow_export"`
	ExportedAt time.Time `json:"exported_at"`
}

// exportLine is one line after the first: a run, or the end.
type exportLine struct {
	Before   string     `json:"before"`
	Run      *Run       `json:"run,omitempty"`
	Attempts []Attempt  `json:"attempts,omitempty"`
	Request  string     `json:"request,omitempty"`
	Base64   []byte     `json:"request_base64,omitempty"`
	End      *exportEnd `json:"end,omitempty"`
}

type exportEnd struct {
	Runs int `json:"runs"`
}

// exportPage is how many runs are read in one burst.
const exportPage = 200

// Export writes the runs that the query chooses, and returns how many. From
// then on another machine may deliver them too, which is noted at those that
// are not acknowledged, so that their acknowledgments are told apart. Memory is
// bounded; runs that are enqueued meanwhile are left out, and so are damaged
// ones, which are told.
func (s *Store) Export(ctx context.Context, q Query, to io.Writer) (runs int, damaged []error, err error) {
	zip := gzip.NewWriter(to)
	e := &exporter{sum: sha256.New()}
	e.to = io.MultiWriter(zip, e.sum)
	if err := e.line(exportHead{exportVersion, s.Now().UTC()}); err != nil {
		return 0, nil, err
	}
	q.OldestFirst, q.Limit = true, exportPage
	if q.Before == 0 {
		if q.Before, err = s.beyond(ctx); err != nil {
			return 0, nil, err
		}
	}
	for more := true; more; {
		var page []exportLine
		var told []error
		err := s.update(ctx, func(t *tx) error {
			var bad []error
			var unread int // they take no place in the page
			page, bad, unread, err = t.exportPage(&q)
			told = bad
			more = len(page)+len(bad)-unread == exportPage
			return err
		})
		if err != nil {
			return e.runs, damaged, fmt.Errorf("exporting: %w", err)
		}
		damaged = append(damaged, told...)
		for _, line := range page {
			if err := e.proven(line); err != nil {
				return e.runs, damaged, err
			}
			e.runs++
		}
	}
	if err := e.proven(exportLine{End: &exportEnd{e.runs}}); err != nil {
		return e.runs, damaged, err
	}
	if err := zip.Close(); err != nil {
		return e.runs, damaged, fmt.Errorf("exporting: %w", err)
	}
	return e.runs, damaged, nil
}

// beyond is the sequence number after the newest run's.
func (s *Store) beyond(ctx context.Context) (seq uint64, err error) {
	err = s.view(ctx, func(t *tx) error {
		seq = t.Bucket(bucketRuns).Sequence() + 1
		return nil
	})
	return seq, err
}

type exporter struct {
	to   io.Writer
	sum  hash.Hash
	runs int
}

// proven writes a line that proves those before it.
func (e *exporter) proven(line exportLine) error {
	line.Before = hex.EncodeToString(e.sum.Sum(nil))
	return e.line(line)
}

func (e *exporter) line(v any) error {
	encoder := json.NewEncoder(e.to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("exporting: %w", err)
	}
	return nil
}

// exportPage reads the next page and moves the query's cursor on.
func (t *tx) exportPage(q *Query) (page []exportLine, damaged []error, unread int, err error) {
	runs, err := t.listed(*q, func(_ uint64, bad error) error {
		damaged = append(damaged, bad)
		return nil
	})
	unread = len(damaged)
	for _, listed := range runs {
		q.After = listed.Seq
		line, err := t.exportRun(listed.Seq)
		switch {
		case errors.Is(err, ErrDamaged):
			damaged = append(damaged, err)
		case err != nil:
			return nil, nil, 0, err
		default:
			page = append(page, line)
		}
	}
	return page, damaged, unread, err
}

func (t *tx) exportRun(seq uint64) (line exportLine, err error) {
	run, err := t.run(seq) // as it is kept: lists show derived reasons
	if err != nil {
		return line, err
	}
	if !run.Status.Acknowledged() && !run.MayBeThere {
		run.MayBeThere = true
		if err := t.save(run); err != nil {
			return line, err
		}
	}
	if line.Attempts, err = t.attempts(run.Seq); err != nil {
		return line, fmt.Errorf("run %s: %w", run.ID, err)
	}
	if !run.BodyPruned {
		body, err := t.body(run)
		if err != nil {
			return line, fmt.Errorf("run %s: %w", run.ID, err)
		}
		if utf8.Valid(body) {
			line.Request = string(body)
		} else {
			line.Base64 = body
		}
	}
	carried := *run
	if carried.Claim != nil { // the attempt in flight is this machine's
		carried.Attempts -= carried.inFlight()
		carried.Claim, carried.Status = nil, Pending
	}
	carried.Seq = 0 // each outbox counts for itself
	line.Run = &carried
	return line, nil
}
