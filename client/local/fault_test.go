package local

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

const iterations = 3 // of every run that these tests send

// overEach runs a test over a real socket and in process.
func overEach(t *testing.T, specs []string, test func(t *testing.T, s *Server, api *client.API)) {
	t.Helper()
	ordered := []Fault{}
	for _, spec := range specs {
		f, err := ParseFault(spec)
		if err != nil {
			t.Fatal(err)
		}
		ordered = append(ordered, f)
	}
	for _, way := range []string{"http", "in process"} {
		t.Run(way, func(t *testing.T) {
			s := openServer(t, Options{Faults: ordered})
			test(t, s, apiOf(t, s, way == "http"))
		})
	}
}

func apiOf(t *testing.T, s *Server, web bool) *client.API {
	t.Helper()
	host, transport := "http://local", s.Transport()
	if web {
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		host, transport = server.URL, nil
	}
	api, err := client.NewAPI(host, "test", transport)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return api
}

// body is a run of three iterations of two benchmarks.
func body(key string) []byte {
	result := `"{\"one\":{\"latency\":{\"value\":1}},\"two\":{\"latency\":{\"value\":2}}}"`
	return fmt.Appendf(nil, `{"project":"demo","idempotency_key":%q,"start_time":"2026-11-20T10:00:00Z","end_time":"2026-11-20T10:00:01Z","results":[%s,%s,%s],"settings":{"adapter":"json"},"context":{}}`,
		key, result, result, result)
}

func post(t *testing.T, api *client.API, key string) client.Exchange {
	t.Helper()
	return api.PostRun(t.Context(), client.Credential{}, body(key))
}

// holds checks that an answer is a report with that many iterations.
func holds(t *testing.T, x client.Exchange, want int) client.Report {
	t.Helper()
	var report client.Report
	if x.Err != nil || x.Status != http.StatusCreated || json.Unmarshal(x.Body, &report) != nil {
		t.Fatalf("status %d, error %v: %.300s", x.Status, x.Err, x.Body)
	}
	if held := len(report.Iterations()); held != want || len(report.Results) != want {
		t.Fatalf("the report holds %d iterations (%d results), want %d", held, len(report.Results), want)
	}
	return report
}

