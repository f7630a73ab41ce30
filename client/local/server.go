package local

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Versions that the server says it is.
const (
	version       = "0.6.12"
	versionNoKeys = "0.6.0" // before idempotency keys (bencher-api.md, section 7)
)

// ErrClosed says that a request came after Close.
var ErrClosed = errors.New("the built-in server is closed")

// Options adjust a Server. The zero value is a server that takes any
// well-formed key and has no faults.
type Options struct {
	// Keys names the user of each user key, and ProjectKeys the project (slug
	// or UUID) of each project key. With both empty any well-formed key is
	// taken: user keys as one "Local User", project keys for every project.
	Keys        map[string]string
	ProjectKeys map[string]string
	// Faults happen in order: each POST /v0/run takes the first that has uses
	// left. Latency, no-keys, skew and forget hold all the time.
	Faults []Fault
	// Console is the base of web links; default "http://localhost:3000/".
	Console string
	// Log is told of each request when it is over. It is called by several
	// goroutines at once.
	Log func(Event)
	// Clock is the server's clock before any skew; default time.Now.
	Clock func() time.Time
}

// Event is one request, answered.
type Event struct {
	Method, Path string
	Status       int           // 0: the connection was dropped
	Fault        string        // the fault that was applied, as ordered, or ""
	Took         time.Duration // in the handler
	Err          error         // the server's own trouble, behind a 500 or a 503
}

// Server is a Bencher-compatible http.Handler over one store file. Several
// processes may serve one file at once.
type Server struct {
	options Options
	store   *store
	faults  *faults
	routes  []route

	base context.Context // of work: requests come and go, this ends with Close
	stop context.CancelFunc

	mu     sync.Mutex
	active int           // handlers and detached work
	closed bool          // no new requests
	idle   chan struct{} // closed when active falls to 0; nil: nobody waits
}

// Open returns the server over the store at path, which is made if it is
// missing (folder 0700, file 0600). It holds no lock between requests.
func Open(path string, options Options) (*Server, error) {
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.Console == "" {
		options.Console = "http://localhost:3000/"
	}
	s := &Server{options: options, faults: newFaults(options.Faults)}
	store, err := openStore(path, s.now)
	if err != nil {
		return nil, err
	}
	s.store = store
	if s.faults.forget {
		if err := store.update((*tx).forgetReports); err != nil {
			return nil, err
		}
	}
	s.base, s.stop = context.WithCancel(context.Background())
	s.routes = s.table()
	return s, nil
}

// Close refuses further requests and waits until all work is done. When ctx
// ends first, its error is returned and what still waits (latency, the results
// of a slow commit) is cut off, as when a server is killed. A second Close
// does no harm.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	defer s.stop()
	return s.Wait(ctx)
}

// Wait waits until no handler is at work and all detached results are stored.
// It returns ctx's error if that ends first.
func (s *Server) Wait(ctx context.Context) error {
	s.mu.Lock()
	if s.active == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin counts a handler in; false after Close.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.active++
	return true
}

// detach runs work that outlives its handler. The handler is still counted in,
// so this can't come after Close has seen the server idle.
func (s *Server) detach(work func()) {
	s.mu.Lock()
	s.active++
	s.mu.Unlock()
	go func() {
		defer s.end()
		work()
	}()
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	if s.active == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// now is the server's clock.
func (s *Server) now() time.Time { return s.options.Clock().Add(s.faults.skew) }

// pause waits; false means that the server was stopped meanwhile.
func (s *Server) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.base.Done():
		return false
	}
}

// ServeHTTP answers one request. Its work goes on, and is committed, when the
// client has gone. It panics with http.ErrAbortHandler to drop a connection,
// as net/http asks for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{server: s, w: w, request: r}
	if !s.begin() {
		c.fail(refuse(http.StatusServiceUnavailable, "%v", ErrClosed))
		return
	}
	defer s.end()
	started := time.Now()
	defer func() { // also when the connection is dropped
		if s.options.Log != nil {
			s.options.Log(Event{Method: r.Method, Path: r.URL.Path, Status: c.status, Fault: c.fault.String(), Took: time.Since(started), Err: c.trouble})
		}
	}()
	c.serve()
}
