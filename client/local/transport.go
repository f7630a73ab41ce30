package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"

	"burrow/client"
)

// Transport serves requests in this process, by the same handler: each in a
// goroutine that goes on when its request is cancelled, and that Close and
// Wait wait for. A dropped connection is io.ErrUnexpectedEOF.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	body, err := takeBody(r)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	if !t.server.begin() {
		return nil, ErrClosed
	}
	inner := r.Clone(context.WithoutCancel(ctx))
	inner.Body, inner.RemoteAddr, inner.RequestURI = io.NopCloser(bytes.NewReader(body)), "in process", r.URL.RequestURI()
	// From here on the server has it: a caller must take every error for
	// "may have arrived".
	if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	done := make(chan *recorder, 1)
	go func() {
		defer t.server.end()
		done <- record(t.server, inner)
	}()
	select {
	case answered := <-done:
		return answered.response(r)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// takeBody reads a request's body, as far as the server would look at it, and
// closes it.
func takeBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, client.MaxBody+1))
	if closeErr := r.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	return body, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int // 0: nothing was written
	body   bytes.Buffer
	cut    error // the connection was dropped
}

func record(handler http.Handler, r *http.Request) (rec *recorder) {
	rec = &recorder{header: http.Header{}}
	defer func() {
		p := recover()
		err, _ := p.(error)
		switch {
		case errors.Is(err, http.ErrAbortHandler):
			rec.cut = io.ErrUnexpectedEOF
		case p != nil: // as net/http does: one request fails, not the process
			rec.cut = fmt.Errorf("the built-in server panicked: %v", p)
		}
	}()
	handler.ServeHTTP(rec, r)
	return rec
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *recorder) response(to *http.Request) (*http.Response, error) {
	if r.status == 0 && r.cut != nil {
		return nil, r.cut
	}
	status := max(r.status, http.StatusOK)
	body := io.Reader(&r.body)
	length := int64(r.body.Len())
	if r.cut != nil {
		body = io.MultiReader(body, broken{r.cut})
		length, _ = strconv.ParseInt(r.header.Get("Content-Length"), 10, 64)
	}
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header, Body: io.NopCloser(body), ContentLength: length, Request: to,
	}, nil
}

// broken is the end of a stream that was cut.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
