package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// projectsOf is a server that answers with a project's name, or as told.
type projectsOf struct {
	name   atomic.Pointer[string]
	status atomic.Int32
}

func (s *projectsOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch status := int(s.status.Load()); status {
	case 0:
		w.Header().Set("X-Total-Count", "7")
		_ = json.NewEncoder(w).Encode([]Project{{Name: *s.name.Load() + " for " + r.Header.Get("Authorization")}})
	case http.StatusFound:
		http.Redirect(w, r, "http://portal.invalid/login", status)
	case http.StatusBadGateway:
		http.Error(w, "<html>bad gateway</html>", status)
	default:
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"request_id":"1","message":"no"}`)
	}
}

func playProjects(t *testing.T, name string) (*projectsOf, *httptest.Server) {
	s := &projectsOf{}
	s.name.Store(&name)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web
}

// TestWhatWasBrowsedIsThereOffline: with the server gone the cache answers,
// and says how old the answer is and why it is given.
func TestWhatWasBrowsedIsThereOffline(t *testing.T) {
	_, web := playProjects(t, "<a> & \x1b[31mb")
	dir := filepath.Join(t.TempDir(), "pages")
	seen := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	b := browserOf(t, web.URL, Credential{}, NewCache(dir, nil))
	b.now = func() time.Time { return seen }
	first, err := b.Projects(t.Context(), NameFilter{}, Paging{})
	if err != nil || first.Source.Cached() || first.Total != 7 {
		t.Fatalf("%+v, %v", first, err)
	}
	web.Close()
	offline := browserOf(t, web.URL, Credential{}, NewCache(dir, nil))
	again, err := offline.Projects(t.Context(), NameFilter{}, Paging{})
	if err != nil || !again.Source.Cached() || !again.Source.Saved.Equal(seen) || again.Total != 7 || again.Items[0].Name != first.Items[0].Name {
		t.Errorf("%+v, %v", again, err)
	}
	unreachable := (*UnreachableError)(nil)
	if _, _, err := offline.Version(t.Context()); !errors.As(err, &unreachable) || !strings.Contains(err.Error(), web.URL) {
		t.Errorf("what was never seen: %v", err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, _ := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAServersOwnWordStands: the cache speaks for a server that can't be
// heard, never against what one says.
func TestAServersOwnWordStands(t *testing.T) {
	for _, c := range []struct {
		status int
		cached bool
		kept   bool // for the next reader
	}{
		{http.StatusNotFound, false, false},
		{http.StatusBadRequest, false, true},
		{http.StatusUnauthorized, false, true},
		{http.StatusForbidden, false, true},
		{http.StatusTooManyRequests, true, true},
		{http.StatusInternalServerError, true, true},
		{http.StatusServiceUnavailable, true, true},
		{http.StatusBadGateway, true, true},
		{http.StatusFound, true, true},
	} {
		t.Run(fmt.Sprint(c.status), func(t *testing.T) {
			s, web := playProjects(t, "a")
			cache := NewCache(t.TempDir(), nil)
			read := func() (Page[Project], error) {
				return browserOf(t, web.URL, Credential{}, cache).Projects(t.Context(), NameFilter{}, Paging{})
			}
			if _, err := read(); err != nil {
				t.Fatal(err)
			}
			s.status.Store(int32(c.status))
			if page, err := read(); (err == nil) != c.cached || page.Source.Cached() != c.cached {
				t.Errorf("%+v, %v", page, err)
			}
			s.status.Store(http.StatusServiceUnavailable)
			if _, err := read(); (err == nil) != c.kept {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestBearersAndHostsAreKeptApart: what a credential saw is not there for the
// anonymous, for another credential, or of another host.
func TestBearersAndHostsAreKeptApart(t *testing.T) {
	_, web := playProjects(t, "secret")
	_, other := playProjects(t, "other")
	cache := NewCache(t.TempDir(), nil)
	ada, bob := NewCredential("ada"), NewCredential("bob")
	read := func(host string, c Credential) (Page[Project], error) {
		return browserOf(t, host, c, cache).Projects(t.Context(), NameFilter{}, Paging{})
	}
	if _, err := read(web.URL, ada); err != nil {
		t.Fatal(err)
	}
	web.Close()
	other.Close()
	if page, err := read(web.URL, ada); err != nil || page.Items[0].Name != "secret for Bearer ada" {
		t.Errorf("its own: %+v, %v", page, err)
	}
	for name, read := range map[string]func() (Page[Project], error){
		"anonymous":          func() (Page[Project], error) { return read(web.URL, Credential{}) },
		"another credential": func() (Page[Project], error) { return read(web.URL, bob) },
		"another host":       func() (Page[Project], error) { return read(other.URL, ada) },
	} {
		if page, err := read(); err == nil {
			t.Errorf("%s saw %+v", name, page)
		}
	}
	err := filepath.WalkDir(cache.dir, func(path string, d fs.DirEntry, err error) error {
		if text, _ := os.ReadFile(path); bytes.Contains(text, []byte(`"credential":"ada"`)) || bytes.Contains(text, []byte(`"credential":""`)) {
			t.Errorf("%s holds a credential, or an answer to one under the anonymous key", d.Name())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestADamagedFileCountsAsNone cuts and changes a file at every place.
func TestADamagedFileCountsAsNone(t *testing.T) {
	cache := NewCache(t.TempDir(), nil)
	e := cacheEntry{Host: "https://a", Path: "/v0/projects", Saved: time.Now().UTC(), Total: 1, Body: []byte(`[ {"name": "a"} ]`)}
	cache.put(e)
	path := filepath.Join(cache.dir, e.name())
	whole, err := os.ReadFile(path)
	if _, found := cache.get(e); err != nil || !found {
		t.Fatal(err)
	}
	for i := range whole {
		for name, text := range map[string][]byte{
			"cut":     whole[:i],
			"changed": append(append(bytes.Clone(whole[:i]), whole[i]^1), whole[i+1:]...),
		} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, found := cache.get(e); found && !bytes.Equal(got.Body, []byte(`[{"name":"a"}]`)) {
				t.Errorf("%s at %d: %s", name, i, got.Body)
			}
		}
	}
	cache.put(e)
	if _, found := cache.get(e); !found {
		t.Error("a damaged file is not replaced")
	}
}

// TestTheCacheIsBounded drops the oldest, and nobody else's files.
func TestTheCacheIsBounded(t *testing.T) {
	cache := NewCache(t.TempDir(), nil)
	cache.files, cache.bytes = 5, 5000
	stranger := filepath.Join(cache.dir, "notes.txt")
	if err := os.WriteFile(stranger, make([]byte, 9000), 0o600); err != nil {
		t.Fatal(err)
	}
	entry := func(i, size int) cacheEntry {
		return cacheEntry{Host: "https://a", Path: fmt.Sprint("/", i), Body: []byte(`"` + strings.Repeat("x", size) + `"`)}
	}
	put := func(i, size int) {
		cache.put(entry(i, size))
		at := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(filepath.Join(cache.dir, entry(i, size).name()), at, at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	held := func() (kept []int) {
		for i := range 20 {
			if _, found := cache.get(entry(i, 0)); found {
				kept = append(kept, i)
			}
		}
		return kept
	}
	for i := range 8 {
		put(i, 10)
	}
	if got := fmt.Sprint(held()); got != "[3 4 5 6 7]" {
		t.Errorf("by count: %s are kept", got)
	}
	put(8, 4500)
	if got := fmt.Sprint(held()); got != "[7 8]" {
		t.Errorf("by size: %s are kept", got)
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Error(err)
	}
	big := entry(9, maxCacheEntry)
	cache.put(big)
	if _, found := cache.get(big); found {
		t.Error("an answer over the bound was kept")
	}
}

// TestManyShareACache: processes that write and read one page at once always
// see a whole one.
func TestManyShareACache(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			cache := NewCache(dir, nil)
			for i := range 50 {
				e := cacheEntry{Host: "https://a", Path: "/", Body: []byte(fmt.Sprintf(`"%s"`, strings.Repeat(fmt.Sprint(n), 10+i)))}
				cache.put(e)
				if _, found := cache.get(e); !found {
					t.Error("a page was not whole")
				}
			}
		})
	}
	wait.Wait()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("%v lie in the folder, %v", left, err)
	}
}

// TestAStoppedReadIsNoReasonForTheCache: Ctrl-C gives no old answer.
func TestAStoppedReadIsNoReasonForTheCache(t *testing.T) {
	_, web := playProjects(t, "a")
	b := browserOf(t, web.URL, Credential{}, NewCache(t.TempDir(), nil))
	if _, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil {
		t.Fatal(err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Projects(stopped, NameFilter{}, Paging{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestACacheThatCantBeWrittenSpoilsNoReading: the answer is given all the
// same.
func TestACacheThatCantBeWrittenSpoilsNoReading(t *testing.T) {
	_, web := playProjects(t, "a")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := browserOf(t, web.URL, Credential{}, NewCache(filepath.Join(file, "pages"), nil))
	if page, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil || len(page.Items) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestAHostThatIsDownIsAskedOnce: a command of several calls does not wait for
// each.
func TestAHostThatIsDownIsAskedOnce(t *testing.T) {
	s, web := playProjects(t, "a")
	cache := NewCache(t.TempDir(), nil)
	b := browserOf(t, web.URL, Credential{}, cache)
	if _, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	b.now = func() time.Time { return now }
	s.status.Store(http.StatusServiceUnavailable)
	if page, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil || !page.Source.Cached() {
		t.Fatalf("%+v, %v", page, err)
	}
	s.status.Store(0)
	if page, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil || !page.Source.Cached() {
		t.Errorf("asked again at once: %+v, %v", page, err)
	}
	now = now.Add(downFor)
	if page, err := b.Projects(t.Context(), NameFilter{}, Paging{}); err != nil || page.Source.Cached() {
		t.Errorf("never asked again: %+v, %v", page, err)
	}
}
