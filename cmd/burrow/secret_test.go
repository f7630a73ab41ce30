package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"burrow/client"
)

// The secrets of these tests: given by a flag, by a variable, stored.
const (
	flagKey   = "bencher_user_FLAGflagFLAGflagFLAGflagFLAG01"
	envKey    = "bencher_user_ENVIenviENVIenviENVIenviENVI02"
	storedKey = "bencher_user_STOREstoreSTOREstoreSTOREst003"
)

// told lists the secrets that a text holds, as they are or in part.
func told(text []byte) (found []string) {
	for _, secret := range []string{flagKey, envKey, storedKey} {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte(secret[16:32])) {
			found = append(found, secret)
		}
	}
	return found
}

// blabber is a server that quotes the credential in everything it says, as
// Bencher does with a key that it can't use.
func blabber(t *testing.T, status int) *httptest.Server {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := r.Header.Get("Authorization")
		w.Header().Set("X-Request-Id", secret)
		w.Header().Set("Location", "http://127.0.0.1:1/?token="+secret)
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"request_id":%q,"error_code":%q,"message":"Malformed JSON Web Token: Failed to validate JWT: %s"}`, secret, secret, secret)
	}))
	t.Cleanup(web.Close)
	return web
}

// TestNoSecretIsKeptOrTold drives every command that has a credential at hand
// through success and every kind of refusal, then searches what they printed
// and the bytes of every file they made.
func TestNoSecretIsKeptOrTold(t *testing.T) {
	p := newPlace(t)
	good := p.serve("--key", flagKey, "--key", envKey, "--key", storedKey)
	p.env = append(p.env, "BENCHER_API_KEY="+envKey, "BENCHER_PROJECT=demo")
	file := p.file("go.txt", goOutput)
	var printed bytes.Buffer
	say := func(args ...string) {
		cmd := p.command(append([]string{"--log-file", filepath.Join(p.folder, "log"), "--log-level", "debug"}, args...)...)
		if slices.Contains(args, "set") {
			cmd.Stdin = strings.NewReader(storedKey + "\n")
		}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code < 0 || code > 5 {
			t.Errorf("burrow %v: %v", args, err)
		}
		fmt.Fprintf(&printed, "%s\n%s\n", args[0], out)
	}
	hosts := []string{good.url, "http://127.0.0.1:1"}
	for _, status := range []int{302, 400, 401, 409, 429, 503} {
		hosts = append(hosts, blabber(t, status).URL)
	}
	for _, host := range hosts {
		say("auth", "set", "--host", host)
		say("reports", "--host", host, "--json")
		say("report", "--host", host, "01a2111b-50fd-7004-83c6-f8dafface769")
		say("perf", "--host", host)
		for _, key := range [][]string{{"--key", flagKey}, {"--token", flagKey}, nil} {
			say(append([]string{"run", "--host", host, "--wait", "1ms", "--branch", fmt.Sprint("b", len(key)), "--file", file}, key...)...)
		}
		say("run", "--host", host, "--dry-run", "--file", file)
		say("sync", "--host", host, "--timeout", "100ms")
		say("config", "show", "--host", host, "--json")
	}
	say("auth", "list")
	say("auth", "set", storedKey)
	say("history")
	say("history", "--json")
	say("list", "--json")
	runs := p.runs()
	if len(runs) < len(hosts)*3 {
		t.Errorf("%d runs are in the outbox", len(runs))
	}
	for i, r := range runs {
		say("show", "--json", r["id"].(string))
		if i%3 == 0 {
			say("show", r["id"].(string))
			say("resubmit", "--wait", "0s", r["id"].(string))
		}
	}
	for command := range bytes.SplitSeq(printed.Bytes(), []byte("\n\n")) {
		if found := told(command); len(found) > 0 {
			t.Errorf("%v is told: %s", found, command)
		}
	}
	searched := 0
	err := filepath.WalkDir(p.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "credentials.json" {
			return err
		}
		text, err := os.ReadFile(path)
		searched++
		if found := told(text); len(found) > 0 {
			t.Errorf("%v stands in %s", found, path)
		}
		return err
	})
	if err != nil || searched < 4 {
		t.Errorf("%d files were searched, %v", searched, err)
	}
	if kept, err := os.ReadFile(filepath.Join(p.folder, "config", "burrow", "credentials.json")); err != nil || len(told(kept)) != 1 {
		t.Errorf("the search finds nothing where something is: %v", err)
	}
}

// crash is a command that ends as a mistake of burrow's would.
func crash() {
	c := connection{credential: client.NewCredential(os.Getenv("BENCHER_API_KEY"))}
	c.given = append(c.given, c.credential)
	fmt.Fprintf(os.Stderr, "%v %+v %#v\n", c, &c, []any{c})
	panic(fmt.Errorf("%v: %+v", c.credential, c))
}

// TestAPanicTellsNoSecret looks at what Go prints of all goroutines.
func TestAPanicTellsNoSecret(t *testing.T) {
	cmd := exec.Command("burrow-crash")
	cmd.Env = append(os.Environ(), "BENCHER_API_KEY="+envKey, "GOTRACEBACK=all")
	out, _ := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("goroutine 1")) || len(told(out)) > 0 {
		t.Errorf("%s", out)
	}
}

// listener is a server that notes who came with which credential.
type listener struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // "POST /v0/run Bearer …"
}

func listen(t *testing.T, answer http.HandlerFunc) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.seen = append(l.seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		l.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

// TestNoCredentialFollowsARedirect: a server sends each call on to another
// one, which never hears of it.
func TestNoCredentialFollowsARedirect(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			p := newPlace(t)
			thief := listen(t, func(http.ResponseWriter, *http.Request) {})
			door := listen(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, thief.URL+r.URL.Path, status) })
			p.env = append(p.env, "BENCHER_API_KEY="+envKey, "BENCHER_HOST="+door.URL, "BENCHER_PROJECT=demo")
			p.burrow(3, "run", "--wait", "1s", "--file", p.file("go.txt", goOutput))
			for _, args := range redirected {
				p.burrow(1, args...)
			}
			if heard := thief.heard(); len(heard) > 0 {
				t.Errorf("the other server heard %v", heard)
			}
			if heard := door.heard(); len(heard) < 1+len(redirected) || !strings.HasSuffix(heard[0], envKey) {
				t.Errorf("the door heard %v", heard)
			}
			if run := p.runs()[0]; run["status"] != "pending" || run["reason"] != "proxy" {
				t.Errorf("the run is %v (%v)", run["status"], run["reason"])
			}
		})
	}
}

// redirected are the commands that read, each of which asks the server once at
// least.
var redirected = [][]string{
	{"reports"},
	{"perf"},
	{"report", "--project", "demo", "01a2111b-50fd-7004-83c6-f8dafface769"},
}

// TestACredentialGoesToItsOwnHostOnly: runs of two hosts lie in one outbox, and
// a command that delivers both has a credential of one, or of each.
func TestACredentialGoesToItsOwnHostOnly(t *testing.T) {
	p := newPlace(t)
	refuse := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	mine, other := listen(t, refuse), listen(t, refuse)
	file := p.file("go.txt", goOutput)
	p.burrow(0, "run", "--no-send", "--host", mine.URL, "--key", flagKey, "--project", "demo", "--file", file)
	p.burrow(0, "run", "--no-send", "--host", other.URL, "--key", "bencher_user_someone_elses_key", "--project", "demo", "--file", file)
	rich := p.env
	p.env = append(slices.Clone(rich), "BENCHER_HOST="+mine.URL, "BENCHER_API_KEY="+envKey)
	p.burrow(3, "sync", "--timeout", "2s")
	for _, call := range other.heard() {
		if strings.Contains(call, "/v0/run") || strings.Contains(call, "bencher_") {
			t.Errorf("the other host heard %s", call)
		}
	}
	if heard := mine.heard(); !slices.Contains(heard, "POST /v0/run Bearer "+envKey) {
		t.Errorf("its own host heard %v", heard)
	}

	set := p.command("auth", "set", "--host", other.URL)
	set.Stdin = strings.NewReader(storedKey)
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.burrow(3, "sync", "--timeout", "2s")
	for _, call := range slices.Concat(mine.heard()) {
		if strings.Contains(call, storedKey) {
			t.Errorf("its own host heard %s", call)
		}
	}
	if heard := other.heard(); !slices.Contains(heard, "POST /v0/run Bearer "+storedKey) || slices.ContainsFunc(heard, func(call string) bool { return strings.Contains(call, envKey) }) {
		t.Errorf("the other host heard %v", heard)
	}
}

// TestPlainHTTPIsWarnedOfOnce on the way to another machine, and never on the
// way to this one.
func TestPlainHTTPIsWarnedOfOnce(t *testing.T) {
	p := newPlace(t)
	file := p.file("go.txt", goOutput)
	for _, c := range []struct {
		host string
		want int
	}{
		{"http://bencher.invalid:8080", 1},
		{"http://192.0.2.1", 1},
		{"http://127.0.0.1:1", 0},
		{"http://[::1]:1", 0},
		{"http://localhost:1", 0},
		{"https://bencher.invalid", 0},
		{"local", 0},
	} {
		_, stderr := p.burrow(0, "submit", "--no-send", "--host", c.host, "--project", "demo", file, file)
		if got := strings.Count(stderr, "is plain http"); got != c.want {
			t.Errorf("%s: warned %d times\n%s", c.host, got, stderr)
		}
	}
	_, stderr := p.burrow(3, "sync", "--host", "https://127.0.0.1:1", "--timeout", "1ms")
	if got := strings.Count(stderr, "is plain http"); got != 1 {
		t.Errorf("sync, with two such hosts in the outbox, warned %d times\n%s", got, stderr)
	}
	_, stderr = p.burrow(0, "run", "-q", "--no-send", "--host", "http://192.0.2.1", "--project", "demo", "--file", file)
	if stderr != "" {
		t.Errorf("with -q: %s", stderr)
	}
}
