package local

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// judge evaluates the thresholds of a report's branch and testbed on its
// metrics, as they are stored: static and percentage ones. Others are kept and
// shown, but need statistics that only a real server has.
type judge struct {
	tx      *tx
	report  *reportRow
	watch   map[uuid.UUID]thresholdRow    // by measure
	shown   map[uuid.UUID]json.RawMessage // as results show them
	history map[seriesKey][]perfMetric    // of earlier reports and iterations, oldest first
	alerts  []client.Alert
}

func (t *tx) newJudge(report *reportRow) (*judge, error) {
	j := &judge{tx: t, report: report, watch: map[uuid.UUID]thresholdRow{}, shown: map[uuid.UUID]json.RawMessage{}, history: map[seriesKey][]perfMetric{}, alerts: []client.Alert{}}
	rows, err := t.thresholdsOf(report.Project.UUID, report.Branch.UUID, report.Testbed.UUID)
	if err != nil {
		return nil, err
	}
	sampled := false
	for _, row := range rows {
		j.watch[row.Measure] = row
		sampled = sampled || row.Model.Test == "percentage"
		j.shown[row.Measure], err = json.Marshal(struct {
			UUID    uuid.UUID `json:"uuid"`
			Project uuid.UUID `json:"project"`
			Model   modelRow  `json:"model"`
			Created time.Time `json:"created"`
		}{row.UUID, report.Project.UUID, row.Model, row.Created})
		if err != nil {
			return nil, err
		}
	}
	if !sampled {
		return j, nil
	}
	l, err := t.lineageOf(report.Report)
	if err != nil {
		return nil, err
	}
	j.history, err = t.points(report.Project.UUID, map[uuid.UUID]lineage{report.Branch.UUID: l}, perfQuery{testbeds: []uuid.UUID{report.Testbed.UUID}})
	return j, err
}

// metric sets a metric's threshold and boundary, and raises an alert where it
// is beyond a limit. A silent benchmark raises none.
func (j *judge) metric(iteration int, benchmark client.Benchmark, m *client.ResultMeasure, silent bool) error {
	threshold, watched := j.watch[m.Measure.UUID]
	if !watched {
		return nil
	}
	m.Threshold = j.shown[m.Measure.UUID]
	series := seriesKey{j.report.Branch.UUID, j.report.Testbed.UUID, benchmark.UUID, m.Measure.UUID}
	boundary := threshold.Model.boundary(j.samples(threshold.Model, series))
	m.Boundary = &boundary
	j.remember(series, iteration, m.Metric)
	limit := ""
	switch {
	case boundary.Lower != nil && m.Metric.Value < *boundary.Lower:
		limit = "lower"
	case boundary.Upper != nil && m.Metric.Value > *boundary.Upper:
		limit = "upper"
	}
	if limit == "" || silent {
		return nil
	}
	view, err := j.tx.thresholdView(j.report.Project.UUID, threshold)
	if err != nil {
		return err
	}
	view.Branch = j.report.Branch
	shown, err := json.Marshal(view)
	if err != nil {
		return err
	}
	j.alerts = append(j.alerts, client.Alert{
		UUID: j.tx.newUUID(), Report: j.report.UUID, Iteration: iteration, Benchmark: benchmark, Metric: m.Metric,
		Threshold: shown, Boundary: boundary, Limit: limit, Status: "active", Created: j.tx.second(), Modified: j.tx.second(),
	})
	return nil
}

// remember lets a report's later iterations be judged by its earlier ones too,
// as a real server does.
func (j *judge) remember(series seriesKey, iteration int, metric client.Metric) {
	point := perfMetric{PerfMetric: client.PerfMetric{
		Report: j.report.UUID, Iteration: iteration, StartTime: j.report.StartTime, EndTime: j.report.EndTime, Metric: metric,
	}}
	if v := j.report.Branch.Head.Version; v != nil {
		point.Version = *v
	}
	j.history[series] = append(j.history[series], point)
	slices.SortStableFunc(j.history[series], perfMetric.compare)
}

