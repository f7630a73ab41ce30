package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// MaxBody is the largest request body that a stock server takes, in bytes
// (bencher-api.md, section 1.1).
const MaxBody = 4 << 20

// NewRun is the body of POST /v0/run (JsonNewRun).
type NewRun struct {
	Project        string            `json:"project,omitempty"`
	IdempotencyKey string            `json:"idempotency_key,omitempty"`
	Branch         string            `json:"branch,omitempty"`
	Hash           string            `json:"hash,omitempty"`
	StartPoint     *StartPoint       `json:"start_point,omitempty"`
	Testbed        string            `json:"testbed,omitempty"`
	SpecReset      bool              `json:"spec_reset,omitempty"` // forget the testbed's hardware
	Thresholds     *NewThresholds    `json:"thresholds,omitempty"`
	StartTime      time.Time         `json:"start_time"`
	EndTime        time.Time         `json:"end_time"`
	Results        []string          `json:"results"`
	Settings       *Settings         `json:"settings,omitempty"`
	Context        map[string]string `json:"context"` // its presence lets the server make a project
}

// StartPoint says where a branch that does not exist yet grows from.
type StartPoint struct {
	Branch          string `json:"branch,omitempty"`
	Hash            string `json:"hash,omitempty"`
	MaxVersions     uint32 `json:"max_versions"`
	CloneThresholds bool   `json:"clone_thresholds"`
	Reset           bool   `json:"reset"`
}

// DefaultMaxVersions is how many versions of its start point a new branch
// takes over where nothing else is said.
const DefaultMaxVersions = 255

// Settings say how the server reads the results.
type Settings struct {
	Adapter string `json:"adapter,omitempty"`
	Average string `json:"average,omitempty"`
	Fold    string `json:"fold,omitempty"`
}

// Freeze returns the exact bytes that every attempt sends, with the key
// inside.
func (r NewRun) Freeze(key uuid.UUID) ([]byte, error) {
	r.IdempotencyKey = key.String()
	if r.Results == nil {
		r.Results = []string{}
	}
	if r.Context == nil {
		r.Context = map[string]string{}
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return nil, fmt.Errorf("freezing the run: %w", err)
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

// IsRunRequest tells whether a JSON document is a whole run request rather
// than one iteration's results: it has a list of results beside a start time.
func IsRunRequest(document []byte) bool {
	var fields struct {
		Results   []json.RawMessage `json:"results"`
		StartTime json.RawMessage   `json:"start_time"`
	}
	return json.Unmarshal(document, &fields) == nil && fields.Results != nil && fields.StartTime != nil
}

// FreezeRequest freezes a whole run request that somebody else wrote: every
// field stays as it is. A request without a key gets the one given; own says
// whether it bore one already, which is returned.
func FreezeRequest(document []byte, key uuid.UUID) (body []byte, used uuid.UUID, own bool, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(document, &fields); err != nil {
		return nil, uuid.Nil, false, fmt.Errorf("reading the run request: %w", err)
	}
	var run NewRun
	if err := json.Unmarshal(document, &run); err != nil {
		return nil, uuid.Nil, false, fmt.Errorf("reading the run request: %w", err)
	}
	if run.StartTime.IsZero() || run.EndTime.IsZero() {
		return nil, uuid.Nil, false, errors.New("reading the run request: start_time and end_time are required")
	}
	if run.IdempotencyKey != "" {
		given, err := uuid.Parse(run.IdempotencyKey)
		if err != nil {
			return nil, uuid.Nil, false, fmt.Errorf("idempotency_key %q is no UUID: %w", run.IdempotencyKey, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, document); err != nil {
			return nil, uuid.Nil, false, err
		}
		return compact.Bytes(), given, true, nil
	}
	quoted, err := json.Marshal(key.String())
	if err != nil {
		return nil, uuid.Nil, false, err
	}
	fields["idempotency_key"] = quoted
	body, err = json.Marshal(fields)
	return body, key, false, err
}

// WithoutKey is a run request as it was before it was frozen: without its key.
func WithoutKey(body []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("reading the run request: %w", err)
	}
	delete(fields, "idempotency_key")
	return json.Marshal(fields)
}
