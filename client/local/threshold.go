package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// thresholdsRequest is what a run says about thresholds.
type thresholdsRequest struct {
	Models map[string]model `json:"models"`
	Reset  bool             `json:"reset"`
}

// model is a threshold's model, as sent.
type model struct {
	Test    string   `json:"test"`
	Minimum *uint32  `json:"min_sample_size"`
	Maximum *uint32  `json:"max_sample_size"`
	Window  *uint32  `json:"window"` // seconds
	Lower   *float64 `json:"lower_boundary"`
	Upper   *float64 `json:"upper_boundary"`
}

// modelRow is a model of the store.
type modelRow struct {
	UUID uuid.UUID `json:"uuid"`
	model
	Created  time.Time  `json:"created"`
	Replaced *time.Time `json:"replaced"`
}

// thresholdRow is a threshold of the store.
type thresholdRow struct {
	UUID     uuid.UUID `json:"uuid"`
	Branch   uuid.UUID `json:"branch"`
	Testbed  uuid.UUID `json:"testbed"`
	Measure  uuid.UUID `json:"measure"`
	Model    modelRow  `json:"model"`
	Created  time.Time `json:"created"`
	Modified time.Time `json:"modified"`
}

func (r thresholdRow) key() []byte {
	return bytes.Join([][]byte{r.Branch[:], r.Testbed[:], r.Measure[:]}, nil)
}

// unknownTest says which model names no test, or "".
func (r thresholdsRequest) unknownTest() string {
	tests := []string{"static", "percentage", "z_score", "t_test", "log_normal", "iqr", "delta_iqr"}
	for measure, m := range r.Models {
		if !slices.Contains(tests, m.Test) {
			return fmt.Sprintf("thresholds.models.%s.test: unknown variant `%s`, expected one of `static`, `percentage`, `z_score`, `t_test`, `log_normal`, `iqr`, `delta_iqr`", measure, m.Test)
		}
	}
	return ""
}

// invalid is the refusal of a model that can't be (bencher-api.md, section
// 1.1), or nil. It comes before anything is stored; the real server keeps the
// threshold and an empty report (recorded: run/bad-threshold used up a version).
func (r thresholdsRequest) invalid() *apiError {
	for _, m := range r.Models {
		if why := m.invalid(); why != "" {
			return refuse(http.StatusBadRequest, "%s", why)
		}
	}
	return nil
}

func (m model) invalid() string {
	if m.Lower == nil && m.Upper == nil {
		return "Invalid Model: No boundary provided"
	}
	static := m.Test == "static"
	if static && (m.Minimum != nil || m.Maximum != nil || m.Window != nil) {
		return "Invalid Model: A static model takes no sample sizes and no window"
	}
	for _, boundary := range []*float64{m.Lower, m.Upper} {
		if boundary == nil {
			continue
		}
		b := *boundary
		switch m.Test {
		case "percentage", "iqr", "delta_iqr":
			if b < 0 {
				return fmt.Sprintf("Invalid Boundary: Invalid %s boundary: %v", m.Test, b)
			}
		case "z_score", "t_test", "log_normal":
			if b < 0.5 || b >= 1 || math.IsNaN(b) {
				return fmt.Sprintf("Invalid Boundary: Invalid statistical boundary: %v", b)
			}
		}
	}
	if static && m.Lower != nil && m.Upper != nil && *m.Lower > *m.Upper {
		return fmt.Sprintf("Invalid Model: The lower boundary %v is over the upper %v", *m.Lower, *m.Upper)
	}
	return m.invalidSamples()
}

func (m model) invalidSamples() string {
	least := uint32(2)
	if m.Test == "percentage" {
		least = 1
	}
	for _, size := range []*uint32{m.Minimum, m.Maximum} {
		if size != nil && *size < least {
			return fmt.Sprintf("Invalid Sample Size: %d", *size)
		}
	}
	if m.Minimum != nil && m.Maximum != nil && *m.Minimum > *m.Maximum {
		return fmt.Sprintf("Invalid Sample Size: the minimum %d is over the maximum %d", *m.Minimum, *m.Maximum)
	}
	if m.Window != nil && *m.Window < 1 {
		return fmt.Sprintf("Invalid Window: %d", *m.Window)
	}
	return ""
}

