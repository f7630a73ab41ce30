package harness

import (
	"strings"
	"testing"
)

// BenchmarkRead reads what Bencher's own adapters are measured with: a document
// of 4 benchmarks in Bencher Metric Format (3.5 µs there, on such a machine),
// `cargo bench` output given to magic (32 µs), and Go output.
func BenchmarkRead(b *testing.B) {
	metric := `{"latency":{"value":88.0,"lower_value":87.42,"upper_value":88.88}}`
	bmf := `{"tests::benchmark_a":` + metric + `,"tests::benchmark_b":` + metric + `,"tests::benchmark_c":` + metric + `,"tests::benchmark_d":` + metric + `}`
	rust := "\nrunning 5 tests\ntest tests::ignored ... ignored\n" +
		strings.Repeat("test tests::benchmark_a ... bench:       3,161 ns/iter (+/- 975)\n", 4) +
		"\ntest result: ok. 0 passed; 0 failed; 1 ignored; 4 measured; 0 filtered out; finished in 0.11s\n"
	gobench := "goos: linux\ngoarch: amd64\npkg: example\n" +
		"BenchmarkFib10-8   \t 3000000\t       325 ns/op\nBenchmarkFib20-8   \t   30000\t     40537 ns/op\n" +
		"BenchmarkFib30-8   \t     300\t   4980000 ns/op\t  16 B/op\t  1 allocs/op\nBenchmarkFib40-8   \t       2\t 600000000 ns/op\nPASS\nok  \texample\t9.2s\n"
	for _, bench := range []struct {
		name    string
		adapter Adapter
		text    string
		known   bool
	}{{"BMF", JSON, bmf, true}, {"magic BMF", Magic, bmf, true}, {"magic rust", Magic, rust, false}, {"go", GoBench, gobench, true}, {"magic go", Magic, gobench, true}} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				reading, err := Read(bench.adapter, bench.text)
				if err != nil || reading.Known != bench.known {
					b.Fatal(reading, err)
				}
			}
		})
	}
}
