package tui

import (
	"strings"
	"testing"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
)

var (
	noon    = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	someID  = uuid.MustParse("01a210a9-0000-7000-8000-00000000abcd")
	otherID = uuid.MustParse("01a210a9-0000-7000-8000-00000000ef01")
)

// run makes a run of three iterations with what a test changes about it.
func run(change func(*outbox.Run)) *outbox.Run {
	r := &outbox.Run{
		ID: someID, Seq: 7, Status: outbox.Pending, Host: "https://bench.example", Bytes: 61_234,
		EnqueuedAt: noon.Add(-2 * time.Minute), Credential: "ab12cd34", Attempts: 1,
		Summary: client.Summary{
			Key: someID, Project: "demo", Branch: "feature/radix", Hash: "93169457aabbccdd", Testbed: "ci-linux", Adapter: "go_bench",
			StartTime: noon.Add(-3 * time.Minute), EndTime: noon.Add(-2 * time.Minute), Iterations: []int{18, 18, 18}, Benchmarks: 18,
		},
	}
	change(r)
	return r
}

func TestEveryStateIsToldInPlainWords(t *testing.T) {
	report := func(iterations, alerts int) *outbox.ReportRef {
		return &outbox.ReportRef{UUID: otherID, Slug: "demo", Iterations: iterations, AlertsActive: alerts}
	}
	tests := []struct {
		name       string
		change     func(*outbox.Run)
		off        bool
		note       string
		what, next string // parts of the sentences
	}{
		{"never tried", func(r *outbox.Run) { r.Attempts, r.NextAttemptAt = 0, noon }, false, "due", "safe in the outbox", "by itself now"},
		{"never tried, nobody delivers", func(r *outbox.Run) { r.Attempts, r.NextAttemptAt = 0, noon }, true, "due", "safe in the outbox", "burrow sync"},
		{"unreachable", func(r *outbox.Run) {
			r.Reason, r.NextAttemptAt, r.Message = outbox.ReasonBackoff, noon.Add(12*time.Second), "connection refused"
		}, false, "in 12 s", "could not be reached, and nothing was sent. It is safe in the outbox. The last word was: connection refused.", "in 12 s. Press r"},
		{"answer lost", func(r *outbox.Run) {
			r.Reason, r.NextAttemptAt, r.MayBeThere = outbox.ReasonBackoff, noon.Add(2*time.Second), true
		}, false, "in 2 s", "may hold it already. The next attempt sends the same bytes with the same key: it can't be counted twice", "in 2 s"},
		{"throttled", func(r *outbox.Run) {
			r.Reason, r.NextAttemptAt = outbox.ReasonThrottled, noon.Add(60*time.Second)
		}, false, "throttled 1 min", "asked to wait.", "in 1 min"},
		{"storing", func(r *outbox.Run) {
			r.Reason, r.NextAttemptAt, r.Message = outbox.ReasonStoring, noon.Add(10*time.Second), "the report holds 1 of 3 iterations"
		}, false, "storing 10 s", "not all of its results yet: the report holds 1 of 3 iterations.", "looks again in 10 s"},
		{"a portal", func(r *outbox.Run) { r.Reason, r.NextAttemptAt = outbox.ReasonProxy, noon.Add(time.Second) }, false, "proxy 1 s", "between here and the server", "login page"},
		{"behind", func(r *outbox.Run) { r.Reason = outbox.Behind(otherID) }, false, "behind 000ef01", "older run 00000000ef01", "follows by itself"},
		{"paused", func(r *outbox.Run) { r.Reason = outbox.ReasonPaused }, false, "! paused", "paused by a person", "burrow resume"},
		{"no credential", func(r *outbox.Run) { r.Reason = outbox.ReasonCredential }, false, "! credential", "credential ab12cd34, and none for bench.example", "BENCHER_API_KEY"},
		{"credential refused", func(r *outbox.Run) {
			r.Reason, r.Refused, r.Message = outbox.ReasonCredentialRefused, "ab12cd34", "Forbidden"
		}, false, "! credential", "refused credential ab12cd34: Forbidden.", "press r"},
		{"plan", func(r *outbox.Run) { r.Reason = outbox.ReasonPlan }, false, "! plan", "a plan or a licence", "Mend the plan"},
		{"project moved", func(r *outbox.Run) { r.Reason = outbox.ReasonProjectMoved }, false, "! moved", "renamed or is gone", "burrow resubmit 00000000abcd --project"},
		{"doubt", func(r *outbox.Run) { r.Reason = outbox.ReasonDoubt }, false, "! doubt", "Several reports", "look again"},
		{"damaged", func(r *outbox.Run) { r.Reason = outbox.ReasonDamaged }, false, "! damaged", "no longer match their hash", "Measure again"},
		{"sending", func(r *outbox.Run) {
			r.Status, r.Attempts, r.Claim = outbox.Sending, 3, &outbox.Claim{Task: outbox.TaskSend, StartedAt: noon.Add(-4 * time.Second)}
		}, false, "attempt 3", "Attempt 3 is on its way to bench.example, for 4.0 s.", "the answer decides"},
		{"looking", func(r *outbox.Run) {
			r.Status, r.Claim = outbox.Sending, &outbox.Claim{Task: outbox.TaskLook, StartedAt: noon}
		}, false, "looking again", "whole by now", "the answer decides"},
		{"mending", func(r *outbox.Run) {
			r.Status, r.Claim = outbox.Sending, &outbox.Claim{Task: outbox.TaskDelete, StartedAt: noon}
		}, false, "mending", "free the key", "the answer decides"},
		{"sent", func(r *outbox.Run) { r.Status, r.Report = outbox.Sent, report(3, 0) }, false, "", "holds it, whole: the first attempt made its report. One report exists.", "Nothing is left"},
		{"sent with alerts", func(r *outbox.Run) { r.Status, r.Report = outbox.Sent, report(3, 2) }, false, "2 alerts", "One report exists", "raised 2 alerts"},
		{"deduplicated", func(r *outbox.Run) { r.Status, r.Attempts, r.Report = outbox.Deduplicated, 2, report(3, 0) }, false, "", "The first answer was lost; the server had the report already and gave it back. One report exists.", "Nothing is left"},
		{"deduplicated at once", func(r *outbox.Run) { r.Status, r.Report = outbox.Deduplicated, report(3, 0) }, false, "", "with this key and these results already", "Nothing is left"},
		{"incomplete", func(r *outbox.Run) {
			r.Status, r.Report, r.Message = outbox.Incomplete, report(1, 0), "the report holds 1 of 3 iterations; a partial report is deleted only with --mend any"
		}, false, "! 1 of 3", "holds 1 of 3 iterations, and it stays so: the key is spent. It was not mended: a partial report is deleted only with --mend any.", "burrow resubmit 00000000abcd"},
		{"incomplete, resubmitted", func(r *outbox.Run) { r.Status, r.ResubmittedAs = outbox.Incomplete, &otherID }, false, "resubmitted", "the key is spent", "resubmitted as 00000000ef01"},
		{"rejected", func(r *outbox.Run) {
			r.Status, r.Reason, r.Message = outbox.Rejected, outbox.ReasonRefused, "Branch name is invalid"
		}, false, "! refused", "refused it for good: Branch name is invalid.", "press r"},
		{"rejected, adapter", func(r *outbox.Run) {
			r.Status, r.Reason, r.ReportLeft, r.Message = outbox.Rejected, outbox.ReasonRefused, true, "Failed to convert results: nothing there"
		}, false, "! adapter", "A report without its results stays behind there.", "--adapter NAME"},
		{"rejected, key taken", func(r *outbox.Run) {
			r.Status, r.Reason = outbox.Rejected, outbox.ReasonKeyTaken
		}, false, "! key taken", "belongs to a report of another run", "a key of its own"},
		{"cancelled", func(r *outbox.Run) { r.Status, r.MayBeThere = outbox.Cancelled, true }, false, "", "withdrew it: it is not sent. An earlier attempt, or a machine that it was exported to, may have reached", "Press r"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := run(test.change)
			told := accountOf(newKeyMap().names(), r, noon, !test.off)
			if !strings.Contains(told.what, test.what) {
				t.Errorf("what: %q\nwant in it %q", told.what, test.what)
			}
			if !strings.Contains(told.next, test.next) {
				t.Errorf("next: %q\nwant in it %q", told.next, test.next)
			}
			if told.title == "" {
				t.Error("no title")
			}
			if got := note(r, noon); !strings.HasPrefix(got, test.note) || (test.note == "") != (got == "") {
				t.Errorf("note %q, want %q", got, test.note)
			}
			if strings.Contains(told.what+told.next, "..") {
				t.Errorf("two full stops: %q %q", told.what, told.next)
			}
		})
	}
}

