package local

import (
	"fmt"
	"net/http"

	"burrow/client"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// projectRow is a project of the store.
type projectRow struct {
	client.Project
	Owner uuid.UUID `json:"owner"` // the user who claimed it, or nil
}

// findProject finds a project by UUID or slug; not found is a 404.
func (t *tx) findProject(text string) (*projectRow, error) {
	id, err := uuid.Parse(text)
	by := byUUID("Project", id)
	if err != nil {
		copy(id[:], t.Bucket(bucketSlugs).Get([]byte(text)))
		by = bySlug("Project", text)
	}
	row, found, err := get[projectRow](t.Bucket(bucketProjects), id[:])
	if err == nil && !found {
		err = notFound("Project", by)
	}
	return &row, err
}

// resolveProject finds the project of a run, or makes it on the fly from a
// slug (bencher-api.md, sections 1.1 and 4.6).
func (t *tx) resolveProject(r *run, who actor) (*projectRow, error) {
	slug := r.project
	switch {
	case slug != "":
	case who.bound != "":
		slug = who.bound
	default:
		slug = client.ProjectSlug(r.context)
	}
	if slug == "" {
		return nil, badRequest("The `project` field was not specified nor was a run `context` provided for the slug")
	}
	row, err := t.findProject(slug)
	if who.bound != "" {
		if err != nil {
			return nil, err
		}
		if who.bound != row.Slug && who.bound != row.UUID.String() {
			return nil, refuse(http.StatusUnauthorized, "Invalid project key")
		}
		return row, nil
	}
	if err == nil || isUUID(slug) || r.context == nil {
		return row, err
	}
	return t.newProject(slug, r.context, who)
}

// newProject makes a project: a user's in the user's organization, anybody
// else's in one of its own that nobody has claimed.
func (t *tx) newProject(slug string, context map[string]string, who actor) (*projectRow, error) {
	now := t.second()
	row := projectRow{Project: client.Project{UUID: t.newUUID(), Slug: slug, Visibility: "public", Created: now, Modified: now}}
	row.Organization = row.UUID
	if who.user != "" {
		user, err := t.user(who.user)
		if err != nil {
			return nil, err
		}
		row.Organization, row.Owner, row.Claimed = user.UUID, user.UUID, &user.Created
	}
	name := []rune(context[client.ContextRepoName])
	if row.Name = string(name[:min(len(name), 64)]); row.Name == "" {
		row.Name = "Project"
	}
	if err := t.distinguish(&row); err != nil {
		return nil, err
	}
	data, err := t.Bucket(bucketData).CreateBucket(row.UUID[:])
	if err != nil {
		return nil, err
	}
	for _, bucket := range [][]byte{bucketBranches, bucketTestbeds, bucketBenchmarks, bucketMeasures, bucketNames, bucketVersions,
		bucketThresholds, bucketReports, bucketResults, bucketKeys, bucketTimes} {
		if _, err := data.CreateBucket(bucket); err != nil {
			return nil, err
		}
	}
	if err := t.Bucket(bucketSlugs).Put([]byte(slug), row.UUID[:]); err != nil {
		return nil, err
	}
	return &row, put(t.Bucket(bucketProjects), row.UUID[:], row)
}

// distinguish numbers a project's name if its organization has it already.
func (t *tx) distinguish(row *projectRow) error {
	taken := map[string]bool{}
	err := each(t.Bucket(bucketProjects), func(_ []byte, other projectRow) error {
		if other.Organization == row.Organization {
			taken[other.Name] = true
		}
		return nil
	})
	name := row.Name
	for n := 1; taken[row.Name]; n++ {
		row.Name = fmt.Sprintf("%s (%d)", name, n)
	}
	return err
}

// each decodes every record of a bucket, by key.
func each[T any](b *bolt.Bucket, visit func(key []byte, value T) error) error {
	return b.ForEach(func(key, _ []byte) error {
		value, _, err := get[T](b, key)
		if err != nil {
			return err
		}
		return visit(key, value)
	})
}
