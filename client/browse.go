package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// MaxPerPage is the most items that a server gives on one page; more is a 400
// (bencher-api.md, section 8.11).
const MaxPerPage = 255

const (
	// downFor is how long a host that could not be reached is not asked again
	// where the cache has an answer: a command of several calls waits once.
	downFor  = 30 * time.Second
	maxPages = 10_000 // of one walk through a list, whatever the server says
)

// Browser reads what one server holds with one credential. What it reads is
// kept in a cache, and read from there while the server can't be reached. It
// is safe for concurrent use.
//
// Text in what it returns is the server's own: it goes through Plain before it
// is shown.
type Browser struct {
	api        *API
	host       string
	credential Credential
	cache      *Cache
	now        func() time.Time

	mu        sync.Mutex
	down      error // why the host could not be reached
	downUntil time.Time
}

// Browse returns a reader of what a host holds, for the bearer of the
// credential, which may be none. A nil cache keeps nothing; the built-in
// server's answers are never kept, since it can always be reached.
func (h *Hosts) Browse(host string, c Credential, cache *Cache) (*Browser, error) {
	api, err := h.API(host)
	if err != nil {
		return nil, err
	}
	if host == Local {
		cache = nil
	}
	return &Browser{api: api, host: host, credential: c, cache: cache, now: time.Now}, nil
}

// Host is the host that is read.
func (b *Browser) Host() string { return b.host }

// Source says where an answer is from. The zero value is the server, now.
type Source struct {
	Saved time.Time // when the server gave what now comes from the cache
	Why   error     // why the server was not heard: an *UnreachableError
}

// Cached tells whether the answer is from the cache.
func (s Source) Cached() bool { return s.Why != nil }

// UnreachableError says that a server gave no answer of its own: there is no
// way to it, or something in between answered.
type UnreachableError struct {
	Host string
	Why  error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s can't be reached: %v", e.Host, e.Why)
}

func (e *UnreachableError) Unwrap() error { return e.Why }

// AnswerError is a server's own refusal.
type AnswerError struct {
	Host    string
	Status  int
	Message string // plain, one line, shortened
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("%s answered %d: %s", e.Host, e.Status, e.Message)
}

// Page is one page of a list.
type Page[T any] struct {
	Items  []T
	Total  int // on all pages together; -1 where the server does not say
	Source Source
}

// Paging chooses a page. The zero value is the first page of MaxPerPage items.
type Paging struct {
	Number int // from 1
	Size   int // at most MaxPerPage
}

// Each walks through the items of all pages, in the list's order. An error
// ends it. Where tell is not nil it is told each page's source.
func Each[T any](ctx context.Context, size int, page func(context.Context, Paging) (Page[T], error), tell func(Source)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		size = Paging{Size: size}.size()
		seen := 0
		for number := 1; number <= maxPages; number++ {
			p, err := page(ctx, Paging{Number: number, Size: size})
			if err != nil {
				yield(none, err)
				return
			}
			if tell != nil {
				tell(p.Source)
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			seen += len(p.Items)
			if len(p.Items) < size || p.Total >= 0 && seen >= p.Total {
				return
			}
		}
	}
}

func (p Paging) size() int {
	if p.Size < 1 || p.Size > MaxPerPage {
		return MaxPerPage
	}
	return p.Size
}

func (p Paging) put(query url.Values) url.Values {
	if query == nil {
		query = url.Values{}
	}
	query.Set("per_page", strconv.Itoa(p.size()))
	query.Set("page", strconv.Itoa(max(p.Number, 1)))
	return query
}

// list reads one page of a list.
func list[T any](ctx context.Context, b *Browser, path string, query url.Values, p Paging) (Page[T], error) {
	items, total, source, err := get[[]T](ctx, b, path+"?"+p.put(query).Encode())
	return Page[T]{Items: items, Total: total, Source: source}, err
}

// item reads one thing.
func item[T any](ctx context.Context, b *Browser, path string) (T, Source, error) {
	thing, _, source, err := get[T](ctx, b, path)
	return thing, source, err
}

// get reads one answer: from the server, else from the cache.
func get[T any](ctx context.Context, b *Browser, path string) (value T, total int, s Source, err error) {
	var none T
	why := b.stillDown()
	if why == nil {
		x := b.api.call(ctx, b.credential, http.MethodGet, path, nil)
		value, why, err = answer[T](b.host, x)
		switch {
		case ctx.Err() != nil:
			return none, 0, s, ctx.Err() // somebody stopped it: no wish for an old answer
		case why == nil && err == nil:
			total = totalOf(x)
			b.cache.put(b.entry(path, x.Body, total))
			return value, total, s, nil
		case why == nil:
			if refusal := (*AnswerError)(nil); errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
				b.cache.drop(b.entry(path, nil, 0))
			}
			return none, 0, s, err
		}
		b.setDown(why)
	}
	unreachable := &UnreachableError{Host: b.host, Why: why}
	kept, found := b.cache.get(b.entry(path, nil, 0))
	var old T
	if !found || json.Unmarshal(kept.Body, &old) != nil {
		return none, 0, s, unreachable
	}
	return old, kept.Total, Source{Saved: kept.Saved, Why: unreachable}, nil
}

// answer reads an exchange. The first error says why there is no answer of the
// server's own; the second is what the server itself says.
func answer[T any](host string, x Exchange) (value T, why, err error) {
	if x.Err != nil {
		return value, x.Err, nil
	}
	body, fromServer := apiError(x)
	switch {
	case x.Status == http.StatusOK:
		if json.Unmarshal(x.Body, &value) != nil {
			why = errors.New("it answered 200, but not as a Bencher server does")
		}
		return value, why, nil
	case !fromServer, x.Status >= 500, x.Status == http.StatusTooManyRequests:
		return value, fmt.Errorf("it answered %d: %s", x.Status, describe(x, body)), nil
	}
	return value, nil, &AnswerError{Host: host, Status: x.Status, Message: describe(x, body)}
}

// totalOf reads the header in which a server counts a list.
func totalOf(x Exchange) int {
	total, err := strconv.Atoi(x.Header.Get("X-Total-Count"))
	if err != nil || total < 0 {
		return -1
	}
	return total
}

func (b *Browser) entry(path string, body []byte, total int) cacheEntry {
	return cacheEntry{
		Host: b.host, Credential: b.credential.Fingerprint(), Path: path,
		Saved: b.now().UTC().Truncate(time.Second), Total: total, Body: body,
	}
}

func (b *Browser) stillDown() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cache == nil || !b.now().Before(b.downUntil) {
		return nil
	}
	return b.down
}

func (b *Browser) setDown(why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down, b.downUntil = why, b.now().Add(downFor)
}
