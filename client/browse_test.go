package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// browserOf reads a server that a test plays, with a cache of its own.
func browserOf(t *testing.T, host string, c Credential, cache *Cache) *Browser {
	t.Helper()
	hosts := NewHosts("burrow/test", Credentials{}, nil)
	t.Cleanup(hosts.Close)
	b, err := hosts.Browse(host, c, cache)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRecordedPagesAreReadWithoutALoss plays every list and item that was
// recorded to the browser: what it makes of them, encoded again, has every
// field and value of the server's.
func TestRecordedPagesAreReadWithoutALoss(t *testing.T) {
	lines := map[string]recorded{}
	for _, line := range readRecordings(t, "browse.jsonl") {
		lines[line.Name] = line
	}
	for _, c := range []struct {
		name string
		read func(context.Context, *Browser) (items any, total int, err error)
	}{
		{"get/projects", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Projects(ctx, NameFilter{}, Paging{}))
		}},
		{"get/reports", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Reports(ctx, "demo", ReportFilter{}, Paging{Size: 2}))
		}},
		{"get/reports-page2", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Reports(ctx, "demo", ReportFilter{Expand: true}, Paging{Number: 2, Size: 2}))
		}},
		{"get/reports-filter", func(ctx context.Context, b *Browser) (any, int, error) {
			filter := ReportFilter{Branch: "watched", Testbed: "ci-linux", Start: time.UnixMilli(1795168800000), End: time.UnixMilli(1795269999000)}
			return page(b.Reports(ctx, "demo", filter, Paging{}))
		}},
		{"get/report", func(ctx context.Context, b *Browser) (any, int, error) {
			report, _, err := b.Report(ctx, "demo", uuid.MustParse("01a210a9-761d-7a52-825d-fcfb85abf2e6"))
			return report, 1, err
		}},
		{"get/branches", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Branches(ctx, "demo", NameFilter{}, Paging{}))
		}},
		{"get/testbeds", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Testbeds(ctx, "demo", NameFilter{}, Paging{}))
		}},
		{"get/benchmarks", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Benchmarks(ctx, "demo", NameFilter{}, Paging{Size: 3}))
		}},
		{"get/measures", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Measures(ctx, "demo", NameFilter{}, Paging{}))
		}},
		{"get/thresholds", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Thresholds(ctx, "demo", ThresholdFilter{}, Paging{}))
		}},
		{"get/alerts", func(ctx context.Context, b *Browser) (any, int, error) {
			return page(b.Alerts(ctx, "demo", "", Paging{}))
		}},
		{"get/project", func(ctx context.Context, b *Browser) (any, int, error) {
			project, _, err := b.Project(ctx, "demo")
			return project, 1, err
		}},
		{"get/version", func(ctx context.Context, b *Browser) (any, int, error) {
			version, _, err := b.Version(ctx)
			return map[string]string{"version": version}, 1, err
		}},
		{"get/perf", func(ctx context.Context, b *Browser) (any, int, error) {
			one := func(text string) []uuid.UUID { return []uuid.UUID{uuid.MustParse(text)} }
			perf, _, err := b.Perf(ctx, "demo", PerfQuery{
				Branches: one("01a210a9-760b-7023-8ec9-7b6147ecf7bd"), Testbeds: one("01a210a9-70e8-7322-97d1-79f8ae8e8a0b"),
				Benchmarks: one("01a210a9-760e-7da0-af98-5e7823b90b1c"), Measures: one("01a210a9-70ea-7fb2-9ee0-253899d964f2"),
			})
			return perf, 1, err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			line, ok := lines[c.name]
			if !ok {
				t.Fatal("no such recording")
			}
			if line.Response.Body == nil {
				t.Skip("the recording holds only the head of this answer")
			}
			asked := ""
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.String()
				line.play(w)
			}))
			defer web.Close()
			items, total, err := c.read(t.Context(), browserOf(t, web.URL, Credential{}, nil))
			if err != nil {
				t.Fatal(err)
			}
			if want := line.Response.Headers["x-total-count"]; fmt.Sprint(total) != want {
				t.Errorf("total %d, want %s", total, want)
			}
			if why := sameQuestion(asked, line.Request.Path); why != "" {
				t.Error(why)
			}
			again, err := json.Marshal(items)
			if err != nil {
				t.Fatal(err)
			}
			if lost := missing("", line.Response.Body, again); len(lost) > 0 {
				t.Errorf("lost: %s", strings.Join(lost, ", "))
			}
		})
	}
}

