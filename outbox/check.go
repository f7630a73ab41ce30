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
		for err := range t.Check() {
			c.say("the file: %v", err)
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
	counts             map[Status]int64
	total, open, owned int
	problems           []string
}

func (c *checker) say(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) runs() error {
	return c.Bucket(bucketRuns).ForEach(func(k, v []byte) error {
		c.total++
		var run Run
		if err := decodeRecord(v, &run); err != nil {
			c.say("run number %d: %v", decodeNumber(k), err)
			return nil
		}
		c.counts[run.Status]++
		c.indexes(&run, k)
		c.history(&run)
		body, err := c.body(run.Seq)
		if err != nil {
			c.say("run %s: %v", run.ID, err)
		} else if len(body) != run.Bytes {
			c.say("run %s: its body has %d bytes, not %d", run.ID, len(body), run.Bytes)
		}
		return nil
	})
}

func (c *checker) indexes(run *Run, key []byte) {
	if !bytes.Equal(key, number(run.Seq)) {
		c.say("run %s: sequence %d is stored under %d", run.ID, run.Seq, decodeNumber(key))
	}
	if !bytes.Equal(c.Bucket(bucketIDs).Get(run.ID[:]), key) {
		c.say("run %s: its ID is not indexed", run.ID)
	}
	due := c.Bucket(bucketLanes).Get(laneKey(hashed(run.Lane()), run.Seq))
	switch {
	case run.Status.Ended() && due != nil:
		c.say("run %s: %s, but still in its lane", run.ID, run.Status)
	case !run.Status.Ended():
		c.open++
		if !bytes.Equal(due, number(uint64(run.due()))) {
			c.say("run %s: its lane has another due time", run.ID)
		}
	}
	owner := c.Bucket(bucketClaims).Get(key)
	if (run.Status == Sending) != (run.Claim != nil) || (run.Claim != nil) != (owner != nil) {
		c.say("run %s: %s, but its claim does not fit", run.ID, run.Status)
	}
	if owner != nil {
		c.owned++
	}
	if run.Status.Acknowledged() && run.Report == nil {
		c.say("run %s: %s without a report", run.ID, run.Status)
	}
}

func (c *checker) history(run *Run) {
	attempts, err := c.attempts(run.Seq)
	if err != nil {
		c.say("run %s: %v", run.ID, err)
		return
	}
	want := 1
	for _, a := range attempts {
		if a.Number != want || a.Run != run.ID {
			c.say("run %s: attempt %d where %d is due", run.ID, a.Number, want)
		}
		want = a.Number + max(a.Count, 1)
	}
	made := want - 1
	if run.Claim != nil && run.Claim.Task.IsAttempt() {
		made++ // the one in flight
	}
	if made != run.Attempts {
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
	}{{bucketIDs, c.total}, {bucketBodies, c.total}, {bucketLanes, c.open}, {bucketClaims, c.owned}} {
		if have := c.Bucket(index.bucket).Stats().KeyN; have != index.want {
			c.say("the index %s has %d entries, not %d", index.bucket, have, index.want)
		}
	}
	_ = c.Bucket(bucketAttempts).ForEach(func(k, _ []byte) error {
		if c.Bucket(bucketRuns).Get(k[:8]) == nil {
			c.say("an attempt of run number %d, which is not there", decodeNumber(k))
		}
		return nil
	})
}
