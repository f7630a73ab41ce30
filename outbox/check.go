package outbox

import (
	"bytes"
	"context"
	"fmt"
)

// Check looks at every invariant of the outbox and returns what is wrong, in
// sentences: indexes against records, counts, hashes, attempts without holes,
// no orphan. An outbox that is sound returns none.
func (s *Store) Check(ctx context.Context) (problems []string, err error) {
	err = s.view(ctx, func(t *tx) error {
		c := &checker{tx: t, counts: map[Status]int64{}}
		if err := soundTree(s.path); err != nil { // bbolt's own check trusts what it reads
			problems = []string{fmt.Sprintf("the file: %v", err)}
			return nil
		}
		if err := c.runs(); err != nil {
			return err
		}
		c.orphans()
		problems = c.problems
		return nil
	})
	return problems, err
}

type checker struct {
	*tx
	counts map[Status]int64
	// How many entries the indexes must have.
	total, open, owned, bodies, attempts, aged int
	problems                                   []string
}

func (c *checker) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) runs() error {
	return c.Bucket(bucketRuns).ForEach(func(k, v []byte) error {
		c.total++
		var run Run
		if err := decodeRun(decodeNumber(k), v, &run); err != nil {
			c.say("run number %d: %v", decodeNumber(k), err)
			return nil
		}
		c.counts[run.Status]++
		c.indexes(&run, k)
		c.history(&run)
		c.bytes(&run)
		return nil
	})
}

func (c *checker) bytes(run *Run) {
	there := c.Bucket(bucketBodies).Get(number(run.Seq)) != nil
	if there {
		c.bodies++
	}
	if run.Reason == ReasonDamaged && !there { // it was salvaged without, and says so
		return
	}
	if run.BodyPruned {
		if there {
			c.say("run %s: its body was pruned, but is there", run.ID)
		}
		return
	}
	if _, err := c.body(run); err != nil {
		c.say("run %s: %v", run.ID, err)
	}
}

func (c *checker) indexes(run *Run, key []byte) {
	if !bytes.Equal(key, number(run.Seq)) {
		c.say("run %s: sequence %d is stored under %d", run.ID, run.Seq, decodeNumber(key))
	}
	if !bytes.Equal(c.Bucket(bucketIDs).Get(run.ID[:]), key) {
		c.say("run %s: its ID is not indexed", run.ID)
	}
	if c.Bucket(bucketStatuses).Get(statusKey(run.Status, run.Seq)) == nil {
		c.say("run %s: it is not in the index of %s runs", run.ID, run.Status)
	}
	if age := run.age(); age != nil {
		c.aged++
		if c.Bucket(bucketAges).Get(age) == nil {
			c.say("run %s: it is not in the index of ages", run.ID)
		}
	}
	if seq := c.Bucket(bucketKeys).Get(sharedKey(run)); run.Shared && seq == nil {
		c.say("run %s: its shared key is not indexed", run.ID)
	}
	if run.Report != nil && c.Bucket(bucketReports).Get(hashed(run.Host, run.Report.UUID.String())) == nil {
		c.say("run %s: its report is not indexed", run.ID)
	}
	if c.deleted(run.ID) {
		c.say("run %s: it is there and was deleted", run.ID)
	}
	due := c.Bucket(bucketLanes).Get(laneKey(hashed(run.Lane()), run.Seq))
	switch {
	case run.Status.Ended() && due != nil:
		c.say("run %s: %s, but still in its lane", run.ID, run.Status)
	case !run.Status.Ended():
		c.open++
		if !bytes.Equal(due, run.laneValue()) {
			c.say("run %s: its lane has another due time", run.ID)
		}
	}
	owner := c.Bucket(bucketClaims).Get(key)
	if (run.Status == Sending) != (run.Claim != nil) || (run.Claim != nil) != (owner != nil) {
		c.say("run %s: %s, but its claim does not fit", run.ID, run.Status)
	}
	if owner != nil {
		c.owned++
		if run.Claim != nil && run.Claim.Owner != string(owner) {
			c.say("run %s: its claim names another owner than the index", run.ID)
		}
	}
	if run.Status.Acknowledged() && run.Report == nil {
		c.say("run %s: %s without a report", run.ID, run.Status)
	}
}

func (c *checker) history(run *Run) {
	attempts, err := c.tx.attempts(run.Seq)
	if err != nil {
		c.say("run %s: %v", run.ID, err)
		return
	}
	want := 1
	c.attempts += len(attempts)
	for _, a := range attempts {
		if c.Bucket(bucketActivity).Get(a.activityKey(run.Seq)) == nil {
			c.say("run %s: attempt %d is not in the index of attempts", run.ID, a.Number)
		}
		if a.Number != want || a.Run != run.ID {
			c.say("run %s: attempt %d where %d is due", run.ID, a.Number, want)
		}
		want = a.Number + max(a.Count, 1)
	}
	if made := want - 1 + run.inFlight(); made != run.Attempts {
		c.say("run %s: %d attempts in its history, not %d", run.ID, made, run.Attempts)
	}
}

func (c *checker) orphans() {
	for _, s := range Statuses() {
		if c.counted(s) != c.counts[s] {
			c.say("the count of %s runs is %d, but there are %d", s, c.counted(s), c.counts[s])
		}
	}
	for _, index := range []struct {
		bucket []byte
		want   int
	}{
		{bucketStatuses, c.total}, {bucketIDs, c.total}, {bucketBodies, c.bodies}, {bucketLanes, c.open},
		{bucketClaims, c.owned}, {bucketActivity, c.attempts}, {bucketAges, c.aged},
	} {
		if have := c.Bucket(index.bucket).Stats().KeyN; have != index.want {
			c.say("the index %s has %d entries, not %d", index.bucket, have, index.want)
		}
	}
	for _, name := range [][]byte{bucketAttempts, bucketKeys, bucketReports} {
		_ = c.Bucket(name).ForEach(func(k, v []byte) error {
			seq := v
			if bytes.Equal(name, bucketAttempts) {
				seq = k
			}
			if len(seq) < 8 || c.Bucket(bucketRuns).Get(seq[:8]) == nil {
				c.say("%s has an entry of a run that is not there", name)
			}
			return nil
		})
	}
}