// TestRecordedRefusalsAreTheServersOwn: what a server says of a missing thing
// is an answer, not a reason to look into the cache.
func TestRecordedRefusalsAreTheServersOwn(t *testing.T) {
	for _, line := range readRecordings(t, "browse.jsonl") {
		if !strings.HasPrefix(line.Name, "get/") || line.Response.Status == http.StatusOK {
			continue
		}
		t.Run(line.Name, func(t *testing.T) {
			_, why, err := answer[[]Report]("https://a", line.exchange())
			refusal := (*AnswerError)(nil)
			if why != nil || !errors.As(err, &refusal) || refusal.Status != line.Response.Status {
				t.Errorf("%v, %v", why, err)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 1000 {
				t.Errorf("not one short line: %q", err)
			}
		})
	}
}

func page[T any](p Page[T], err error) (any, int, error) { return p.Items, p.Total, err }

func (r recorded) play(w http.ResponseWriter) {
	for k, v := range r.Response.Headers {
		if k != "content-length" && k != "date" {
			w.Header().Set(k, v)
		}
	}
	w.WriteHeader(r.Response.Status)
	_, _ = w.Write(r.Response.Body)
}

// sameQuestion compares two paths with their queries; paging that is spelled
// out counts for what is left out.
func sameQuestion(got, want string) string {
	a, b := httptest.NewRequest(http.MethodGet, got, nil).URL, httptest.NewRequest(http.MethodGet, want, nil).URL
	wanted, asked := b.Query(), a.Query()
	for name, value := range map[string]string{"page": "1", "per_page": "255"} {
		if !wanted.Has(name) {
			wanted.Set(name, value)
		}
		if !asked.Has(name) {
			asked.Set(name, value)
		}
	}
	if a.Path != b.Path || asked.Encode() != wanted.Encode() {
		return fmt.Sprintf("asked %s, want %s", got, want)
	}
	return ""
}

// missing lists what stands in one document and not, or otherwise, in another.
// Empty lists may be left out.
func missing(at string, before, after json.RawMessage) (lost []string) {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(before, &a) == nil && a != nil {
		if json.Unmarshal(after, &b) != nil {
			return []string{at}
		}
		for name, value := range a {
			if there, ok := b[name]; ok {
				lost = append(lost, missing(at+"."+name, value, there)...)
			} else if string(value) != "[]" {
				lost = append(lost, at+"."+name)
			}
		}
		return lost
	}
	var c, d []json.RawMessage
	if json.Unmarshal(before, &c) == nil && c != nil {
		if json.Unmarshal(after, &d) != nil || len(c) != len(d) {
			return []string{at}
		}
		for i := range c {
			lost = append(lost, missing(fmt.Sprintf("%s[%d]", at, i), c[i], d[i])...)
		}
		return lost
	}
	var x, y any
	if json.Unmarshal(before, &x) != nil || json.Unmarshal(after, &y) != nil || x != y {
		return []string{fmt.Sprintf("%s (%s, now %s)", at, before, after)}
	}
	return nil
}

// TestEachWalksAllPages asks for page after page and no more.
func TestEachWalksAllPages(t *testing.T) {
	for _, c := range []struct {
		name               string
		items, size, total int
		requests           int
		stopAfter          int
	}{
		{"nothing", 0, 10, 0, 1, 0},
		{"less than a page", 3, 10, 3, 1, 0},
		{"whole pages", 20, 10, 20, 2, 0},
		{"a rest", 25, 10, 25, 3, 0},
		{"no total: until a short page", 20, 10, -1, 3, 0},
		{"a total that lies high", 20, 10, 99, 3, 0},
		{"stopped by the reader", 25, 10, 25, 1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests, got := 0, []int{}
			walk := Each(t.Context(), c.size, func(_ context.Context, p Paging) (Page[int], error) {
				requests++
				page := Page[int]{Total: c.total}
				for i := (p.Number - 1) * p.Size; i < min(p.Number*p.Size, c.items); i++ {
					page.Items = append(page.Items, i)
				}
				return page, nil
			}, nil)
			for i, err := range walk {
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, i); len(got) == c.stopAfter {
					break
				}
			}
			if want := max(c.stopAfter, c.items); c.stopAfter == 0 && len(got) != want || !slices.IsSorted(got) {
				t.Errorf("%v", got)
			}
			if requests != c.requests {
				t.Errorf("%d requests, want %d", requests, c.requests)
			}
		})
	}
	broken := errors.New("broken")
	for _, err := range Each(t.Context(), 1, func(context.Context, Paging) (Page[int], error) { return Page[int]{}, broken }, nil) {
		if !errors.Is(err, broken) {
			t.Error(err)
		}
	}
}
