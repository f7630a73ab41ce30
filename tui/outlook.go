package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"burrow/outbox"
)

// outlook is what the bottom line answers from: am I done?
type outlook struct {
	counts      outbox.Counts
	next        time.Time             // when the soonest waiting run is due
	drain       time.Duration         // what the servers' pace makes it take at least
	needs       map[outbox.Reason]int // pending runs that wait for a person
	resubmitted map[outbox.Status]int // failed runs that another one took the place of
	left        map[outbox.Status]int // failed runs that none did
	unseen      int                   // open or failed runs that were not looked at: the rest is at least so
}

func newOutlook(counts outbox.Counts) outlook {
	return outlook{counts: counts, needs: map[outbox.Reason]int{}, resubmitted: map[outbox.Status]int{}, left: map[outbox.Status]int{}}
}

// see takes one run into account.
func (o *outlook) see(r *outbox.Run) {
	switch {
	case r.Status.Failed() && r.ResubmittedAs != nil:
		o.resubmitted[r.Status]++
	case r.Status.Failed():
		o.left[r.Status]++
	case r.Status != outbox.Pending:
	case r.Reason.NeedsPerson():
		o.needs[shortReason(r.Reason)]++
	case !r.NextAttemptAt.IsZero() && (o.next.IsZero() || r.NextAttemptAt.Before(o.next)):
		if !strings.HasPrefix(string(r.Reason), "behind ") {
			o.next = r.NextAttemptAt
		}
	}
}

func (o outlook) total() int {
	total := 0
	for _, n := range o.counts {
		total += n
	}
	return total
}

func (o outlook) needed() int {
	n := 0
	for _, count := range o.needs {
		n += count
	}
	return n
}

// failed are the runs that ended badly and wait for a person: all, or those that
// were seen.
func (o outlook) failed(s outbox.Status) int {
	if o.unseen > 0 {
		return o.left[s]
	}
	return max(o.counts[s]-o.resubmitted[s], 0)
}

// waiting are the runs that go on by themselves; with those unseen, all that
// are pending.
func (o outlook) waiting() int {
	if o.unseen > 0 {
		return o.counts[outbox.Pending]
	}
	return max(o.counts[outbox.Pending]-o.needed(), 0)
}

// holdsAll tells whether a person paused everything.
func holdsAll(holds []outbox.Hold) bool {
	return slices.ContainsFunc(holds, func(h outbox.Hold) bool { return h.Host == "" && h.Project == "" })
}

// allHeld is the outlook while everything is paused: that is known of the
// pending runs that were not looked at, too.
func (o outlook) allHeld() outlook {
	o.needs = map[outbox.Reason]int{outbox.ReasonPaused: o.counts[outbox.Pending]}
	o.next, o.drain = time.Time{}, 0
	if o.counts[outbox.Incomplete]+o.counts[outbox.Rejected] == o.left[outbox.Incomplete]+o.left[outbox.Rejected]+o.resubmitted[outbox.Incomplete]+o.resubmitted[outbox.Rejected] {
		o.unseen = 0 // the failed ones were all seen
	}
	return o
}

// slowDrain is from where on it is worth saying how long draining takes.
const slowDrain = 10 * time.Second

const allDelivered = "all delivered"

// outlookWords are the parts of the answer: what is on its way, and what needs
// a person.
func outlookWords(o outlook, now time.Time) (moving []string, needs string) {
	if n := o.counts[outbox.Sending]; n > 0 {
		moving = append(moving, fmt.Sprintf("%s sending", number(n)))
	}
	if n := o.waiting(); n > 0 {
		moving = append(moving, fmt.Sprintf("%s pending", number(n)))
		switch {
		case o.next.IsZero():
		case o.next.After(now) && o.unseen > 0: // an unseen one may be due sooner
			moving = append(moving, "next with"+countdown(o.next.Sub(now)))
		case o.next.After(now):
			moving = append(moving, "next "+countdown(o.next.Sub(now)))
		default:
			moving = append(moving, "next is due")
		}
		switch {
		case o.drain < slowDrain:
		case o.unseen > 0:
			moving = append(moving, "all in at least "+took(o.drain.Round(time.Minute/6)))
		default:
			moving = append(moving, "all in about "+took(o.drain.Round(time.Minute/6)))
		}
	}
	if n := o.needs[outbox.ReasonPaused]; n > 0 {
		words := number(n) + " paused"
		if o.unseen > 0 {
			words = "at least " + words
		}
		moving = append(moving, words)
	}
	needs = needWords(o)
	if len(moving) > 0 || needs != "" {
		return moving, needs
	}
	switch {
	case o.total() == 0:
		moving = append(moving, "nothing to deliver yet")
	case o.counts[outbox.Sent]+o.counts[outbox.Deduplicated] == 0:
		moving = append(moving, "nothing is waiting")
	default:
		moving = append(moving, allDelivered)
	}
	return moving, ""
}

// needWords says how many runs need a person, and for what.
func needWords(o outlook) string {
	total, kinds := needKinds(o)
	if total == 0 {
		return ""
	}
	return needTotal(o, total) + ": " + kinds
}

// needTotal is the short form, for where there is no room for the kinds.
func needTotal(o outlook, total int) string {
	words := number(total) + " need you"
	if total == 1 {
		words = "1 needs you"
	}
	if o.unseen > 0 {
		return "at least " + words
	}
	return words
}

// needKinds counts the runs that need a person, by what they need: those that a
// person paused need nobody.
func needKinds(o outlook) (total int, words string) {
	type kind struct {
		name  string
		count int
	}
	var kinds []kind
	for reason, n := range o.needs {
		if reason == outbox.ReasonPaused {
			continue
		}
		kinds = append(kinds, kind{string(reason), n})
	}
	for _, s := range []outbox.Status{outbox.Incomplete, outbox.Rejected} {
		if n := o.failed(s); n > 0 {
			kinds = append(kinds, kind{string(s), n})
		}
	}
	slices.SortFunc(kinds, func(a, b kind) int {
		if a.count != b.count {
			return b.count - a.count
		}
		return strings.Compare(a.name, b.name)
	})
	parts := make([]string, len(kinds))
	for i, k := range kinds {
		total += k.count
		parts[i] = fmt.Sprintf("%s %s", number(k.count), k.name)
	}
	if len(kinds) == 1 {
		return total, kinds[0].name
	}
	return total, strings.Join(parts, ", ")
}