// count is how many reports the project has.
func count(t *testing.T, api *client.API) int {
	t.Helper()
	from := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	reports, err := api.FindReports(t.Context(), client.Credential{}, "demo", from, from.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return len(reports)
}

func dropped(t *testing.T, x client.Exchange) {
	t.Helper()
	if x.Err == nil || !x.Sent || x.Status != 0 {
		t.Fatalf("sent %v, status %d, error %v: want a dropped connection after sending", x.Sent, x.Status, x.Err)
	}
}

func message(t *testing.T, x client.Exchange, status int) client.APIError {
	t.Helper()
	var e client.APIError
	if x.Err != nil || x.Status != status {
		t.Fatalf("status %d, error %v, want %d: %.300s", x.Status, x.Err, status, x.Body)
	}
	_ = json.Unmarshal(x.Body, &e) // a long one is cut by the client
	return e
}

func newKey() string { return uuid.NewString() }

func TestLostResponseIsReplayedWhole(t *testing.T) {
	overEach(t, []string{"lose-response=1"}, func(t *testing.T, _ *Server, api *client.API) {
		key := newKey()
		dropped(t, post(t, api, key))
		if n := count(t, api); n != 1 {
			t.Fatalf("%d reports after the lost response", n)
		}
		holds(t, post(t, api, key), iterations)
		if n := count(t, api); n != 1 {
			t.Fatalf("%d reports after the retry", n)
		}
	})
}

func TestRefusedRunsLeaveNothing(t *testing.T) {
	for _, spec := range []string{"refuse=2", "status=503:2", "status=500:2", "html=2", "throttle=7:2", "throttle-bare=2"} {
		t.Run(spec, func(t *testing.T) {
			overEach(t, []string{spec}, func(t *testing.T, _ *Server, api *client.API) {
				key := newKey()
				for range 2 {
					x := post(t, api, key)
					switch spec {
					case "refuse=2":
						dropped(t, x)
					case "status=503:2":
						message(t, x, 503)
					case "status=500:2":
						if message(t, x, 500).ErrorCode == "" {
							t.Error("a 500 without an error code")
						}
					case "html=2":
						if e := message(t, x, 502); e.Message != "" || !strings.Contains(x.Header.Get("Content-Type"), "html") {
							t.Errorf("%v %s", x.Header, x.Body)
						}
					case "throttle=7:2":
						if message(t, x, 429); x.Header.Get("Retry-After") != "7" {
							t.Errorf("Retry-After %q", x.Header.Get("Retry-After"))
						}
					case "throttle-bare=2":
						if e := message(t, x, 429); x.Header.Get("Retry-After") != "" || !strings.Contains(e.Message, "per minute") {
							t.Errorf("%v %s", x.Header, x.Body)
						}
					}
				}
				if n := count(t, api); n != 0 {
					t.Fatalf("%d reports", n)
				}
				holds(t, post(t, api, key), iterations)
			})
		})
	}
}

func TestTruncatedResponseCommits(t *testing.T) {
	overEach(t, []string{"truncate=1"}, func(t *testing.T, _ *Server, api *client.API) {
		key := newKey()
		x := post(t, api, key)
		if x.Err == nil || x.Status != http.StatusCreated || len(x.Body) == 0 {
			t.Fatalf("status %d, error %v, %d bytes: want half a 201", x.Status, x.Err, len(x.Body))
		}
		holds(t, post(t, api, key), iterations)
		if n := count(t, api); n != 1 {
			t.Fatalf("%d reports", n)
		}
	})
}

func TestIncompleteAndPartialSpendTheKeyUntilDeleted(t *testing.T) {
	for spec, held := range map[string]int{"incomplete=1": 0, "partial=2:1": 2} {
		t.Run(spec, func(t *testing.T) {
			overEach(t, []string{spec}, func(t *testing.T, _ *Server, api *client.API) {
				key := newKey()
				message(t, post(t, api, key), 500)
				spent := holds(t, post(t, api, key), held)
				if may, err := api.MayDelete(t.Context(), client.Credential{}, "demo"); err != nil || !may {
					t.Fatalf("may delete: %v, %v", may, err)
				}
				if x := api.DeleteReport(t.Context(), client.Credential{}, "demo", spent.UUID); x.Status != http.StatusNoContent {
					t.Fatalf("delete: %d %s", x.Status, x.Body)
				}
				if x := api.GetReport(t.Context(), client.Credential{}, "demo", spent.UUID); x.Status != http.StatusNotFound {
					t.Fatalf("after the deletion: %d", x.Status)
				}
				holds(t, post(t, api, key), iterations)
				if n := count(t, api); n != 1 {
					t.Fatalf("%d reports", n)
				}
			})
		})
	}
}

func TestRaceAnswersTheHugeConflict(t *testing.T) {
	overEach(t, []string{"race=1"}, func(t *testing.T, _ *Server, api *client.API) {
		key := newKey()
		x := post(t, api, key)
		message(t, x, 409)
		if length, _ := strconv.Atoi(x.Header.Get("Content-Length")); length < 72_000 || !strings.Contains(string(x.Body), "Report (JsonNewReport") {
			t.Fatalf("%d bytes: %.100s", length, x.Body)
		}
		holds(t, post(t, api, key), iterations)
	})
}

func TestSlowCommitIsEmptyThenWhole(t *testing.T) {
	overEach(t, []string{"slow-commit=150ms:1"}, func(t *testing.T, s *Server, api *client.API) {
		key := newKey()
		dropped(t, post(t, api, key))
		holds(t, post(t, api, key), 0)
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		holds(t, post(t, api, key), iterations)
	})
}

func TestSlowCommitDoesNotReviveADeletedReport(t *testing.T) {
	overEach(t, []string{"slow-commit=100ms:1"}, func(t *testing.T, s *Server, api *client.API) {
		key := newKey()
		dropped(t, post(t, api, key))
		report := holds(t, post(t, api, key), 0)
		api.DeleteReport(t.Context(), client.Credential{}, "demo", report.UUID)
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, api); n != 0 {
			t.Fatalf("%d reports", n)
		}
	})
}

func TestNoKeysDoubles(t *testing.T) {
	overEach(t, []string{"no-keys"}, func(t *testing.T, _ *Server, api *client.API) {
		key := newKey()
		holds(t, post(t, api, key), iterations)
		holds(t, post(t, api, key), iterations)
		if n := count(t, api); n != 2 {
			t.Fatalf("%d reports", n)
		}
		if v, err := api.Version(t.Context()); v != "0.6.0" || err != nil {
			t.Fatalf("version %q, %v", v, err)
		}
	})
}

