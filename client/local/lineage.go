package local

import (
	"math"
	"slices"

	"burrow/client"

	"github.com/google/uuid"
)

// span is some of a head's versions, the first and the last included.
type span struct {
	Head  uuid.UUID `json:"head"`
	First int       `json:"first"`
	Last  int       `json:"last"`
}

// lineage is whose metrics count as a head's own: those of its versions, and of
// the versions that it took from its start point. A head that was replaced
// counts no more for its branch.
type lineage []span

// from is what a new head takes of the lineage that it starts from: so many
// versions, up to the one it starts at.
func (l lineage) from(version, depth int) lineage {
	taken := lineage{}
	for _, s := range l {
		s.First, s.Last = max(s.First, version-depth+1), min(s.Last, version)
		if s.First <= s.Last {
			taken = append(taken, s)
		}
	}
	return taken
}

func ownVersions(head uuid.UUID) span { return span{Head: head, Last: math.MaxInt} }

// lineage is that of the branch's head as it is now.
func (row branchRow) lineage() lineage {
	return append(lineage{ownVersions(row.Head.UUID)}, row.Taken...)
}

func (l lineage) holds(head client.Head) bool {
	return slices.ContainsFunc(l, func(s span) bool {
		return s.Head == head.UUID && head.Version != nil && s.First <= head.Version.Number && head.Version.Number <= s.Last
	})
}

// lineages are those of the branches that the project has.
func (t *tx) lineages(project uuid.UUID, branches []uuid.UUID) (map[uuid.UUID]lineage, error) {
	found := map[uuid.UUID]lineage{}
	for _, id := range branches {
		row, ok, err := get[branchRow](t.data(project, bucketBranches), id[:])
		if err != nil {
			return nil, err
		}
		if ok {
			found[id] = row.lineage()
		}
	}
	return found, nil
}

// lineageOf is a report's: it may be older than its branch's head.
func (t *tx) lineageOf(r client.Report) (lineage, error) {
	row, found, err := get[branchRow](t.data(r.Project.UUID, bucketBranches), r.Branch.UUID[:])
	if !found || row.Head.UUID != r.Branch.Head.UUID {
		return lineage{ownVersions(r.Branch.Head.UUID)}, err
	}
	return row.lineage(), err
}
