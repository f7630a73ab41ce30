package tui

import (
	"slices"

	"burrow/outbox"

	"github.com/google/uuid"
)

// marks are the runs that the next action is about, by ID, so that they outlive
// windows and filters, each as it stood when it was last seen.
type marks map[uuid.UUID]*outbox.Run

func (m marks) toggle(r *outbox.Run) {
	switch {
	case r == nil:
	case m[r.ID] != nil:
		delete(m, r.ID)
	default:
		m[r.ID] = r
	}
}

// extend marks every row between the nearest marked row and this one, or this
// one alone where none is marked.
func (m marks) extend(runs []*outbox.Run, index int) {
	if index < 0 || index >= len(runs) {
		return
	}
	nearest := index
	for distance := 1; distance < len(runs) && nearest == index; distance++ {
		for _, i := range []int{index - distance, index + distance} {
			if i >= 0 && i < len(runs) && m[runs[i].ID] != nil {
				nearest = i
				break
			}
		}
	}
	for i := min(index, nearest); i <= max(index, nearest); i++ {
		m[runs[i].ID] = runs[i]
	}
}

// chosen are the marked runs, in their order, or the selected one where none is
// marked.
func (p *outboxPage) chosen() []*outbox.Run {
	if len(p.marks) == 0 {
		if run := p.list.selected(); run != nil {
			return []*outbox.Run{run}
		}
		return nil
	}
	runs := make([]*outbox.Run, 0, len(p.marks))
	for _, r := range p.marks {
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b *outbox.Run) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return runs
}

// renew takes newer states of marked runs in.
func (m marks) renew(runs []*outbox.Run) {
	for _, r := range runs {
		if m[r.ID] != nil {
			m[r.ID] = r
		}
	}
}
