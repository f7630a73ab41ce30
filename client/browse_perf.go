package client

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxPermutations is how many series a server gives for one question; it
// leaves the rest out without a word (bencher-api.md, section 3).
const MaxPermutations = 255

// PerfQuery names the series that are asked for: each branch with each
// testbed, benchmark and measure. None of the lists may be empty.
type PerfQuery struct {
	Branches, Testbeds, Benchmarks, Measures []uuid.UUID
	Start, End                               time.Time // zero: any time
}

// Perf is the history of metrics (JsonPerf).
type Perf struct {
	Project Project    `json:"project"`
	Start   *time.Time `json:"start_time"`
	End     *time.Time `json:"end_time"`
	Results []Series   `json:"results"`
}

// Series is the history of one measure of one benchmark on one branch and
// testbed, in order of version.
type Series struct {
	Branch    Branch       `json:"branch"`
	Testbed   Testbed      `json:"testbed"`
	Benchmark Benchmark    `json:"benchmark"`
	Measure   Measure      `json:"measure"`
	Metrics   []PerfMetric `json:"metrics"`
}

// PerfMetric is one point of a series.
type PerfMetric struct {
	Report    uuid.UUID  `json:"report"`
	Iteration int        `json:"iteration"`
	StartTime time.Time  `json:"start_time"`
	EndTime   time.Time  `json:"end_time"`
	Version   Version    `json:"version"`
	Metric    Metric     `json:"metric"`
	Threshold *Threshold `json:"threshold"`
	Boundary  *Boundary  `json:"boundary"`
	Alert     *PerfAlert `json:"alert"`
}

// PerfAlert is what a point of a series says of its alert.
type PerfAlert struct {
	UUID     uuid.UUID `json:"uuid"`
	Limit    string    `json:"limit"`
	Status   string    `json:"status"`
	Modified time.Time `json:"modified"`
}

// Permutations is how many series the query asks for.
func (q PerfQuery) Permutations() int {
	return len(q.Branches) * len(q.Testbeds) * len(q.Benchmarks) * len(q.Measures)
}

// Perf reads the history of metrics. A query of more than MaxPermutations is
// answered in part.
func (b *Browser) Perf(ctx context.Context, project string, q PerfQuery) (*Perf, Source, error) {
	query := url.Values{}
	for name, ids := range map[string][]uuid.UUID{
		"branches": q.Branches, "testbeds": q.Testbeds, "benchmarks": q.Benchmarks, "measures": q.Measures,
	} {
		texts := make([]string, len(ids))
		for i, id := range ids {
			texts[i] = id.String()
		}
		query.Set(name, strings.Join(texts, ","))
	}
	setMillis(query, "start_time", q.Start)
	setMillis(query, "end_time", q.End)
	found, source, err := item[Perf](ctx, b, projectPath(project)+"/perf?"+query.Encode())
	return &found, source, err
}

// Parts makes questions of one, each of at most MaxPermutations series
// and with no longer address than servers and proxies take.
func (q PerfQuery) Parts() (parts []PerfQuery) {
	const most = 50 // UUIDs of one kind in an address: 2 kB
	for branches := range slices.Chunk(q.Branches, most) {
		for testbeds := range slices.Chunk(q.Testbeds, max(1, min(most, MaxPermutations/len(branches)))) {
			for measures := range slices.Chunk(q.Measures, max(1, min(most, MaxPermutations/len(branches)/len(testbeds)))) {
				size := max(1, min(most, MaxPermutations/len(branches)/len(testbeds)/len(measures)))
				for benchmarks := range slices.Chunk(q.Benchmarks, size) {
					parts = append(parts, PerfQuery{
						Branches: branches, Testbeds: testbeds, Benchmarks: benchmarks, Measures: measures, Start: q.Start, End: q.End,
					})
				}
			}
		}
	}
	return parts
}