// samples are the values that a model tests against: the newest ones that are
// stored.
func (j *judge) samples(m modelRow, series seriesKey) (values []float64) {
	for _, p := range slices.Backward(j.history[series]) {
		if m.Maximum != nil && len(values) == int(*m.Maximum) {
			break
		}
		old := m.Window != nil && p.StartTime.Before(j.tx.second().Add(-time.Duration(*m.Window)*time.Second))
		if !old {
			values = append(values, p.Metric.Value)
		}
	}
	return values
}

// boundary is what the model allows.
func (m modelRow) boundary(samples []float64) (b client.Boundary) {
	switch m.Test {
	case "static":
		return client.Boundary{Lower: m.Lower, Upper: m.Upper}
	case "percentage":
	default:
		return b
	}
	if len(samples) == 0 || m.Minimum != nil && len(samples) < int(*m.Minimum) {
		return b
	}
	sum := 0.0
	for _, v := range samples {
		sum += v
	}
	baseline := sum / float64(len(samples))
	b.Baseline = finite(baseline)
	if m.Lower != nil {
		b.Lower = finite(baseline - baseline**m.Lower)
	}
	if m.Upper != nil {
		b.Upper = finite(baseline + baseline**m.Upper)
	}
	return b
}

// finite is nil for what JSON can't say, which a real server writes as null;
// values as high as 1e308 are stored, and no metric is beyond infinity.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// alertsOf are a project's alerts, the newest first.
func (t *tx) alertsOf(project uuid.UUID) ([]client.Alert, error) {
	alerts := []client.Alert{}
	err := each(t.data(project, bucketReports), func(_ []byte, row reportRow) error {
		alerts = append(alerts, row.Alerts...)
		return nil
	})
	slices.SortStableFunc(alerts, func(a, b client.Alert) int {
		return cmp.Or(b.Modified.Compare(a.Modified), slices.Compare(b.UUID[:], a.UUID[:]))
	})
	return alerts, err
}

func serveAlerts(c *call) (a answer, err error) {
	p, err := c.paging()
	if err != nil {
		return a, err
	}
	status := c.request.URL.Query().Get("status")
	err = c.look(func(t *tx, project projectRow) error {
		alerts, err := t.alertsOf(project.UUID)
		if status != "" {
			alerts = slices.DeleteFunc(alerts, func(a client.Alert) bool { return a.Status != status })
		}
		a = list(p, alerts)
		return err
	})
	return a, err
}

func serveAlert(c *call) (a answer, err error) {
	id, err := c.pathUUID("alert")
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, project projectRow) error {
		alerts, err := t.alertsOf(project.UUID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(alerts, func(a client.Alert) bool { return a.UUID == id })
		if i < 0 {
			return notFound("Alert", "(Project("+project.UUID.String()+"), AlertUuid("+id.String()+"))")
		}
		a = one(alerts[i])
		return nil
	})
	return a, err
}

func serveThreshold(c *call) (a answer, err error) {
	id, err := c.pathUUID("threshold")
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, project projectRow) error {
		rows, err := t.thresholdsOf(project.UUID, uuid.Nil, uuid.Nil)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r thresholdRow) bool { return r.UUID == id })
		if i < 0 {
			return notFound("Threshold", "(Project("+project.UUID.String()+"), ThresholdUuid("+id.String()+"))")
		}
		view, err := t.thresholdView(project.UUID, rows[i])
		a = answer{status: http.StatusOK, body: view}
		return err
	})
	return a, err
}

// pathUUID reads a UUID of the path.
func (c *call) pathUUID(name string) (uuid.UUID, error) {
	id, err := uuid.Parse(c.vars[name])
	if err != nil {
		return id, badRequest("bad parameter in URL path: UUID parsing failed: " + err.Error())
	}
	return id, nil
}
