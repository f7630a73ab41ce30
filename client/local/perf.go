package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// perfQuery is what a question about the history of metrics names.
type perfQuery struct {
	branches, testbeds, benchmarks, measures []uuid.UUID
	from, until                              *int64 // Unix milliseconds
}

// perf is the answer: client.Perf with its thresholds as they are stored.
type perf struct {
	Project client.Project `json:"project"`
	Start   *time.Time     `json:"start_time"`
	End     *time.Time     `json:"end_time"`
	Results []*series      `json:"results"`
}

type series struct {
	client.Series
	Metrics []perfMetric `json:"metrics"`
}

type perfMetric struct {
	client.PerfMetric
	Threshold json.RawMessage `json:"threshold"`
}

func readPerfQuery(query url.Values) (q perfQuery, err error) {
	for _, list := range []struct {
		name string
		into *[]uuid.UUID
	}{{"branches", &q.branches}, {"testbeds", &q.testbeds}, {"benchmarks", &q.benchmarks}, {"measures", &q.measures}} {
		if !query.Has(list.name) {
			return q, badRequest(fmt.Sprintf("unable to parse query string: missing field `%s`", list.name))
		}
		for text := range strings.SplitSeq(query.Get(list.name), ",") {
			id, err := uuid.Parse(text)
			if err != nil {
				return q, badRequest("unable to parse query string: UUID parsing failed: " + err.Error())
			}
			*list.into = append(*list.into, id)
		}
	}
	if q.from, err = millis(query, "start_time"); err != nil {
		return q, err
	}
	q.until, err = millis(query, "end_time")
	return q, err
}

// servePerf answers with the history of metrics: a series for each of the
// first permutations that has any, in the question's order.
func servePerf(c *call) (a answer, err error) {
	q, err := readPerfQuery(c.request.URL.Query())
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, p projectRow) error {
		found := perf{Project: p.Project, Start: instant(q.from), End: instant(q.until), Results: []*series{}}
		asked, err := t.permutations(p.UUID, q)
		if err != nil {
			return err
		}
		lineages, err := t.lineages(p.UUID, q.branches)
		if err != nil {
			return err
		}
		points, err := t.points(p.UUID, lineages, q)
		if err != nil {
			return err
		}
		for _, s := range asked {
			if s.Metrics = points[keyOf(s)]; len(s.Metrics) > 0 {
				found.Results = append(found.Results, s)
			}
		}
		a = one(found)
		return nil
	})
	return a, err
}

func instant(at *int64) *time.Time {
	if at == nil {
		return nil
	}
	t := time.UnixMilli(*at).UTC()
	return &t
}

// seriesKey is a branch, a testbed, a benchmark and a measure.
type seriesKey [4]uuid.UUID

func keyOf(s *series) seriesKey {
	return seriesKey{s.Branch.UUID, s.Testbed.UUID, s.Benchmark.UUID, s.Measure.UUID}
}

// permutations are the series that a question asks for, without their metrics.
// What the project does not have is passed over.
func (t *tx) permutations(project uuid.UUID, q perfQuery) (all []*series, err error) {
	for _, branch := range q.branches {
		for _, testbed := range q.testbeds {
			for _, benchmark := range q.benchmarks {
				for _, measure := range q.measures {
					if len(all) == client.MaxPermutations {
						return all, nil
					}
					s, found, err := t.seriesOf(project, seriesKey{branch, testbed, benchmark, measure})
					if err != nil {
						return nil, err
					}
					if found {
						all = append(all, s)
					}
				}
			}
		}
	}
	return all, nil
}

func (t *tx) seriesOf(project uuid.UUID, k seriesKey) (s *series, found bool, err error) {
	s = &series{}
	branch, found, err := get[branchRow](t.data(project, bucketBranches), k[0][:])
	if s.Branch = branch.Branch; err != nil || !found {
		return s, false, err
	}
	if s.Testbed, found, err = get[client.Testbed](t.data(project, bucketTestbeds), k[1][:]); err != nil || !found {
		return s, false, err
	}
	if s.Benchmark, found, err = get[client.Benchmark](t.data(project, bucketBenchmarks), k[2][:]); err != nil || !found {
		return s, false, err
	}
	s.Measure, found, err = get[client.Measure](t.data(project, bucketMeasures), k[3][:])
	return s, found, err
}

// points are the metrics of each branch's lineage that a question asks for, by
// series, in order of version, time and iteration (bencher-api.md, section 7).
func (t *tx) points(project uuid.UUID, branches map[uuid.UUID]lineage, q perfQuery) (map[seriesKey][]perfMetric, error) {
	points := map[seriesKey][]perfMetric{}
	err := each(t.data(project, bucketReports), func(id []byte, r reportRow) error {
		alerts := map[uuid.UUID]*client.Alert{} // by metric
		for i := range r.Alerts {
			alerts[r.Alerts[i].Metric.UUID] = &r.Alerts[i]
		}
		holders := []uuid.UUID{}
		for branch, l := range branches {
			if l.holds(r.Branch.Head) {
				holders = append(holders, branch)
			}
		}
		if len(holders) == 0 || !slices.Contains(q.testbeds, r.Testbed.UUID) ||
			q.from != nil && r.StartTime.UnixMilli() < *q.from || q.until != nil && r.EndTime.UnixMilli() > *q.until {
			return nil
		}
		results, _, err := get[[][]client.Result](t.data(project, bucketResults), id)
		for _, result := range slices.Concat(results...) {
			for _, m := range result.Measures {
				point := perfMetric{Threshold: m.Threshold, PerfMetric: client.PerfMetric{
					Report: r.UUID, Iteration: result.Iteration, StartTime: r.StartTime, EndTime: r.EndTime,
					Metric: m.Metric, Boundary: m.Boundary,
				}}
				if alert := alerts[m.Metric.UUID]; alert != nil {
					point.Alert = &client.PerfAlert{UUID: alert.UUID, Limit: alert.Limit, Status: alert.Status, Modified: alert.Modified}
				}
				if v := r.Branch.Head.Version; v != nil {
					point.Version = *v
				}
				for _, branch := range holders {
					k := seriesKey{branch, r.Testbed.UUID, result.Benchmark.UUID, m.Measure.UUID}
					points[k] = append(points[k], point)
				}
			}
		}
		return err
	})
	for _, list := range points {
		slices.SortStableFunc(list, perfMetric.compare)
	}
	return points, err
}

func (m perfMetric) compare(other perfMetric) int {
	return cmp.Or(cmp.Compare(m.Version.Number, other.Version.Number), m.StartTime.Compare(other.StartTime),
		m.EndTime.Compare(other.EndTime), cmp.Compare(m.Iteration, other.Iteration))
}