func TestEveryStatusAndOutcomeHasASignAndWords(t *testing.T) {
	signs := map[string]outbox.Status{}
	for _, s := range outbox.Statuses() {
		sign := Sign(s)
		if other, taken := signs[sign]; sign == "?" || taken {
			t.Errorf("%s has the sign %q of %s", s, sign, other)
		}
		signs[sign] = s
		if told := accountOf(newKeyMap().names(), &outbox.Run{Status: s}, noon, true); told.what == "" || told.next == "" {
			t.Errorf("%s is not told: %+v", s, told)
		}
		if statusMeaning(s) == "" {
			t.Errorf("%s is not in the legend", s)
		}
		if ascii(sign) == "?" {
			t.Errorf("%s has no sign in ASCII", s)
		}
	}
	for _, o := range client.Outcomes() {
		if outcomeSign(o) == "?" && o != client.Unknown {
			t.Errorf("%s has no sign", o)
		}
		if ascii(outcomeSign(o)) == "?" && o != client.Unknown {
			t.Errorf("%s has no sign in ASCII", o)
		}
	}
}

func TestCountdown(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		-time.Hour: "now", 0: "now", time.Millisecond: "in 1 s", 12 * time.Second: "in 12 s", 11*time.Second + 1: "in 12 s",
		59 * time.Second: "in 59 s", time.Minute: "in 1 min", 65 * time.Second: "in 1 min 5 s", 5 * time.Minute: "in 5 min",
		10*time.Minute + time.Second: "in 11 min", 59*time.Minute + 59*time.Second: "in 1 h",
		65 * time.Minute: "in 1 h 5 min", 50 * time.Hour: "in 2 days",
	} {
		if got := countdown(wait); got != want {
			t.Errorf("%v: %q, want %q", wait, got, want)
		}
	}
}

