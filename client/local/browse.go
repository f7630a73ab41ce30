package local

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"burrow/client"

	"github.com/google/uuid"
)

const defaultPerPage = 8

// paging is which part of a list is asked for.
type paging struct{ perPage, page int }

func (c *call) paging() (p paging, err error) {
	query := c.request.URL.Query()
	p = paging{defaultPerPage, 1}
	if p.perPage, err = number(query, "per_page", p.perPage, 8); err != nil {
		return p, err
	}
	p.page, err = number(query, "page", p.page, 32)
	p.page = max(p.page, 1)
	return p, err
}

func number(query url.Values, name string, otherwise, bits int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, bits)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, badRequest("unable to parse query string: number too large to fit in target type")
	case err != nil:
		return 0, badRequest("unable to parse query string: invalid digit found in string")
	}
	return int(n), nil
}

// cut is a list's page.
func cut[T any](p paging, items []T) []T {
	from := min((p.page-1)*p.perPage, len(items))
	return items[from:min(from+p.perPage, len(items))]
}

func list[T any](p paging, items []T) answer {
	return answer{status: http.StatusOK, total: len(items), body: cut(p, items)}
}

// look runs a handler's reading of one project.
func (c *call) look(work func(*tx, projectRow) error) error {
	if _, err := c.reader(); err != nil {
		return err
	}
	return c.server.store.view(func(t *tx) error {
		project, err := t.findProject(c.vars["project"])
		if err != nil {
			return err
		}
		return work(t, *project)
	})
}

func serveProjects(c *call) (a answer, err error) {
	if _, err := c.reader(); err != nil {
		return a, err
	}
	p, err := c.paging()
	if err != nil {
		return a, err
	}
	err = c.server.store.view(func(t *tx) error {
		projects := []client.Project{}
		err := each(t.Bucket(bucketProjects), func(_ []byte, row projectRow) error {
			projects = append(projects, row.Project)
			return nil
		})
		a = list(p, c.filter(projects, func(p client.Project) string { return p.Name }))
		return err
	})
	return a, err
}

func serveProject(c *call) (a answer, err error) {
	err = c.look(func(_ *tx, p projectRow) error {
		a = one(p.Project)
		return nil
	})
	return a, err
}

func serveAllowed(c *call) (a answer, err error) {
	err = c.look(func(t *tx, p projectRow) error {
		who, refusal := c.owner(p)
		if refusal != nil {
			return refusal
		}
		allowed, err := t.owns(who, p)
		a = one(map[string]bool{"allowed": allowed || c.vars["permission"] == "view"})
		return err
	})
	return a, err
}

// named lists the things of one kind by name.
func named[T any](c *call, k kind, name func(T) string) (a answer, err error) {
	p, err := c.paging()
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, project projectRow) error {
		things := []T{}
		err := each(t.data(project.UUID, k.bucket), func(_ []byte, thing T) error {
			things = append(things, thing)
			return nil
		})
		a = list(p, filter(c.request.URL.Query(), things, name))
		return err
	})
	return a, err
}

func (c *call) filter(projects []client.Project, name func(client.Project) string) []client.Project {
	return filter(c.request.URL.Query(), projects, name)
}

// filter keeps what the query's name, search and archived ask for, by name.
// Nothing here is ever archived.
func filter[T any](query url.Values, things []T, name func(T) string) []T {
	descending := query.Get("direction") == "desc"
	things = slices.DeleteFunc(things, func(thing T) bool {
		return query.Has("name") && name(thing) != query.Get("name") || query.Get("archived") == "true" ||
			!strings.Contains(strings.ToLower(name(thing)), strings.ToLower(query.Get("search")))
	})
	slices.SortStableFunc(things, func(a, b T) int {
		if descending {
			a, b = b, a
		}
		return strings.Compare(name(a), name(b))
	})
	return things
}

func serveBranches(c *call) (answer, error) {
	return named(c, kindBranch, func(b client.Branch) string { return b.Name })
}

func serveTestbeds(c *call) (answer, error) {
	return named(c, kindTestbed, func(b client.Testbed) string { return b.Name })
}

func serveBenchmarks(c *call) (answer, error) {
	return named(c, kindBenchmark, func(b client.Benchmark) string { return b.Name })
}

func serveMeasures(c *call) (answer, error) {
	return named(c, kindMeasure, func(m client.Measure) string { return m.Name })
}

func serveThresholds(c *call) (a answer, err error) {
	p, err := c.paging()
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, project projectRow) error {
		rows, err := t.thresholdsOf(project.UUID, uuid.Nil, uuid.Nil)
		if err != nil {
			return err
		}
		wanted, some, err := t.wanted(c.request.URL.Query(), project.UUID, kindBranch, kindTestbed, kindMeasure)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r thresholdRow) bool {
			return !some || !wanted.take(kindBranch, r.Branch) || !wanted.take(kindTestbed, r.Testbed) || !wanted.take(kindMeasure, r.Measure)
		})
		views := []thresholdView{}
		for _, row := range cut(p, rows) {
			view, err := t.thresholdView(project.UUID, row)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		a = answer{status: http.StatusOK, total: len(rows), body: views}
		return nil
	})
	return a, err
}

// serveNothing lists what this server never has: plots.
func serveNothing(c *call) (a answer, err error) {
	err = c.look(func(*tx, projectRow) error {
		a = answer{status: http.StatusOK, body: []struct{}{}}
		return nil
	})
	return a, err
}
