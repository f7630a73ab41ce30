package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// APIVersion is the version of the protocol that burrow speaks; it goes out
// with every call.
const APIVersion = "0.6.12"

// Bounds on one call.
const (
	callTimeout = 180 * time.Second // all of it: 4 MiB out and tens of MiB back on a slow line

	maxAnswer = 128 << 20 // bytes of a report that are read: 4 MiB of short names answer with 60 MB
	maxError  = 64 << 10  // bytes of an error that are read
)

// API makes calls of one server. It is safe for concurrent use.
type API struct {
	base      *url.URL
	transport http.RoundTripper
	agent     string
}

// ParseHost checks a host's URL and returns it in the one form that runs
// remember: scheme and authority, no trailing slash.
func ParseHost(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		return "", fmt.Errorf("host %q is no URL: %w", text, err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return "", fmt.Errorf("host %q is no URL: it must look like https://bencher.example.com or http://localhost:61016", text)
	case u.User != nil:
		return "", errors.New("the host's URL holds a user name or a password: give the credential with --key or BENCHER_API_KEY instead")
	case u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("host %q holds a query or a fragment", text)
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + strings.TrimRight(u.Path, "/"), nil
}

// NewAPI returns the calls of the server at a host that ParseHost returned.
// The agent names the program and its version. A nil transport is one over the
// network with proxies from the environment and bounded waits.
func NewAPI(host, agent string, transport http.RoundTripper) (*API, error) {
	base, err := url.Parse(host)
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", host, err)
	}
	if transport == nil {
		transport = Dialing{}.transport()
	}
	return &API{base: base, transport: transport, agent: agent}, nil
}

// Close ends idle connections.
func (a *API) Close() {
	if t, ok := a.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// PostRun sends a frozen run.
func (a *API) PostRun(ctx context.Context, c Credential, body []byte) Exchange {
	return a.call(ctx, c, http.MethodPost, "/v0/run", body)
}

// GetReport asks for one report of a project, whole.
func (a *API) GetReport(ctx context.Context, c Credential, project string, report uuid.UUID) Exchange {
	return a.call(ctx, c, http.MethodGet, reportPath(project, report), nil)
}

// DeleteReport deletes one report, which frees its key.
func (a *API) DeleteReport(ctx context.Context, c Credential, project string, report uuid.UUID) Exchange {
	return a.call(ctx, c, http.MethodDelete, reportPath(project, report), nil)
}

// MayDelete asks whether the credential may delete in a project.
func (a *API) MayDelete(ctx context.Context, c Credential, project string) (bool, error) {
	var answer struct {
		Allowed bool `json:"allowed"`
	}
	x := a.call(ctx, c, http.MethodGet, "/v0/projects/"+url.PathEscape(project)+"/allowed/delete", nil)
	if x.Err == nil && x.Status >= 400 && x.Status < 500 {
		return false, nil
	}
	err := decode(x, &answer)
	return answer.Allowed, err
}

// ListReports lists a project's reports that were measured between two
// instants, to the second, without their results.
func (a *API) ListReports(ctx context.Context, c Credential, project string, from, to time.Time) Exchange {
	query := url.Values{"per_page": {"255"}}
	query.Set("start_time", fmt.Sprint(from.Truncate(time.Second).UnixMilli()))
	query.Set("end_time", fmt.Sprint(to.Truncate(time.Second).Add(time.Second-time.Millisecond).UnixMilli()))
	return a.call(ctx, c, http.MethodGet, "/v0/projects/"+url.PathEscape(project)+"/reports?"+query.Encode(), nil)
}

// FindReports is ListReports, read. A project that is not there has none.
func (a *API) FindReports(ctx context.Context, c Credential, project string, from, to time.Time) ([]Report, error) {
	x := a.ListReports(ctx, c, project, from, to)
	if x.Err == nil && x.Status == http.StatusNotFound {
		return nil, nil
	}
	var reports []Report
	err := decode(x, &reports)
	return reports, err
}

// GetProject asks for a project by its slug or UUID.
func (a *API) GetProject(ctx context.Context, c Credential, project string) Exchange {
	return a.call(ctx, c, http.MethodGet, "/v0/projects/"+url.PathEscape(project), nil)
}

// GetVersion asks for the server's version, as an exchange.
func (a *API) GetVersion(ctx context.Context) Exchange {
	return a.call(ctx, Credential{}, http.MethodGet, "/v0/server/version", nil)
}

// Version asks for the server's version: the cheapest sign of life.
func (a *API) Version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"version"`
	}
	err := decode(a.GetVersion(ctx), &answer)
	return Plain(answer.Version, 32), err
}

func reportPath(project string, report uuid.UUID) string {
	return "/v0/projects/" + url.PathEscape(project) + "/reports/" + report.String()
}

func decode(x Exchange, into any) error {
	if x.Err != nil {
		return x.Err
	}
	if x.Status != http.StatusOK {
		body, _ := apiError(x)
		return fmt.Errorf("the server answered %d: %s", x.Status, describe(x, body))
	}
	return json.Unmarshal(x.Body, into)
}

// call makes one exchange. It never follows a redirect and never tries twice;
// the transport may, on a kept connection that it wrote nothing to.
func (a *API) call(ctx context.Context, c Credential, method, path string, body []byte) Exchange {
	x := Exchange{Started: time.Now(), Header: http.Header{}}
	defer func() { x.Ended = time.Now() }()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})

	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.base.String(), "/")+path, bytes.NewReader(body))
	if err != nil {
		x.Err = err
		return x
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("User-Agent", a.agent)
	request.Header.Set("Api-Version", APIVersion)
	if !c.None() {
		request.Header.Set("Authorization", "Bearer "+c.reveal())
	}
	response, err := a.transport.RoundTrip(request)
	x.Took = time.Since(x.Started)
	x.Sent = sent.Load()
	if err != nil {
		x.Err = err
		return x
	}
	defer response.Body.Close()
	x.Sent = true
	x.Status, x.Header = response.StatusCode, response.Header
	if response.StatusCode == http.StatusSwitchingProtocols {
		return x // what follows is no answer, has no end and heeds no context
	}
	x.Body, x.Err = readBounded(response.Body, response.StatusCode)
	if x.Status >= 300 {
		c.redact(&x)
	}
	return x
}

// readBounded reads an answer's body. An error's body is read as far as it can
// matter; a report must come whole.
func readBounded(body io.Reader, status int) ([]byte, error) {
	limit := int64(maxAnswer)
	if status >= 300 {
		limit = maxError
	}
	read, err := io.ReadAll(io.LimitReader(body, limit+1))
	switch {
	case int64(len(read)) <= limit:
		return read, err
	case status >= 300:
		return read[:limit], nil
	default:
		return nil, fmt.Errorf("the answer is over %d MiB", limit>>20)
	}
}
