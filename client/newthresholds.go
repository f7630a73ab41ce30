package client

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// NewThresholds are the thresholds that a run sets on its branch and testbed
// (JsonReportThresholds).
type NewThresholds struct {
	Models map[string]NewModel `json:"models,omitempty"` // by measure: UUID, slug or name
	Reset  bool                `json:"reset,omitempty"`  // thresholds that are not named are removed
}

// NewModel says how a threshold computes its boundaries
// (bencher-api.md, section 1.1).
type NewModel struct {
	Test          string   `json:"test"`
	MinSampleSize *uint32  `json:"min_sample_size,omitempty"`
	MaxSampleSize *uint32  `json:"max_sample_size,omitempty"`
	Window        *uint32  `json:"window,omitempty"` // seconds
	Lower         *float64 `json:"lower_boundary,omitempty"`
	Upper         *float64 `json:"upper_boundary,omitempty"`
}

// ModelTests lists the tests that a model can make.
func ModelTests() []string {
	return []string{"static", "percentage", "z_score", "t_test", "log_normal", "iqr", "delta_iqr"}
}

// ParseModelTest returns the test of that name, or of one of its short names.
func ParseModelTest(name string) (string, error) {
	switch name {
	case "z":
		return "z_score", nil
	case "t":
		return "t_test", nil
	}
	if !slices.Contains(ModelTests(), name) {
		return "", fmt.Errorf("unknown threshold test %q: use one of %s", name, strings.Join(ModelTests(), ", "))
	}
	return name, nil
}

// Check says what a server would refuse of the model: a server that does has
// the report's row already, and the key is spent.
func (m NewModel) Check() error {
	if _, err := ParseModelTest(m.Test); err != nil {
		return err
	}
	if m.Lower == nil && m.Upper == nil {
		return fmt.Errorf("a %s threshold needs a lower or an upper boundary", m.Test)
	}
	for _, boundary := range []*float64{m.Lower, m.Upper} {
		if boundary == nil {
			continue
		}
		if err := m.checkBoundary(*boundary); err != nil {
			return err
		}
	}
	if m.Test == "static" {
		switch {
		case m.MinSampleSize != nil || m.MaxSampleSize != nil || m.Window != nil:
			return fmt.Errorf("a static threshold has no sample sizes and no window")
		case m.Lower != nil && m.Upper != nil && *m.Lower > *m.Upper:
			return fmt.Errorf("the lower boundary %v lies above the upper one, %v", *m.Lower, *m.Upper)
		}
	}
	return m.checkSamples()
}

func (m NewModel) checkBoundary(b float64) error {
	if math.IsNaN(b) || math.IsInf(b, 0) {
		return fmt.Errorf("boundary %v is no finite number", b)
	}
	switch m.Test {
	case "percentage", "iqr", "delta_iqr":
		if b < 0 {
			return fmt.Errorf("boundary %v of a %s threshold: it must be 0 or more", b, m.Test)
		}
	case "z_score", "t_test", "log_normal":
		if b < 0.5 || b >= 1 {
			return fmt.Errorf("boundary %v of a %s threshold: it must be at least 0.5 and below 1", b, m.Test)
		}
	}
	return nil
}

func (m NewModel) checkSamples() error {
	least := uint32(2)
	if m.Test == "percentage" {
		least = 1
	}
	for _, size := range []*uint32{m.MinSampleSize, m.MaxSampleSize} {
		if size != nil && *size < least {
			return fmt.Errorf("sample size %d of a %s threshold: it must be at least %d", *size, m.Test, least)
		}
	}
	if m.MinSampleSize != nil && m.MaxSampleSize != nil && *m.MinSampleSize > *m.MaxSampleSize {
		return fmt.Errorf("the least sample size %d is above the largest, %d", *m.MinSampleSize, *m.MaxSampleSize)
	}
	if m.Window != nil && *m.Window == 0 {
		return fmt.Errorf("a window has one second at least")
	}
	return nil
}
