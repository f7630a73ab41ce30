package client

import (
	"time"

	"github.com/google/uuid"
)

// Threshold watches the metrics of one measure on one branch and testbed
// (JsonThreshold). Within a report or a metric's history the server leaves
// branch, testbed and measure out; there they are nil.
type Threshold struct {
	UUID     uuid.UUID  `json:"uuid"`
	Project  uuid.UUID  `json:"project"`
	Branch   *Branch    `json:"branch,omitempty"`
	Testbed  *Testbed   `json:"testbed,omitempty"`
	Measure  *Measure   `json:"measure,omitempty"`
	Model    *Model     `json:"model"`
	Created  time.Time  `json:"created"`
	Modified *time.Time `json:"modified,omitempty"`
}

// Model is how a threshold computes the boundary of a metric
// (bencher-api.md, section 1.1).
type Model struct {
	UUID          uuid.UUID  `json:"uuid"`
	Test          string     `json:"test"` // static, percentage, z_score, …
	MinSampleSize *uint32    `json:"min_sample_size"`
	MaxSampleSize *uint32    `json:"max_sample_size"`
	Window        *uint32    `json:"window"` // seconds
	Lower         *float64   `json:"lower_boundary"`
	Upper         *float64   `json:"upper_boundary"`
	Created       time.Time  `json:"created"`
	Replaced      *time.Time `json:"replaced"`
}
