package outbox

import (
	"strings"
	"time"

	"burrow/client"
)

// The pace of a project's runs is kept in the outbox, so that several senders
// together stay below what the server allows: refused attempts count against
// its limits, so a client that meets them stays limited.

// paceBurst is how many runs may go at once after a rest: with the steady pace
// after them, the first minute stays below a server's limit too.
const paceBurst = 8

func paceScope(host, project string) string {
	return strings.Join([]string{"pace", host, project}, "\x00")
}

// paceOf is the time that each run takes of its project's allowance; 0: none.
func (c claimant) paceOf(host string) time.Duration {
	perMinute := client.RunsPerMinute(host)
	if c.pace != nil {
		perMinute = c.pace(host)
	}
	if perMinute <= 0 {
		return 0
	}
	return time.Minute / time.Duration(perMinute)
}

// paced is when the pace lets the run go. The allowance is spent up to the
// pause's instant (a generic cell rate algorithm).
func (t *tx) paced(run *Run, c claimant) (time.Time, error) {
	each := c.paceOf(run.Host)
	if each == 0 || run.Short != nil || run.searches() { // looks are not runs
		return time.Time{}, nil
	}
	spent, err := t.pause(paceScope(run.Host, run.Project))
	if err != nil {
		return time.Time{}, err
	}
	return spent.Until.Add(-(paceBurst - 1) * each), nil
}

// spend takes a run's share of its project's allowance.
func (t *tx) spend(run *Run, c claimant) error {
	each := c.paceOf(run.Host)
	if each == 0 {
		return nil
	}
	scope := paceScope(run.Host, run.Project)
	spent, err := t.pause(scope)
	if err != nil {
		return err
	}
	if spent.Until.Before(t.now) {
		spent.Until = t.now
	}
	spent.Until = spent.Until.Add(each)
	return t.setPause(scope, spent)
}

// DrainTime is how long the pace alone makes the runs take, the slowest
// project deciding; 0 where nothing is paced.
func DrainTime(runs []*Run) time.Duration {
	waiting := map[string]time.Duration{}
	longest := time.Duration(0)
	for _, r := range runs {
		if r.Status.Ended() || r.Reason.NeedsPerson() {
			continue
		}
		scope := paceScope(r.Host, r.Project)
		waiting[scope] += claimant{}.paceOf(r.Host)
		longest = max(longest, waiting[scope])
	}
	return longest
}
