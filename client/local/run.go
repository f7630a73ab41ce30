package local

import (
	"errors"
	"net/http"

	"github.com/google/uuid"
)

// all says that every iteration is stored.
const all = -1

// work is a run that may be stored: read, checked and authorized.
type work struct {
	run  *run
	who  actor
	read reading
}

// stored is what storing a run came to.
type stored struct {
	report fullReport
	replay bool
	// failure is the answer where the report's row was stored but not (all of)
	// its results: the key is spent (bencher-api.md, section 1.4).
	failure error
}

// receive reads a run from its request. Nothing is stored yet.
func (c *call) receive() (*work, error) {
	r, err := parseRun(c.request.Header.Get("Content-Type"), c.body)
	if err != nil {
		return nil, err
	}
	who, refusal := c.actor()
	if refusal != nil {
		return nil, refusal
	}
	if refusal := r.thresholds.invalid(); refusal != nil {
		return nil, refusal
	}
	if c.server.faults.noKeys {
		r.keyed = false
	}
	return &work{run: r, who: who, read: readResults(r)}, nil
}

// storeRun puts a run into the store in one transaction: the key's check, the
// report's row, and its first iterations up to limit. A refusal before the
// row leaves nothing at all.
func (s *Server) storeRun(w *work, limit int) (out stored, err error) {
	err = s.store.update(func(t *tx) error {
		out = stored{}
		project, err := t.resolveProject(w.run, w.who)
		if err != nil {
			return err
		}
		if err := t.permit(w.who, project); err != nil {
			return err
		}
		if w.run.keyed {
			report, found, err := t.reportOfKey(project.UUID, w.run.key)
			if err != nil {
				return err
			}
			if found {
				out.replay = true
				out.report, err = t.fullReport(*project, report)
				return err
			}
		}
		report, err := t.newReport(*project, w)
		if err != nil {
			return err
		}
		if limit != 0 {
			out.failure = t.storeResults(&report, w.read, limit)
			if out.failure != nil && !errors.As(out.failure, new(*apiError)) {
				return out.failure // the store's trouble: nothing is kept
			}
		}
		out.report, err = t.fullReport(*project, report)
		return err
	})
	return out, err
}

// finishRun stores the results of a report whose row is there. A report that
// was deleted meanwhile stays deleted.
func (s *Server) finishRun(w *work, project, report uuid.UUID) error {
	return s.store.update(func(t *tx) error {
		row, found, err := get[reportRow](t.data(project, bucketReports), report[:])
		if err != nil || !found {
			return err
		}
		if err := t.storeResults(&row, w.read, all); err != nil && !errors.As(err, new(*apiError)) {
			return err
		}
		return nil
	})
}

// postRun is POST /v0/run without faults.
func (c *call) postRun(limit int) (*work, stored, error) {
	w, err := c.receive()
	if err != nil {
		return nil, stored{}, err
	}
	out, err := c.server.storeRun(w, limit)
	return w, out, err
}

func created(out stored) (answer, error) {
	return answer{status: http.StatusCreated, total: 1, body: out.report}, out.failure
}
