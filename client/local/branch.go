package local

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"strings"

	"burrow/client"

	"github.com/google/uuid"
)

// branchRow is a branch of the store. Its head's versions are numbered in
// order of arrival.
type branchRow struct {
	client.Branch                 // the head without a version
	Next          int             `json:"next"`  // the next version's number
	Last          *client.Version `json:"last"`  // the newest version, or nil
	Taken         lineage         `json:"taken"` // from the head's start point
}

// start is where a head grows from.
type start struct {
	Branch  uuid.UUID      `json:"branch"`
	Head    uuid.UUID      `json:"head"`
	Version client.Version `json:"version"`
	lineage lineage
}

// branch gets or makes a run's branch. Its head is a new one where the branch
// is new, is to be reset, or has another start point than the run names.
func (t *tx) branch(project uuid.UUID, r *run) (row branchRow, err error) {
	id, found, err := t.find(project, kindBranch, r.branch)
	if err != nil {
		return row, err
	}
	branches := t.data(project, bucketBranches)
	if found {
		if row, _, err = get[branchRow](branches, id[:]); err != nil {
			return row, err
		}
	} else {
		row.Branch = client.Branch{UUID: t.newUUID(), Project: project, Name: r.branch, Created: t.second(), Modified: t.second()}
		if row.Slug, err = t.name(project, kindBranch, row.UUID, r.branch, client.Slug(r.branch)); err != nil {
			return row, err
		}
	}
	from, err := t.start(project, row.UUID, r.startPoint)
	if err != nil {
		return row, err
	}
	if found && !(r.startPoint != nil && r.startPoint.Reset) && (from == nil || from.same(row.Head, r.startPoint.Hash != nil)) {
		return row, nil
	}
	if err := t.newHead(&row, from, r.startPoint); err != nil {
		return row, err
	}
	return row, put(branches, row.UUID[:], row)
}

// start resolves a start point. One that is not there, or that has no version,
// is ignored; so is the branch itself.
func (t *tx) start(project, branch uuid.UUID, p *startPoint) (*start, error) {
	if p == nil || p.Branch == nil {
		return nil, nil
	}
	id, found, err := t.find(project, kindBranch, *p.Branch)
	if isUUID(*p.Branch) && err != nil || !found || id == branch {
		return nil, nil //nolint:nilerr // an unknown UUID is no start point, and no failure
	}
	row, _, err := get[branchRow](t.data(project, bucketBranches), id[:])
	if err != nil || row.Last == nil {
		return nil, err
	}
	from := &start{Branch: row.UUID, Head: row.Head.UUID, Version: *row.Last, lineage: row.lineage()}
	if p.Hash != nil {
		number := t.data(project, bucketVersions).Get(versionKey(row.Head.UUID, *p.Hash))
		if number == nil {
			return nil, nil
		}
		from.Version = client.Version{Number: int(binary.BigEndian.Uint64(number)), Hash: p.Hash}
	}
	return from, nil
}

// same tells whether a head grows from there already.
func (s *start) same(head client.Head, byHash bool) bool {
	var now *start
	if json.Unmarshal(head.StartPoint, &now) != nil || now == nil || now.Branch != s.Branch {
		return false
	}
	return !byHash || now.Version.Hash != nil && strings.EqualFold(*now.Version.Hash, *s.Version.Hash)
}

// newHead gives a branch a new head, with the versions of its start point and,
// if asked for, its thresholds.
func (t *tx) newHead(row *branchRow, from *start, p *startPoint) error {
	row.Head = client.Head{UUID: t.newUUID(), StartPoint: json.RawMessage("null"), Created: t.second()}
	row.Next, row.Last, row.Taken = 0, nil, nil
	if from == nil {
		return nil
	}
	point, err := json.Marshal(from)
	if err != nil {
		return err
	}
	row.Head.StartPoint = point
	row.Next, row.Last = from.Version.Number+1, &from.Version
	depth := client.DefaultMaxVersions
	if p.MaxVersions != nil {
		depth = int(*p.MaxVersions)
	}
	row.Taken = from.lineage.from(from.Version.Number, depth)
	versions := t.data(row.Project, bucketVersions)
	taken := map[string][]byte{}
	cursor := versions.Cursor()
	for key, number := cursor.Seek(from.Head[:]); bytes.HasPrefix(key, from.Head[:]); key, number = cursor.Next() {
		if n := int(binary.BigEndian.Uint64(number)); n <= from.Version.Number && n > from.Version.Number-depth {
			taken[string(key[len(from.Head):])] = bytes.Clone(number)
		}
	}
	for hash, number := range taken {
		if err := versions.Put(versionKey(row.Head.UUID, hash), number); err != nil {
			return err
		}
	}
	if p.CloneThresholds {
		return t.cloneThresholds(row.Project, from.Branch, row.UUID)
	}
	return nil
}

// version is a report's version: the one that its hash has on the head, else a
// new one, which it is also without a hash.
func (t *tx) version(row *branchRow, hash *string) (*client.Version, error) {
	versions := t.data(row.Project, bucketVersions)
	if hash != nil {
		if number := versions.Get(versionKey(row.Head.UUID, *hash)); number != nil {
			return &client.Version{Number: int(binary.BigEndian.Uint64(number)), Hash: hash}, nil
		}
	}
	v := &client.Version{Number: row.Next, Hash: hash}
	row.Next, row.Last = row.Next+1, v
	if hash != nil {
		if err := versions.Put(versionKey(row.Head.UUID, *hash), binary.BigEndian.AppendUint64(nil, uint64(v.Number))); err != nil {
			return nil, err
		}
	}
	return v, put(t.data(row.Project, bucketBranches), row.UUID[:], row)
}

func versionKey(head uuid.UUID, hash string) []byte { return append(bytes.Clone(head[:]), hash...) }
