package local

import (
	"fmt"

	"burrow/client"

	"github.com/google/uuid"
)

// kind is a kind of named thing in a project.
type kind struct {
	name   string // as messages write it
	bucket []byte
}

var (
	kindBranch    = kind{"Branch", bucketBranches}
	kindTestbed   = kind{"Testbed", bucketTestbeds}
	kindBenchmark = kind{"Benchmark", bucketBenchmarks}
	kindMeasure   = kind{"Measure", bucketMeasures}
)

func (k kind) entry(by, text string) []byte { return []byte(k.name + "\x00" + by + "\x00" + text) }

// find looks a thing up by UUID, else slug, else name, in that order. A UUID
// that is not there is a 404; a slug or a name is just not found.
func (t *tx) find(project uuid.UUID, k kind, text string) (id uuid.UUID, found bool, err error) {
	if id, err := uuid.Parse(text); err == nil {
		if t.data(project, k.bucket).Get(id[:]) == nil {
			return id, false, notFound(k.name, fmt.Sprintf("(Project(%s), %s)", project, byUUID(k.name, id)))
		}
		return id, true, nil
	}
	names := t.data(project, bucketNames)
	raw := []byte(nil)
	if isSlug(text) {
		raw = names.Get(k.entry("s", text))
	}
	if raw == nil {
		raw = names.Get(k.entry("n", text))
	}
	copy(id[:], raw)
	return id, raw != nil, nil
}

// name registers a new thing's name and returns the slug that it gets: of two
// names with one slug the later one's is made different.
func (t *tx) name(project uuid.UUID, k kind, id uuid.UUID, name, slug string) (string, error) {
	names := t.data(project, bucketNames)
	if slug == "" { // a name without any letter of a slug
		slug = id.String()[24:]
	}
	if names.Get(k.entry("s", slug)) != nil {
		const tail = "-12345678"
		slug = slug[:min(len(slug), 64-len(tail))] + "-" + uuid.NewString()[:len(tail)-1]
	}
	if err := names.Put(k.entry("s", slug), id[:]); err != nil {
		return "", err
	}
	return slug, names.Put(k.entry("n", name), id[:])
}

// testbed gets or makes a run's testbed.
func (t *tx) testbed(project uuid.UUID, text string) (row client.Testbed, err error) {
	id, found, err := t.find(project, kindTestbed, text)
	if err != nil {
		return row, err
	}
	if found {
		row, _, err = get[client.Testbed](t.data(project, bucketTestbeds), id[:])
		return row, err
	}
	row = client.Testbed{UUID: t.newUUID(), Project: project, Name: text, Created: t.second(), Modified: t.second()}
	if row.Slug, err = t.name(project, kindTestbed, row.UUID, text, client.Slug(text)); err != nil {
		return row, err
	}
	return row, put(t.data(project, bucketTestbeds), row.UUID[:], row)
}

// benchmark gets or makes a benchmark.
func (t *tx) benchmark(project uuid.UUID, text string) (row client.Benchmark, err error) {
	id, found, err := t.find(project, kindBenchmark, text)
	if err != nil {
		return row, err
	}
	if found {
		row, _, err = get[client.Benchmark](t.data(project, bucketBenchmarks), id[:])
		return row, err
	}
	row = client.Benchmark{UUID: t.newUUID(), Project: project, Name: text, Created: t.second(), Modified: t.second()}
	if row.Slug, err = t.name(project, kindBenchmark, row.UUID, text, client.Slug(text)); err != nil {
		return row, err
	}
	return row, put(t.data(project, bucketBenchmarks), row.UUID[:], row)
}

// measure gets or makes a measure; built-in ones get their names and units.
func (t *tx) measure(project uuid.UUID, text string) (row client.Measure, err error) {
	id, found, err := t.find(project, kindMeasure, text)
	if err != nil {
		return row, err
	}
	if found {
		row, _, err = get[client.Measure](t.data(project, bucketMeasures), id[:])
		return row, err
	}
	row = client.Measure{UUID: t.newUUID(), Project: project, Name: text, Units: "Measure (units)", Created: t.second(), Modified: t.second()}
	slug := client.Slug(text)
	if known, ok := builtIn[slug]; ok && (text == slug || text == known.name) {
		row.Name, row.Units = known.name, known.units
	}
	if row.Slug, err = t.name(project, kindMeasure, row.UUID, row.Name, slug); err != nil {
		return row, err
	}
	return row, put(t.data(project, bucketMeasures), row.UUID[:], row)
}

// builtIn are Bencher's own measures, by slug (bencher-api.md, section 5).
var builtIn = map[string]struct{ name, units string }{
	"latency":          {"Latency", "nanoseconds (ns)"},
	"throughput":       {"Throughput", "operations / second (ops/s)"},
	"build-time":       {"Build Time", "seconds (s)"},
	"file-size":        {"File Size", "bytes (B)"},
	"allocated":        {"Allocated", "bytes (B)"},
	"gen0-collects":    {"Gen0 Collects", "collects"},
	"gen1-collects":    {"Gen1 Collects", "collects"},
	"gen2-collects":    {"Gen2 Collects", "collects"},
	"total-operations": {"Total Operations", "operations"},
	"instructions":     {"Instructions", "instructions"},
	"l1-accesses":      {"L1 Accesses", "accesses"},
	"l2-accesses":      {"L2 Accesses", "accesses"},
	"ram-accesses":     {"RAM Accesses", "accesses"},
	"estimated-cycles": {"Estimated Cycles", "estimated cycles"},
	"compute-jitter":   {"Compute Jitter", "percent (%)"},
	"cache-jitter":     {"Cache Jitter", "percent (%)"},
	"io-jitter":        {"I/O Jitter", "percent (%)"},
	"cpu-steal":        {"CPU Steal", "percent (%)"},
	"noise-score":      {"Noise Score", "decibels (dB)"},
}