func TestAges(t *testing.T) {
	for age, want := range map[time.Duration]string{
		-time.Hour: "now", 0: "now", 8 * time.Second: "8 s", 2 * time.Minute: "2 min", 59 * time.Minute: "59 min", 3 * time.Hour: "3 h",
		25 * time.Hour: "1 day", 49 * time.Hour: "2 days", 40 * day: "40 d", 1000 * day: "1000 d",
	} {
		if got := ageWords(age); got != want || len(got) > 6 {
			t.Errorf("%v: %q, want %q", age, got, want)
		}
	}
}

func TestDurationsAndSizes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "under 1 ms", 38 * time.Millisecond: "38 ms", 2400 * time.Millisecond: "2.4 s", 42 * time.Second: "42 s",
		125 * time.Second: "2 min 5 s", 3*time.Hour + 4*time.Minute: "3 h 4 min",
	} {
		if got := took(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if got := size(999) + ", " + size(61_234) + ", " + size(4<<20) + ", " + number(1_234_567); got != "999 bytes, 61.2 kB, 4.2 MB, 1,234,567" {
		t.Error(got)
	}
}

func TestTheBottomLineAnswersWhetherAllIsDone(t *testing.T) {
	soon := noon.Add(12 * time.Second)
	tests := []struct {
		name   string
		counts outbox.Counts
		seen   []*outbox.Run
		want   string
	}{
		{"empty", nil, nil, "nothing to deliver yet"},
		{"done", outbox.Counts{outbox.Sent: 2, outbox.Cancelled: 1}, nil, "all delivered"},
		{"only cancelled", outbox.Counts{outbox.Cancelled: 1}, nil, "nothing is waiting"},
		{"waiting", outbox.Counts{outbox.Pending: 3, outbox.Sent: 1}, []*outbox.Run{
			run(func(r *outbox.Run) { r.NextAttemptAt = soon.Add(time.Minute) }), run(func(r *outbox.Run) { r.NextAttemptAt = soon }),
			run(func(r *outbox.Run) { r.NextAttemptAt, r.Reason = noon, outbox.Behind(otherID) }),
		}, "3 pending · next in 12 s"},
		{"one kind", outbox.Counts{outbox.Pending: 2}, []*outbox.Run{
			run(func(r *outbox.Run) { r.Reason = outbox.ReasonCredential }), run(func(r *outbox.Run) { r.Reason = outbox.ReasonCredentialRefused }),
		}, "! 2 need you: credential"},
		{"several kinds", outbox.Counts{outbox.Pending: 1, outbox.Rejected: 3, outbox.Sending: 1}, []*outbox.Run{
			run(func(r *outbox.Run) { r.Reason = outbox.ReasonPlan }),
			run(func(r *outbox.Run) { r.Status, r.ResubmittedAs = outbox.Rejected, &otherID }),
		}, "1 sending! 3 need you: 2 rejected, 1 plan"},
		{"resubmitted needs nobody", outbox.Counts{outbox.Rejected: 1, outbox.Sent: 1}, []*outbox.Run{
			run(func(r *outbox.Run) { r.Status, r.ResubmittedAs = outbox.Rejected, &otherID }),
		}, "all delivered"},
		{"one", outbox.Counts{outbox.Incomplete: 1}, nil, "! 1 needs you: incomplete"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOutlook(test.counts)
			for _, r := range test.seen {
				o.see(r)
			}
			moving, needs := outlookWords(o, noon)
			got := strings.Join(moving, " · ")
			if needs != "" {
				got += "! " + needs
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
