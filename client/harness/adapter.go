package harness

import (
	"fmt"
	"slices"
	"strings"
)

// Adapter names how the server reads a run's results: the wire names of the
// Bencher API (bencher-api.md, section 5).
type Adapter string

// The adapters that burrow can read by itself, for the preview and the
// acknowledgment check. The server reads all others.
const (
	Magic   Adapter = "magic" // tries each in turn
	JSON    Adapter = "json"  // Bencher Metric Format
	GoBench Adapter = "go_bench"
	Go      Adapter = "go" // language level; the server reads it as magic does
)

// Adapters lists every name that the server takes, in its own order.
func Adapters() []string {
	return []string{
		"magic", "json", "rust", "rust_bench", "rust_criterion", "rust_iai", "rust_gungraun",
		"rust_iai_callgrind", "rust_gungraun_stdout", "rust_gungraun_json", "cpp", "cpp_google",
		"cpp_catch2", "go", "go_bench", "java", "java_jmh", "c_sharp", "c_sharp_dot_net", "js",
		"js_benchmark", "js_time", "js_vitest", "python", "python_asv", "python_pytest", "ruby",
		"ruby_benchmark", "shell", "shell_hyperfine", "dart", "dart_benchmark_harness",
	}
}

// ParseAdapter returns the adapter of that name. An unknown name is an error
// that lists the known ones.
func ParseAdapter(name string) (Adapter, error) {
	if !slices.Contains(Adapters(), name) {
		return "", fmt.Errorf("unknown adapter %q: use one of %s", name, strings.Join(Adapters(), ", "))
	}
	return Adapter(name), nil
}
