package client

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/google/uuid"
)

// The hosts that burrow knows by name: Local stands for the built-in server, in
// this process.
const (
	Local = "local"
	Cloud = "https://api.bencher.dev"
)

// RunsPerMinute is how many runs of one project may be sent to a host in a
// minute; 0: as many as it takes. Bencher Cloud allows 64 and counts what it
// refuses (bencher-api.md, section 1.7), so burrow stays well below; a
// self-hosted server without a licence has no limit.
func RunsPerMinute(host string) int {
	if host == Cloud {
		return 48
	}
	return 0
}

// Parcel is a run on its way: its bytes, where they go, and what must come
// back.
type Parcel struct {
	Host        string
	Fingerprint string // of the credential that it was enqueued with; "": anonymous
	Refused     string // of a credential that the server refused for it
	Body        []byte // not needed for a look or a deletion
	Want        Expectation
	// The report to look at or to delete, and its project by the server's own
	// word: a request may name none, and slugs change.
	Report, ReportProject uuid.UUID
	// KnownProject is the UUID that the run's project had in earlier
	// acknowledgments, if any: Clear compares it.
	KnownProject uuid.UUID
}

// Hosts delivers parcels: it keeps one API for each host and finds the
// credential. It is safe for concurrent use.
type Hosts struct {
	agent       string
	credentials Credentials
	local       http.RoundTripper

	mu      sync.Mutex
	apis    map[string]*API
	dialing map[string]Dialing
}

// NewHosts returns a deliverer that uses these credentials. The agent names
// the program and its version; local serves the host Local.
func NewHosts(agent string, credentials Credentials, local http.RoundTripper) *Hosts {
	return &Hosts{agent: agent, credentials: credentials, local: local, apis: map[string]*API{}, dialing: map[string]Dialing{}}
}

// Dial says how one host is reached, before its first call. Other hosts are
// reached as always.
func (h *Hosts) Dial(host string, d Dialing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dialing[host] = d
}

// API returns the calls of one host.
func (h *Hosts) API(host string) (*API, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if api, ok := h.apis[host]; ok {
		return api, nil
	}
	url, transport := host, http.RoundTripper(h.dialing[host].transport())
	if host == Local {
		if h.local == nil {
			return nil, fmt.Errorf("host %q: there is no built-in server here", host)
		}
		url, transport = "http://"+Local, h.local
	}
	api, err := NewAPI(url, h.agent, transport)
	if err == nil {
		h.apis[host] = api
	}
	return api, err
}

// Close ends idle connections.
func (h *Hosts) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, api := range h.apis {
		api.Close()
	}
}

// Credential chooses the credential for a run of a host: see Credentials.For.
func (h *Hosts) Credential(host, fingerprint, refused string) (Credential, bool) {
	return h.credentials.For(host, fingerprint, refused)
}

// CredentialOf is the credential to go to a host with, or none.
func (h *Hosts) CredentialOf(host string) Credential { return h.credentials.Of(host) }

// Send makes one attempt.
func (h *Hosts) Send(ctx context.Context, p Parcel) Verdict {
	api, credential, err := h.reach(p)
	if err != nil {
		return unreached(err)
	}
	return Classify(api.PostRun(ctx, credential, p.Body), p.Want)
}

// Look looks again at the parcel's report.
func (h *Hosts) Look(ctx context.Context, p Parcel) Sighting {
	api, credential, err := h.reach(p)
	if err != nil {
		return Sighting{State: SawTrouble, Trouble: unreached(err)}
	}
	return ClassifyLook(api.GetReport(ctx, credential, p.ReportProject.String(), p.Report), p.Want)
}

// MayDelete asks whether the parcel's credential may delete its report.
func (h *Hosts) MayDelete(ctx context.Context, p Parcel) (bool, error) {
	api, credential, err := h.reach(p)
	if err != nil {
		return false, err
	}
	return api.MayDelete(ctx, credential, p.ReportProject.String())
}

// Delete deletes the parcel's report, which frees its key.
func (h *Hosts) Delete(ctx context.Context, p Parcel) Deletion {
	api, credential, err := h.reach(p)
	if err != nil {
		return Deletion{State: DeleteUnsent, Trouble: unreached(err)}
	}
	return ClassifyDelete(api.DeleteReport(ctx, credential, p.ReportProject.String(), p.Report))
}

// Ping tells whether a host answers at all, with its version.
func (h *Hosts) Ping(ctx context.Context, host string) (version string, err error) {
	api, err := h.API(host)
	if err != nil {
		return "", err
	}
	return api.Version(ctx)
}

func (h *Hosts) reach(p Parcel) (*API, Credential, error) {
	credential, ok := h.Credential(p.Host, p.Fingerprint, p.Refused)
	if !ok {
		return nil, Credential{}, fmt.Errorf("no credential for %s at hand", p.Host)
	}
	api, err := h.API(p.Host)
	return api, credential, err
}
