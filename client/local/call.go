package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"burrow/client"

	"github.com/google/uuid"
)

// maxDrain is how much of a body that is too big is read and thrown away, in
// bytes, so that its sender gets to see the refusal rather than a reset.
const maxDrain = 64 << 20

// call is one request on its way through the server.
type call struct {
	server  *Server
	w       http.ResponseWriter
	request *http.Request
	vars    map[string]string // the route's placeholders
	body    []byte            // read before any work, which doesn't need the client any more
	fault   Fault
	status  int   // as answered; 0: dropped
	trouble error // the server's own
}

// answer is what a handler wants sent.
type answer struct {
	status int
	total  int // X-Total-Count
	body   any // encoded as JSON; nil with 204
}

func one(body any) answer { return answer{status: http.StatusOK, total: 1, body: body} }

func (c *call) serve() {
	s := c.server
	handle, err := c.match()
	posts := c.request.Method == http.MethodPost && c.request.URL.Path == runPath
	if posts {
		c.fault = s.faults.take()
	}
	if c.fault.Kind == Refuse {
		s.pause(s.faults.latency)
		c.drop()
	}
	if err == nil && posts {
		err = c.read()
	}
	if !s.pause(s.faults.latency) {
		c.drop()
	}
	if err != nil {
		c.fail(err)
		return
	}
	if posts {
		c.inject()
		return
	}
	c.reply(handle(c))
}

// read reads the whole body, bounded as a stock server bounds it.
func (c *call) read() error {
	body, err := io.ReadAll(io.LimitReader(c.request.Body, client.MaxBody+1))
	if err != nil {
		return badRequest("body stream broken: " + err.Error())
	}
	if len(body) > client.MaxBody {
		// Only so that the refusal is seen; a broken stream changes nothing.
		_, _ = io.CopyN(io.Discard, c.request.Body, maxDrain)
		return badRequest("request body exceeded maximum size of " + strconv.Itoa(client.MaxBody) + " bytes")
	}
	c.body = body
	return nil
}

// drop closes the connection without (the rest of) an answer.
func (c *call) drop() {
	c.status = 0
	panic(http.ErrAbortHandler)
}

// reply sends an answer, or the error.
func (c *call) reply(a answer, err error) {
	if err != nil {
		c.fail(err)
		return
	}
	header := c.headers()
	header.Set("X-Total-Count", strconv.Itoa(a.total))
	// The published description has these on every answer but errors.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Allow-Methods", "OPTIONS, "+c.request.Method)
	header.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
	header.Set("Access-Control-Expose-Headers", "X-Total-Count")
	if a.status == http.StatusNoContent {
		c.write(a.status, "", nil)
		return
	}
	body, err := encode(a.body, "")
	if err != nil {
		c.fail(err)
		return
	}
	c.write(a.status, "application/json", body)
}

// fail sends an error in Bencher's shape. One that is no apiError is the
// server's own trouble.
func (c *call) fail(err error) {
	refusal := new(apiError)
	if !errors.As(err, &refusal) {
		c.trouble = err
		refusal = ownTrouble(err)
	}
	header := c.headers()
	for name, value := range refusal.header {
		header.Set(name, value)
	}
	body, err := encode(client.APIError{RequestID: header.Get("X-Request-Id"), ErrorCode: refusal.code, Message: refusal.message}, "  ")
	if err != nil {
		c.trouble = err
	}
	c.write(refusal.status, "application/json", body)
}

// headers are those that every answer of the server itself has.
func (c *call) headers() http.Header {
	header := c.w.Header()
	if header.Get("X-Request-Id") == "" {
		header.Set("X-Request-Id", uuid.NewString())
	}
	return header
}

// write sends the answer's bytes; under the truncate fault half of them.
func (c *call) write(status int, kind string, body []byte) {
	header := c.w.Header()
	header.Set("Date", c.server.now().UTC().Format(http.TimeFormat))
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	if body != nil {
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.status = status
	c.w.WriteHeader(status)
	if c.fault.Kind == Truncate {
		body = body[:len(body)/2]
	}
	if _, err := c.w.Write(body); err != nil && body != nil {
		return // the client is gone; what it asked for is done
	}
	if c.fault.Kind == Truncate {
		if f, ok := c.w.(http.Flusher); ok {
			f.Flush() // else what was written would be dropped with the connection
		}
		panic(http.ErrAbortHandler)
	}
}

func encode(body any, indent string) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(body); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}
