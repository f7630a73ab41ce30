package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary stand for the burrow command, so that every
// test here runs real processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"burrow": main, "burrow-crash": crash})
}

// quickExit keeps a process with the race detector from waiting for a second at
// its end, which is most of the time of a test of many short ones.
const quickExit = "atexit_sleep_ms=20"

// TestScripts runs the command line as a person would, a script for each
// promise.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("BURROW_KEYRING", "off") // never the keyring of who runs the tests
			e.Setenv("CI", "")
			e.Setenv("GORACE", quickExit)
			e.Values[lastServer{}] = &lastServer{}
			return nil
		},
		Condition: func(name string) (bool, error) {
			return (name == "root" || name == "smalldisk" && canMount) && os.Getuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":      scriptServe,
			"stopserver": scriptStopServer,
			"reports":    scriptReports,
			"smalldisk":  scriptSmallDisk,
			"lastrun":    scriptLastRun,
			"partfile":   scriptPartFile,
			"damage":     scriptDamage,
			"cut":        scriptCut,
		},
	})
}

// scriptServe starts a server with these flags and sets URL: serve [FLAG...].
func scriptServe(ts *testscript.TestScript, _ bool, args []string) {
	args = append([]string{"serve", "--data", ts.MkAbs("server")}, args...)
	if !strings.Contains(strings.Join(args, " "), "--addr") {
		args = append(args, "--addr", "127.0.0.1:0")
	}
	server, err := startServer(args, ts.Getenv("PATH"), ts.MkAbs("."))
	ts.Check(err)
	ts.Setenv("URL", server.url)
	ts.Defer(server.stop)
	ts.Value(lastServer{}).(*lastServer).server = server
}

// lastServer is the server that a script started last.
type lastServer struct{ *server }

// scriptStopServer stops the server that was started last, and keeps its
// address from the servers of other scripts: whoever calls there is hung up on.
// Usage: stopserver.
func scriptStopServer(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Value(lastServer{}).(*lastServer).stop()
	dead, err := net.Listen("tcp", strings.TrimPrefix(ts.Getenv("URL"), "http://"))
	ts.Check(err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			call, err := dead.Accept()
			if err != nil {
				return
			}
			call.Close()
		}
	}()
	ts.Defer(func() {
		dead.Close()
		<-ended
	})
}

// scriptLastRun sets LAST to the ID of the run that burrow list printed as JSON
// just before. Usage: lastrun.
func scriptLastRun(ts *testscript.TestScript, _ bool, _ []string) {
	var run struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &run))
	ts.Setenv("LAST", run.ID)
}

// scriptPartFile sets PART to the file of the one benchmark that was cut short;
// negated, there must be none. Usage: [!] partfile.
func scriptPartFile(ts *testscript.TestScript, neg bool, _ []string) {
	found, err := filepath.Glob(ts.MkAbs("data/burrow/outbox.db.recovery/*.part"))
	ts.Check(err)
	if neg != (len(found) == 0) || len(found) > 1 {
		ts.Fatalf("there are %d parts", len(found))
	}
	if !neg {
		ts.Setenv("PART", found[0])
	}
}

// scriptReports checks how many whole reports a project has: reports PROJECT
// ITERATIONS COUNT.
func scriptReports(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: reports PROJECT ITERATIONS COUNT")
	}
	reports, err := serverReports(ts.Getenv("URL"), args[0])
	ts.Check(err)
	if fmt.Sprint(len(reports)) != args[2] {
		ts.Fatalf("the server holds %d reports, not %s", len(reports), args[2])
	}
	for _, r := range reports {
		if fmt.Sprint(len(r.Iterations())) != args[1] {
			ts.Fatalf("report %s holds %d iterations, not %s", r.UUID, len(r.Iterations()), args[1])
		}
	}
}

// server is a burrow serve process.
type server struct {
	url  string
	cmd  *exec.Cmd
	stop func()
}

// startServer runs burrow serve and waits for its address.
func startServer(args []string, path, folder string) (*server, error) {
	for _, place := range filepath.SplitList(path) {
		if binary := filepath.Join(place, "burrow"); isFile(binary) {
			args = append([]string{binary}, args...)
			break
		}
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("burrow serve said nothing: %w", err)
	}
	fields := strings.Fields(line) // Serving on URL, reports in FILE
	s := &server{url: strings.TrimSuffix(fields[2], ","), cmd: cmd}
	s.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	return s, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// serverReports lists all reports of a project.
func serverReports(url, project string) ([]client.Report, error) {
	var all []client.Report
	for page := 1; ; page++ {
		response, err := http.Get(fmt.Sprintf("%s/v0/projects/%s/reports?per_page=255&page=%d", url, project, page))
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return nil, err
		}
		var reports []client.Report
		if response.StatusCode == http.StatusNotFound {
			return nil, nil
		}
		if err := json.Unmarshal(body, &reports); err != nil {
			return nil, fmt.Errorf("%s: %w", body, err)
		}
		if len(reports) == 0 {
			return all, nil
		}
		all = append(all, reports...)
	}
}

// place is a person's home with an outbox, for tests of whole processes.
type place struct {
	t      testing.TB
	folder string
	env    []string
}

func newPlace(t testing.TB) *place {
	folder := t.TempDir()
	return &place{t: t, folder: folder, env: append(os.Environ(),
		"HOME="+folder, "XDG_DATA_HOME="+filepath.Join(folder, "data"), "XDG_CONFIG_HOME="+filepath.Join(folder, "config"),
		"XDG_CACHE_HOME="+filepath.Join(folder, "cache"), "BURROW_KEYRING=off",
		"BURROW_OUTBOX="+filepath.Join(folder, "outbox.db"), "CI=", "GORACE="+quickExit, "BENCHER_HOST=", "BENCHER_API_KEY=")}
}

func (p *place) command(args ...string) *exec.Cmd {
	cmd := exec.Command("burrow", args...)
	cmd.Env, cmd.Dir = p.env, p.folder
	return cmd
}

// burrow runs a command to its end and returns what it printed.
func (p *place) burrow(code int, args ...string) (stdout, stderr string) {
	p.t.Helper()
	var out, err strings.Builder
	cmd := p.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &err
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		p.t.Fatalf("burrow %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), err.String())
	}
	return out.String(), err.String()
}

func (p *place) serve(args ...string) *server {
	p.t.Helper()
	return p.serveAt("127.0.0.1:0", args...)
}

// serveAt serves at an address, so that a server can come back where it was.
func (p *place) serveAt(address string, args ...string) *server {
	p.t.Helper()
	args = append([]string{"serve", "--addr", address, "--data", filepath.Join(p.folder, "server")}, args...)
	s, err := startServer(args, os.Getenv("PATH"), p.folder)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(s.stop)
	return s
}

// freeAddress is an address on this machine that nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func (p *place) file(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// runs lists the outbox as burrow list --json does.
func (p *place) runs(args ...string) []map[string]any {
	p.t.Helper()
	out, _ := p.burrow(0, append([]string{"list", "--limit", "0", "--json"}, args...)...)
	return lines(p.t, out)
}

func lines(t testing.TB, text string) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, object)
	}
	return list
}

// checked opens the outbox and looks at every invariant.
func (p *place) checked() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	store, err := outbox.Open(ctx, filepath.Join(p.folder, "outbox.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	problems, err := store.Check(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, problem := range problems {
		p.t.Error(problem)
	}
}

const goOutput = "BenchmarkA-2 100 10 ns/op\nBenchmarkB-2 100 20 ns/op\n"
