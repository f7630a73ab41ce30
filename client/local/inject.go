package local

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// htmlPage is what a proxy says when it can't reach the server behind it.
const htmlPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// debugBytes is how long the real server's 409 is at least: it echoes the
// whole request (72 kB for 3 iterations of 400 benchmarks).
const debugBytes = 72 << 10

// inject serves POST /v0/run under the request's fault.
func (c *call) inject() {
	switch c.fault.Kind {
	case Status:
		c.answerStatus(c.fault.Code)
		return
	case HTML:
		c.write(http.StatusBadGateway, "text/html", []byte(htmlPage))
		return
	case Throttle, ThrottleBare:
		e := refuse(http.StatusTooManyRequests, "Too many attempts for project runs per minute. Please, try again later.")
		if c.fault.Kind == Throttle {
			e.header = map[string]string{"Retry-After": strconv.Itoa(int(c.fault.For / time.Second))}
		}
		c.fail(e)
		return
	default: // the others strike at or after the report's making
	}
	w, out, err := c.postRun(c.fault.limit())
	if c.fault.Kind == SlowCommit && err == nil && !out.replay {
		c.server.detach(func() {
			if !c.server.pause(c.fault.For) {
				return
			}
			if err := c.server.finishRun(w, out.report.Project.UUID, out.report.UUID); err != nil && c.server.options.Log != nil {
				c.server.options.Log(Event{Method: http.MethodPost, Path: runPath, Fault: c.fault.String(), Err: err})
			}
		})
	}
	if err == nil && out.replay && c.fault.creates() {
		c.reply(created(out))
		return
	}
	switch {
	case c.fault.Kind == LoseResponse, c.fault.Kind == SlowCommit:
		c.drop()
	case err != nil:
		c.fail(err)
	case c.fault.Kind == Race:
		c.fail(conflict(w, out))
	case c.fault.Kind == Incomplete, c.fault.Kind == Partial:
		c.fail(internalError("Failed to write report results: database is locked"))
	default:
		c.reply(created(out))
	}
}

// creates tells the faults of a report's making: where the report is there
// already they have nothing to do, so that one without a number lets the
// retry see what is stored.
func (f Fault) creates() bool {
	switch f.Kind {
	case SlowCommit, Incomplete, Partial, Race:
		return true
	default:
		return false
	}
}

// limit is how many iterations are stored with the report's row.
func (f Fault) limit() int {
	switch f.Kind {
	case Incomplete, SlowCommit:
		return 0
	case Partial:
		return f.Iterations
	default:
		return all
	}
}

// answerStatus answers with a bare status. A redirect leads to another host,
// so that a client which followed it would be seen to.
func (c *call) answerStatus(code int) {
	e := refuse(code, "%s (to order)", http.StatusText(code))
	switch {
	case code == http.StatusNoContent:
		c.write(code, "", nil)
		return
	case code >= 300 && code < 400:
		e.header = map[string]string{"Location": "http://portal.invalid/"}
	case code == http.StatusServiceUnavailable:
		e.header = map[string]string{"Retry-After": "1"}
	case code >= 500:
		e.code = uuid.NewString()
	}
	c.fail(e)
}

// conflict is the real server's 409 for a key that another request has just
// taken, with its huge echo of the request (bencher-api.md, section 1.4).
func conflict(w *work, out stored) *apiError {
	echo := fmt.Sprintf("results: %q", w.run.results)
	for len(echo) < debugBytes {
		echo += ", " + echo
	}
	return refuse(http.StatusConflict, "Report (JsonNewReport { branch: %q, testbed: %q, idempotency_key: Some(ReportIdempotencyKey(%s)), %s, project: %s }) has conflict: UNIQUE constraint failed: report.project_id, report.idempotency_key",
		w.run.branch, w.run.testbed, w.run.key, echo, out.report.Project.Slug)
}
