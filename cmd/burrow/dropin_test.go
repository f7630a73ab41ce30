package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"

	"burrow/client/local"
)

// dropInRecordings are calls of bencher run; they lie beside the project where
// it is developed, and not in a user's clone.
const dropInRecordings = "../../../shared/recordings/bencher-run.jsonl"

// dropInDifferences are the calls that burrow means to answer otherwise than
// bencher run: what differs, and why. The README lists them for people.
var dropInDifferences = map[string]struct{ what, why string }{
	"allow-failure":          {"body, exit 1", "bencher sends a run of no results and exits 0: burrow says that there is nothing to send"},
	"allow-failure-iter":     {"body, exit 1", "the same, of two iterations"},
	"killed":                 {"body, exit 1", "bencher takes a command that a signal killed for a success and sends half of its results"},
	"threshold-missing-test": {"exit 2", "a mistake in the flags is a usage error everywhere in burrow"},
	"threshold-no-boundary":  {"exit 2", "the same"},
	"threshold-too-many":     {"exit 2", "the same"},
	"build-time":             {"body", "bencher rounds the time to 10 ms, by the wall clock: burrow measures microseconds, monotonically"},
	"build-and-size":         {"body", "the same"},
	"average":                {"exit 4", "the server refused the run: 4 tells that from a failure before anything was enqueued"},
	"adapter-fails":          {"body", "bencher sends what no adapter can read, which leaves an empty report: burrow refuses it before"},
	"alert-err":              {"exit 5", "alerts have a status of their own"},
	"bad-key":                {"exit 0", "the run is safe in the outbox and goes with another credential; --wait makes it 3"},
	"anonymous-claimed":      {"exit 0", "the same"},
	"non-utf8":               {"body", "bencher loses all output after a byte that is not UTF-8"},
	"unknown-flag":           {"exit 2", "bencher takes a mistyped flag for the command"},
}

type benchersCall struct {
	Name  string             `json:"name"`
	Argv  []string           `json:"argv"`
	Env   map[string]*string `json:"env"`
	Stdin *string            `json:"stdin"`
	Exit  int                `json:"exit"`
	Body  map[string]any     `json:"body"`
}

// recorder is a server that keeps the bodies of run requests.
type recorder struct {
	http.Handler
	mu     sync.Mutex
	bodies [][]byte
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPost && request.URL.Path == "/v0/run" {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		r.mu.Lock()
		r.bodies = append(r.bodies, body)
		r.mu.Unlock()
	}
	r.Handler.ServeHTTP(w, request)
}

// take returns the first body since the last call, and how many came.
func (r *recorder) take() (first []byte, count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	count = len(r.bodies)
	if count > 0 {
		first = r.bodies[0]
	}
	r.bodies = nil
	return first, count
}

// TestBurrowRunDropsInForBencherRun plays what bencher run was seen to do:
// burrow run with the same words posts the same body and exits alike, but for
// the differences above.
func TestBurrowRunDropsInForBencherRun(t *testing.T) {
	file, err := os.Open(dropInRecordings)
	if err != nil {
		t.Skip("no recordings of bencher run beside the project")
	}
	defer file.Close()
	const key = "bencher_user_abcdefghijklmnopqrstuvwxyz0123"
	handler, err := local.Open(filepath.Join(t.TempDir(), "server.db"), local.Options{Keys: map[string]string{key: "muriel"}})
	if err != nil {
		t.Fatal(err)
	}
	server := &recorder{Handler: handler}
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	repo, root, head := benchersRepository(t)
	hashes := strings.NewReplacer("172c73d650256143bed5f3aa168931cc0422dcfb", root, "9316945cae3a216356a8142a471a217b6f3a67b8", head)

	scan, played := bufio.NewScanner(file), 0
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		played++
		var call benchersCall
		if err := json.Unmarshal([]byte(hashes.Replace(scan.Text())), &call); err != nil {
			t.Fatal(err)
		}
		t.Run(call.Name, func(t *testing.T) {
			server.take()
			p := newPlace(t)
			cmd := p.command(append([]string{"run"}, call.Argv...)...)
			cmd.Dir = repo
			cmd.Env = append(cmd.Env, "BENCHER_HOST="+listening.URL, "BENCHER_API_KEY="+key, "GIT_CEILING_DIRECTORIES="+filepath.Dir(repo))
			for name, value := range call.Env {
				text := ""
				if value != nil {
					text = strings.ReplaceAll(*value, "<30 characters>", strings.Repeat("x", 30))
				}
				cmd.Env = append(cmd.Env, name+"="+text)
			}
			if call.Stdin != nil {
				cmd.Stdin = strings.NewReader(*call.Stdin)
			}
			out, _ := cmd.CombinedOutput()
			sent, _ := server.take()
			differs := compareCalls(t, call, cmd.ProcessState.ExitCode(), sent)
			if want := dropInDifferences[call.Name].what; differs != want {
				t.Errorf("differs in %q, not in %q\n%s\nbencher: %v\nburrow:  %s", differs, want, out, call.Body, sent)
			}
		})
	}
	if played != 65 {
		t.Errorf("%d calls, not 65", played)
	}
}

