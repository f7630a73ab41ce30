package outbox

import (
	"fmt"
	"maps"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// Draft is a run in the making: everything but its results and its times.
type Draft struct {
	ID         uuid.UUID         `json:"id"` // NewID makes one
	Request    client.NewRun     `json:"request"`
	Key        string            `json:"key,omitempty"` // "": the ID; KeyContent; any other text
	Host       string            `json:"host"`
	Credential string            `json:"credential,omitempty"` // fingerprint; "": anonymous
	Labels     map[string]string `json:"labels,omitempty"`
	Mend       MendPolicy        `json:"mend,omitempty"`
	Settle     time.Duration     `json:"settle,omitempty"`
	Backdate   time.Time         `json:"backdate,omitzero"` // the start time to give
	Command    string            `json:"command,omitempty"` // as a person wrote it
	StartedAt  time.Time         `json:"started_at"`
}

// KeyContent is the Draft's key that is made of the run's content.
const KeyContent = "content"

// Freeze makes the run of the results that were measured until end. What a
// server would refuse, or take and then fail on, is an error.
func (d Draft) Freeze(results []string, end time.Time) (New, client.Summary, error) {
	run, start := d.Request, d.StartedAt
	if !d.Backdate.IsZero() {
		start, end = d.Backdate, d.Backdate.Add(end.Sub(start))
	}
	run.Results, run.StartTime, run.EndTime = results, start.UTC(), end.UTC()
	key := d.ID
	switch d.Key {
	case "":
	case KeyContent:
		key = client.ContentKey(d.Host, run)
	default:
		key = client.TextKey(d.Key)
	}
	body, err := run.Freeze(key)
	if err != nil {
		return New{}, client.Summary{}, fmt.Errorf("freezing the run: %w", err)
	}
	n := New{
		ID: d.ID, Body: body, Host: d.Host, Credential: d.Credential, Shared: d.Key != "",
		Labels: maps.Clone(d.Labels), Mend: d.Mend, Settle: d.Settle,
	}
	summary, err := client.Summarize(body)
	if err == nil {
		n.summary = &summary
	}
	return n, summary, err
}
