package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"burrow/client/local"
)

// BenchmarkWholeProcess runs burrow run --file as a whole process, acknowledged
// by a local HTTP server, beside a bare Go program that opens a bbolt file,
// commits three times and posts the same body once.
func BenchmarkWholeProcess(b *testing.B) {
	folder := b.TempDir()
	for name, source := range map[string]string{"burrow": ".", "bare": "./testdata/bare"} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(folder, name), source).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	handler, err := local.Open(filepath.Join(folder, "server.db"), local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	results := filepath.Join(folder, "r.json")
	if err := os.WriteFile(results, []byte(`{"one":{"latency":{"value":1.5}}}`), 0o600); err != nil {
		b.Fatal(err)
	}
	body := filepath.Join(folder, "body.json")
	if err := os.WriteFile(body, fmt.Appendf(nil, `{"project":"demo","start_time":"2026-11-20T10:00:00Z","end_time":"2026-11-20T10:00:01Z","results":[%q],"settings":{"adapter":"json"},"context":{}}`,
		`{"one":{"latency":{"value":1.5}}}`), 0o600); err != nil {
		b.Fatal(err)
	}
	home := b.TempDir()
	env := append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "BURROW_KEYRING=off", "CI=", "BENCHER_API_KEY=")
	bare := 0.0 // seconds a process
	for _, program := range []struct {
		name string
		args []string
	}{
		{"bare", []string{filepath.Join(folder, "bare.db"), server.URL, body}},
		{"burrow", []string{"run", "--outbox", filepath.Join(folder, "outbox.db"), "--host", server.URL, "--project", "demo", "--adapter", "json", "--wait", "30s", "-q", "--file", results}},
	} {
		b.Run(program.name, func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command(filepath.Join(folder, program.name), program.args...)
				cmd.Env, cmd.Dir = env, folder
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
			took := b.Elapsed().Seconds() / float64(b.N)
			if program.name == "bare" {
				bare = took
			}
			b.ReportMetric(took/bare, "times-bare")
		})
	}
}