// setThresholds keeps a run's thresholds for its branch and testbed. Reset
// drops those that it doesn't name.
func (t *tx) setThresholds(project, branch, testbed uuid.UUID, r thresholdsRequest) error {
	thresholds := t.data(project, bucketThresholds)
	named := map[uuid.UUID]bool{}
	for _, text := range slices.Sorted(maps.Keys(r.Models)) {
		measure, err := t.measure(project, text)
		if err != nil {
			return err
		}
		named[measure.UUID] = true
		row := thresholdRow{Branch: branch, Testbed: testbed, Measure: measure.UUID}
		old, found, err := get[thresholdRow](thresholds, row.key())
		if err != nil {
			return err
		}
		if found && old.Model.equal(r.Models[text]) {
			continue
		}
		row.UUID, row.Created, row.Modified = old.UUID, old.Created, t.second()
		if !found {
			row.UUID, row.Created = t.newUUID(), t.second()
		}
		row.Model = modelRow{UUID: t.newUUID(), model: r.Models[text], Created: t.second()}
		if err := put(thresholds, row.key(), row); err != nil {
			return err
		}
	}
	if !r.Reset {
		return nil
	}
	rows, err := t.thresholdsOf(project, branch, testbed)
	for _, row := range rows {
		if err == nil && !named[row.Measure] {
			err = thresholds.Delete(row.key())
		}
	}
	return err
}

func (m model) equal(other model) bool {
	a, errA := json.Marshal(m)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// cloneThresholds copies a branch's thresholds to another branch.
func (t *tx) cloneThresholds(project, from, to uuid.UUID) error {
	rows, err := t.thresholdsOf(project, from, uuid.Nil)
	if err != nil {
		return err
	}
	for _, row := range rows {
		row.UUID, row.Branch, row.Created, row.Modified = t.newUUID(), to, t.second(), t.second()
		row.Model.UUID, row.Model.Created = t.newUUID(), t.second()
		if err := put(t.data(project, bucketThresholds), row.key(), row); err != nil {
			return err
		}
	}
	return nil
}

// thresholdsOf are a project's thresholds, oldest first; of one branch and one
// testbed where they are not nil.
func (t *tx) thresholdsOf(project, branch, testbed uuid.UUID) ([]thresholdRow, error) {
	rows := []thresholdRow{}
	err := each(t.data(project, bucketThresholds), func(_ []byte, row thresholdRow) error {
		if (branch == uuid.Nil || row.Branch == branch) && (testbed == uuid.Nil || row.Testbed == testbed) {
			rows = append(rows, row)
		}
		return nil
	})
	slices.SortFunc(rows, func(a, b thresholdRow) int {
		return cmp.Or(a.Created.Compare(b.Created), bytes.Compare(a.UUID[:], b.UUID[:]))
	})
	return rows, err
}

// thresholdView is a threshold in a list.
type thresholdView struct {
	UUID     uuid.UUID      `json:"uuid"`
	Project  uuid.UUID      `json:"project"`
	Branch   client.Branch  `json:"branch"`
	Testbed  client.Testbed `json:"testbed"`
	Measure  client.Measure `json:"measure"`
	Model    modelRow       `json:"model"`
	Created  time.Time      `json:"created"`
	Modified time.Time      `json:"modified"`
}

func (t *tx) thresholdView(project uuid.UUID, row thresholdRow) (thresholdView, error) {
	view := thresholdView{UUID: row.UUID, Project: project, Model: row.Model, Created: row.Created, Modified: row.Modified}
	branch, _, err := get[branchRow](t.data(project, bucketBranches), row.Branch[:])
	if err != nil {
		return view, err
	}
	view.Branch = branch.Branch
	if view.Testbed, _, err = get[client.Testbed](t.data(project, bucketTestbeds), row.Testbed[:]); err != nil {
		return view, err
	}
	view.Measure, _, err = get[client.Measure](t.data(project, bucketMeasures), row.Measure[:])
	return view, err
}