func TestSkewMovesEveryClock(t *testing.T) {
	overEach(t, []string{"skew=-1h"}, func(t *testing.T, _ *Server, api *client.API) {
		x := post(t, api, newKey())
		report := holds(t, x, iterations)
		made, _ := report.UUID.Time().UnixTime()
		for name, at := range map[string]time.Time{"Date": x.Date(), "created": report.Created, "uuid": time.Unix(made, 0)} {
			if off := time.Until(at); off > -59*time.Minute || off < -61*time.Minute {
				t.Errorf("%s is off by %v", name, off)
			}
		}
	})
}

func TestForgetLosesReportsAtRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "local.db")
	key := newKey()
	before := openServerAt(t, path, Options{})
	holds(t, post(t, apiOf(t, before, false), key), iterations)
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	api := apiOf(t, openServerAt(t, path, Options{Faults: []Fault{{Kind: Forget}}}), false)
	if n := count(t, api); n != 0 {
		t.Fatalf("%d reports", n)
	}
	holds(t, post(t, api, key), iterations)
}

func TestLatencyHoldsForEveryRequestAndWithOtherFaults(t *testing.T) {
	overEach(t, []string{"latency=60ms", "status=418:1"}, func(t *testing.T, _ *Server, api *client.API) {
		started := time.Now()
		message(t, post(t, api, newKey()), 418)
		if _, err := api.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took < 120*time.Millisecond {
			t.Errorf("two requests took %v", took)
		}
	})
}

func TestFaultsComeInOrder(t *testing.T) {
	overEach(t, []string{"status=503:2", "refuse=1", "throttle=1:1"}, func(t *testing.T, _ *Server, api *client.API) {
		key := newKey()
		message(t, post(t, api, key), 503)
		if _, err := api.Version(t.Context()); err != nil { // takes none
			t.Fatal(err)
		}
		message(t, post(t, api, key), 503)
		dropped(t, post(t, api, key))
		message(t, post(t, api, key), 429)
		holds(t, post(t, api, key), iterations)
	})
}

func TestFaultsAreReadAndWritten(t *testing.T) {
	for _, spec := range []string{"lose-response", "lose-response=2", "refuse=1", "status=503", "status=503:2", "throttle=30:1", "throttle-bare=3",
		"latency=200ms", "slow-commit=5s", "slow-commit=5s:1", "truncate", "incomplete=1", "partial=1", "partial=0:4", "race=1", "html", "no-keys", "skew=-1h0m0s", "forget"} {
		f, err := ParseFault(spec)
		if err != nil || f.String() != spec {
			t.Errorf("%s: read as %s, %v", spec, f, err)
		}
	}
	for _, spec := range []string{"", "nope", "refuse=", "refuse=0", "refuse=x", "status", "status=", "status=99", "status=5xx", "status=503:0", "throttle=-1",
		"latency", "latency=5", "latency=-1s", "latency=1s:2", "slow-commit=:1", "partial=-1", "no-keys=1", "forget=", "skew=1h:1"} {
		if f, err := ParseFault(spec); err == nil {
			t.Errorf("%q was read as %s", spec, f)
		}
	}
}

func TestRequestsAtOnceWithOneKeyMakeOneReportWhole(t *testing.T) {
	const rounds, atOnce = 30, 4
	overEach(t, nil, func(t *testing.T, _ *Server, api *client.API) {
		for range rounds {
			key := newKey()
			answers := make([]client.Exchange, atOnce)
			var group sync.WaitGroup
			for i := range answers {
				group.Go(func() { answers[i] = post(t, api, key) })
			}
			group.Wait()
			first := holds(t, answers[0], iterations)
			for _, x := range answers[1:] {
				if other := holds(t, x, iterations); other.UUID != first.UUID {
					t.Fatalf("two reports for one key: %s and %s", first.UUID, other.UUID)
				}
			}
		}
		if n := count(t, api); n != rounds {
			t.Fatalf("%d reports, want %d", n, rounds)
		}
	})
}

func TestWorkOutlivesItsClient(t *testing.T) {
	overEach(t, []string{"latency=80ms"}, func(t *testing.T, s *Server, api *client.API) {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
		defer cancel()
		x := api.PostRun(ctx, client.Credential{}, body(newKey()))
		if x.Err == nil || !x.Sent {
			t.Fatalf("sent %v, status %d, error %v: want a timeout after sending", x.Sent, x.Status, x.Err)
		}
		if err := s.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, api); n != 1 {
			t.Fatalf("%d reports", n)
		}
	})
}
