package local

import (
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// oneReport finds the report that a path names.
func (t *tx) oneReport(c *call, p projectRow) (reportRow, error) {
	id, err := uuid.Parse(c.vars["report"])
	if err != nil {
		return reportRow{}, badRequest("bad parameter in URL path: UUID parsing failed: " + err.Error())
	}
	row, found, err := get[reportRow](t.data(p.UUID, bucketReports), id[:])
	if err == nil && !found {
		err = notFound("Report", "(Project("+p.UUID.String()+"), ReportUuid("+id.String()+"))")
	}
	return row, err
}

func serveReport(c *call) (a answer, err error) {
	err = c.look(func(t *tx, p projectRow) error {
		row, err := t.oneReport(c, p)
		if err != nil {
			return err
		}
		full, err := t.fullReport(p, row)
		a = one(full)
		return err
	})
	return a, err
}

func serveDelete(c *call) (a answer, err error) {
	err = c.server.store.update(func(t *tx) error {
		project, err := t.findProject(c.vars["project"])
		if err != nil {
			return err
		}
		who, refusal := c.owner(*project)
		if refusal != nil {
			return refusal
		}
		owns, err := t.owns(who, *project)
		if err != nil {
			return err
		}
		if !owns {
			return refuse(http.StatusForbidden, "User does not have permission to delete in project (%s)", project.Slug)
		}
		row, err := t.oneReport(c, *project)
		if err != nil {
			return err
		}
		return t.deleteReport(row)
	})
	return answer{status: http.StatusNoContent}, err
}

// serveReports lists a project's reports, newest first, without their results
// unless expanded. The index of times alone decides what is on a page, but for
// the filters by branch and testbed.
func serveReports(c *call) (a answer, err error) {
	p, err := c.paging()
	if err != nil {
		return a, err
	}
	err = c.look(func(t *tx, project projectRow) error {
		ids, err := t.matching(c.request.URL.Query(), project.UUID)
		if err != nil {
			return err
		}
		page := []any{}
		for _, id := range cut(p, ids) {
			row, _, err := get[reportRow](t.data(project.UUID, bucketReports), id[:])
			if err != nil {
				return err
			}
			row.Project = project.Project
			if c.request.URL.Query().Get("expand") != "true" {
				row.Alerts = nil
				page = append(page, row.Report)
				continue
			}
			full, err := t.fullReport(project, row)
			if err != nil {
				return err
			}
			page = append(page, full)
		}
		a = answer{status: http.StatusOK, total: len(ids), body: page}
		return nil
	})
	return a, err
}

// matching are the reports that a query asks for, in its order.
func (t *tx) matching(query url.Values, project uuid.UUID) ([]uuid.UUID, error) {
	from, err := millis(query, "start_time")
	if err != nil {
		return nil, err
	}
	until, err := millis(query, "end_time")
	if err != nil {
		return nil, err
	}
	wanted, some, err := t.wanted(query, project, kindBranch, kindTestbed)
	ids := []uuid.UUID{}
	if err != nil || !some {
		return ids, err
	}
	err = t.data(project, bucketTimes).ForEach(func(key, _ []byte) error {
		id := uuid.UUID(key[24:])
		// Stored times are whole seconds, as are the bounds of the index.
		if from != nil && secondsOf(key[:8])*1000 < *from || until != nil && secondsOf(key[8:16])*1000 > *until {
			return nil
		}
		if len(wanted) > 0 {
			row, _, err := get[reportRow](t.data(project, bucketReports), id[:])
			if err != nil || !wanted.take(kindBranch, row.Branch.UUID) || !wanted.take(kindTestbed, row.Testbed.UUID) {
				return err
			}
		}
		ids = append(ids, id)
		return nil
	})
	if query.Get("direction") != "asc" {
		slices.Reverse(ids)
	}
	if query.Get("archived") == "true" {
		ids = nil
	}
	return ids, err
}

// chosen are the things that a query asks for, by the name of their kind.
type chosen map[string]uuid.UUID

func (c chosen) take(k kind, id uuid.UUID) bool { return c[k.name] == uuid.Nil || c[k.name] == id }

// wanted are the things of these kinds that a query names, by UUID, slug or
// name. Where one is not there the query finds nothing; that is no failure.
func (t *tx) wanted(query url.Values, project uuid.UUID, kinds ...kind) (c chosen, some bool, err error) {
	c = chosen{}
	for _, k := range kinds {
		text := query.Get(strings.ToLower(k.name))
		if text == "" {
			continue
		}
		id, found, err := t.find(project, k, text)
		switch {
		case errors.As(err, new(*apiError)) || err == nil && !found:
			return nil, false, nil
		case err != nil:
			return nil, false, err
		}
		c[k.name] = id
	}
	return c, true, nil
}

// millis reads an instant in Unix milliseconds, nil where there is none.
func millis(query url.Values, name string) (*int64, error) {
	text := query.Get(name)
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, badRequest("unable to parse query string: invalid digit found in string")
	}
	return &n, nil
}

func secondsOf(key []byte) int64 {
	return int64(binary.BigEndian.Uint64(key) ^ 1<<63)
}
