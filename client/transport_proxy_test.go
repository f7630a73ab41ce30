package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// askedHost tells the test's own child process which host to send a run to.
const askedHost = "BURROW_TEST_ASK_HOST"

// TestTheProxyOfTheEnvironmentIsTaken sends runs from a process of its own,
// since the variables are read once in each. The proxy answers what it is
// asked for itself and opens no tunnel.
func TestTheProxyOfTheEnvironmentIsTaken(t *testing.T) {
	if host := os.Getenv(askedHost); host != "" {
		api, err := NewAPI(host, "burrow/test", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer api.Close()
		x := api.PostRun(t.Context(), NewCredential("bencher_user_abcdefghijklmnopqrstuvwxyz0123"), []byte("{}"))
		v := Classify(x, Expectation{})
		fmt.Printf("verdict: %s, %s, %s\n", v.Outcome, v.Scope, v.Message)
		return
	}
	asked := make(chan string, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- fmt.Sprintf("%s %s, credential: %v", r.Method, r.RequestURI, r.Header.Get("Authorization") != "")
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"request_id":"r","message":"through the proxy"}`)
	}))
	t.Cleanup(proxy.Close)
	const gone = "http://127.0.0.1:1"
	for _, test := range []struct {
		name, host, variable string
		asked, verdict       string
	}{
		{"http", "http://bench.invalid", "HTTP_PROXY=" + proxy.URL, "POST http://bench.invalid/v0/run, credential: true", "refused, run, through the proxy"},
		{"in lower case", "http://bench.invalid", "http_proxy=" + proxy.URL, "POST http://bench.invalid/v0/run, credential: true", "refused, run, through the proxy"},
		{"a tunnel that is refused", "https://bench.invalid", "HTTPS_PROXY=" + proxy.URL, "CONNECT bench.invalid:443, credential: false", "unavailable, host, Proxy Authentication Required"},
		{"another scheme's", "https://bench.invalid", "HTTP_PROXY=" + proxy.URL, "", "unavailable, host, "},
		{"one that is gone", "http://bench.invalid", "HTTP_PROXY=" + gone, "", "unavailable, host, "},
	} {
		t.Run(test.name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.run=^TestTheProxyOfTheEnvironmentIsTaken$") //nolint:gosec // this test itself
			child.Env = []string{askedHost + "=" + test.host, test.variable}
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(string(out), "verdict: "+test.verdict) {
				t.Errorf("want %q in\n%s", test.verdict, out)
			}
			got := ""
			select {
			case got = <-asked:
			default:
			}
			if got != test.asked {
				t.Errorf("the proxy was asked for %q, want %q", got, test.asked)
			}
		})
	}
}