// compareCalls says what differs from bencher's call: "", "body", "exit N",
// "body, exit N".
func compareCalls(t *testing.T, call benchersCall, exit int, sent []byte) string {
	t.Helper()
	var got map[string]any
	if sent != nil {
		if err := json.Unmarshal(sent, &got); err != nil {
			t.Fatal(err)
		}
	}
	var differences []string
	if !reflect.DeepEqual(sayings(got), sayings(call.Body)) {
		differences = append(differences, "body")
	}
	if exit != call.Exit {
		differences = append(differences, fmt.Sprintf("exit %d", exit))
	}
	return strings.Join(differences, ", ")
}

// sayings makes a body comparable: times and key are told by their form only,
// and results in Bencher Metric Format count by what they say.
func sayings(body map[string]any) map[string]any {
	if body == nil {
		return nil
	}
	out := maps.Clone(body)
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\dT.*Z$`)
	for _, field := range []string{"start_time", "end_time"} {
		if s, _ := out[field].(string); stamp.MatchString(s) && s != "2026-01-01T00:00:00Z" {
			out[field] = "<time>"
		}
	}
	out["idempotency_key"] = len(fmt.Sprint(out["idempotency_key"])) > 0
	if context, ok := out["context"].(map[string]any); ok && context["bencher.dev/v0/testbed/fingerprint"] != nil {
		context["bencher.dev/v0/testbed/fingerprint"] = "<fingerprint>"
	}
	if results, ok := out["results"].([]any); ok {
		for i, r := range results {
			results[i] = metricFormat(r)
		}
	}
	return out
}

// metricFormat is what an element says, bounds that are null left out; other
// text stays.
func metricFormat(element any) any {
	var document map[string]map[string]map[string]any
	if json.Unmarshal([]byte(fmt.Sprint(element)), &document) != nil {
		return element
	}
	for _, measures := range document {
		for _, metric := range measures {
			for name, v := range metric {
				if v == nil {
					delete(metric, name)
				}
			}
		}
	}
	text, _ := json.Marshal(document)
	return string(text)
}

// benchersRepository is like the one that bencher run was recorded in.
func benchersRepository(t *testing.T) (folder, root, head string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "repo")
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", folder}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	git("init", "-q", "-b", "main")
	for name, text := range map[string]string{
		"r.json": `{"one":{"latency":{"value":1.5}}}`, "r2.json": `{"two":{"latency":{"value":2}}}`,
		"go.txt": "BenchmarkA-2 100 10 ns/op\nBenchmarkB-2 100 20 ns/op\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, message := range []string{"one", "two"} {
		git("-c", "user.name=m", "-c", "user.email=m@example.com", "commit", "-q", "--allow-empty", "-m", message)
	}
	return folder, git("rev-list", "--max-parents=0", "HEAD"), git("rev-parse", "HEAD")
}
