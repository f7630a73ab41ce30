package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// dropInCall is a line of the recordings: one call of Bencher's own command,
// and what it posted.
type dropInCall struct {
	Name  string
	Argv  []string
	Env   map[string]*string // nil: unset
	Stdin *string
	Exit  int
	Body  map[string]any // nil: nothing was posted
}

// What the recordings were made with.
const (
	recordedCalls = 65
	recordedRoot  = "172c73d650256143bed5f3aa168931cc0422dcfb"
	recordedHead  = "9316945cae3a216356a8142a471a217b6f3a67b8"
)

// Keys of the server that the calls are played against: one it knows, and one
// that it doesn't.
const (
	knownKey   = "bencher_user_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	unknownKey = "bencher_user_ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ"
)

// TestBurrowRunDropsInForBencherRun plays every recorded call of bencher run as
// burrow run, in order, on one server: each posts the same body and exits
// alike, or differs exactly as dropInDifferences says.
func TestBurrowRunDropsInForBencherRun(t *testing.T) {
	repository, root, head := dropInRepository(t)
	calls := dropInCalls(t, strings.NewReplacer(recordedRoot, root, recordedHead, head))
	if len(calls) != recordedCalls {
		t.Errorf("%d recorded calls, not %d", len(calls), recordedCalls)
	}
	known := map[string]bool{}
	server := recordRuns(t)
	for _, call := range calls {
		known[call.Name] = true
		t.Run(call.Name, func(t *testing.T) {
			code, output := playDropIn(t, call, repository, server.url)
			seen := server.taken()
			got := outcomeOf(t, code, seen.runs)
			if got.body == nil && seen.calls > 0 {
				t.Errorf("%d calls of the server, and no run", seen.calls)
			}
			recorded := dropInOutcome{exit: call.Exit, body: settled(t, call.Body)}
			intended, differs := dropInDifferences[call.Name]
			want := recorded
			if differs {
				want = intended.from(recorded)
			}
			if differs && reflect.DeepEqual(got, recorded) {
				t.Errorf("this no longer differs from bencher run, but is said to: %s", intended.reason)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("burrow run %q:\n got %v\nwant %v\n%s", call.Argv, got, want, output)
			}
		})
	}
	for name := range dropInDifferences {
		if !known[name] {
			t.Errorf("a difference from %q, which is no recorded call", name)
		}
	}
}

// dropInOutcome is what a call came to.
type dropInOutcome struct {
	exit int
	body map[string]any // settled; nil: nothing was posted
}

func (o dropInOutcome) String() string {
	body, err := json.Marshal(o.body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("exit %d, body %s", o.exit, body)
}

func outcomeOf(t *testing.T, code int, posted [][]byte) dropInOutcome {
	t.Helper()
	got := dropInOutcome{exit: code}
	if len(posted) > 1 {
		t.Errorf("posted %d times", len(posted))
	}
	if len(posted) == 0 {
		return got
	}
	var body map[string]any
	if err := json.Unmarshal(posted[0], &body); err != nil {
		t.Fatalf("posted what is no JSON: %v: %.200s", err, posted[0])
	}
	got.body = settled(t, body)
	return got
}

// playDropIn runs one call to its end, in a home of its own.
func playDropIn(t *testing.T, call dropInCall, repository, url string) (code int, output string) {
	t.Helper()
	env := map[string]*string{"BENCHER_HOST": &url, "BENCHER_API_KEY": new(string)}
	*env["BENCHER_API_KEY"] = knownKey
	for name, value := range call.Env {
		if value != nil && strings.HasPrefix(*value, "bencher_user_<") {
			unknown := unknownKey
			value = &unknown
		}
		env[name] = value
	}
	home := newPlace(t)
	cmd := home.command(append([]string{"run"}, call.Argv...)...)
	cmd.Dir = repository
	cmd.Env = slices.DeleteFunc(cmd.Env, func(pair string) bool { return inherited.MatchString(pair) })
	for name, value := range env {
		if value != nil {
			cmd.Env = append(cmd.Env, name+"="+*value)
		}
	}
	if call.Stdin != nil {
		cmd.Stdin = strings.NewReader(*call.Stdin)
	}
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	home.checked()
	return cmd.ProcessState.ExitCode(), string(text)
}

// inherited are the variables of whoever runs the tests that would reach into
// a call.
var inherited = regexp.MustCompile(`^(BENCHER_|CI=|CI_|GITHUB_|SSL_CLIENT_CERT=|GIT_)`)

// dropInRepository makes the repository that the recordings were made in: two
// commits on main, with the files that the calls read.
func dropInRepository(t *testing.T) (folder, root, head string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the recordings were made on Linux: shells, systems and messages are its own")
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("no git, which makes the repository that the recordings were made in")
	}
	folder = filepath.Join(t.TempDir(), "repo")
	files := map[string]string{
		"r.json": `{"one":{"latency":{"value":1.5}}}`, "r2.json": `{"two":{"latency":{"value":2}}}`, "go.txt": goOutput,
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do := func(args ...string) string {
		cmd := exec.Command(git, append([]string{"-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	do("init", "-q", "-b", "main")
	do("commit", "-q", "--allow-empty", "-m", "one")
	root = do("rev-parse", "HEAD")
	do("add", ".")
	do("commit", "-q", "-m", "two")
	return folder, root, do("rev-parse", "HEAD")
}

// dropInCalls reads the recordings, with the hashes of this repository for
// theirs.
func dropInCalls(t *testing.T, hashes *strings.Replacer) []dropInCall {
	t.Helper()
	file, err := os.Open("../../../shared/recordings/bencher-run.jsonl")
	if err != nil {
		t.Skipf("no recordings of bencher run beside the project: %v", err)
	}
	defer file.Close()
	var calls []dropInCall
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var call dropInCall
		if err := json.Unmarshal([]byte(hashes.Replace(lines.Text())), &call); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return calls
}
