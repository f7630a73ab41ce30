package tui

import (
	"fmt"
	"strings"
	"time"

	"burrow/client"
	"burrow/outbox"

	"github.com/google/uuid"
)

// account is a run's state in plain words: what happened and what it means,
// then what to do next.
type account struct{ title, what, next string }

// keyNames are the keys that sentences name.
type keyNames struct{ retry, cancel, resubmit, pause, fold, nextTab string }

func (k keyMap) names() keyNames {
	return keyNames{k.Retry.Help().Key, k.Cancel.Help().Key, k.Resubmit.Help().Key, k.Pause.Help().Key, k.Fold.Help().Key, k.NextTab.Help().Key}
}

// accountOf tells a run's state to a person.
func accountOf(k keyNames, r *outbox.Run, now time.Time, on bool) account {
	switch r.Status {
	case outbox.Pending:
		return pendingAccount(k, r, now, on)
	case outbox.Sending:
		return sendingAccount(r, now)
	case outbox.Sent:
		return account{"Sent", "The server holds it, whole: " + made(r) + ". One report exists.", doneNext(r)}
	case outbox.Deduplicated:
		return account{"Deduplicated", replayedWhat(r), doneNext(r)}
	case outbox.Incomplete:
		return account{"Incomplete", incompleteWhat(r), failedNext(r,
			"Press "+k.retry+" to look again, and to mend it where that is allowed; or send the results under a new key with "+k.resubmit+" (burrow resubmit "+tail(r.ID)+").")}
	case outbox.Rejected:
		return rejectedAccount(k, r)
	case outbox.Cancelled:
		what := "A person withdrew it: it is not sent."
		if r.MayBeThere {
			what += " An earlier attempt, or a machine that it was exported to, may have reached the server; what that left there stays."
		}
		return account{"Cancelled", what, "Press " + k.retry + " to send it after all."}
	}
	return account{title: plain(string(r.Status))}
}

func made(r *outbox.Run) string {
	if r.Attempts <= 1 {
		return "the first attempt made its report"
	}
	return fmt.Sprintf("attempt %d made its report", r.Attempts)
}

func replayedWhat(r *outbox.Run) string {
	if r.Message != "" {
		return "The server had a report with this key already, and gave it back" + because(r.Message)
	}
	if r.Attempts > 1 {
		return "The first answer was lost; the server had the report already and gave it back. One report exists."
	}
	return "The server had a report with this key and these results already, and gave it back. One report exists."
}

func doneNext(r *outbox.Run) string {
	if r.Report != nil && r.Report.AlertsActive > 0 {
		return fmt.Sprintf("It raised %s: look at the report.", counted(r.Report.AlertsActive, "alert", "alerts"))
	}
	return "Nothing is left to do."
}

func incompleteWhat(r *outbox.Run) string {
	what := "The server holds a report for this key, but not all of these results, and it stays so: the key is spent."
	if r.Report != nil && len(r.Iterations) > 0 {
		what = fmt.Sprintf("The server holds %d of %s, and it stays so: the key is spent.",
			r.Report.Iterations, counted(len(r.Iterations), "iteration", "iterations"))
	}
	if _, why, found := strings.Cut(r.Message, "; "); found {
		what += " It was not mended: " + sentence(why)
	}
	return what
}

func rejectedAccount(k keyNames, r *outbox.Run) account {
	a := account{title: "Rejected", what: "The server refused it for good" + because(r.Message)}
	resubmit := k.resubmit + ", or burrow resubmit " + tail(r.ID)
	a.next = failedNext(r, "Mend what it names, then press "+k.retry+" (same bytes, same key: always safe), or send it changed: "+resubmit+" with --project, --branch, --testbed or --hash.")
	switch {
	case r.Reason == outbox.ReasonKeyTaken:
		a.what = "Its key belongs to a report of another run, so the server gave back that one" + because(r.Message)
		a.next = failedNext(r, "Give it a key of its own: "+resubmit+".")
	case wrongAdapter(r):
		a.next = failedNext(r, "Most likely the adapter ("+plain(r.Adapter)+") does not fit these results: "+resubmit+" --adapter NAME.")
	}
	if r.ReportLeft {
		a.what += " A report without its results stays behind there."
	}
	return a
}

// wrongAdapter tells the refusal of results that the server could not read
// (bencher-api.md, section 1.4).
func wrongAdapter(r *outbox.Run) bool {
	return strings.HasPrefix(r.Message, "Failed to convert results")
}

func failedNext(r *outbox.Run, next string) string {
	if r.ResubmittedAs != nil {
		return "It was resubmitted as " + tail(*r.ResubmittedAs) + ": nothing is left to do here."
	}
	return next
}

func sendingAccount(r *outbox.Run, now time.Time) account {
	host := hostName(r.Host)
	a := account{"Sending", fmt.Sprintf("Attempt %d is on its way to %s.", r.Attempts, host), "Nothing to do: the answer decides."}
	if r.Claim == nil {
		return a
	}
	lasts := ""
	if d := now.Sub(r.Claim.StartedAt); d >= time.Second {
		lasts = ", for " + took(d.Truncate(time.Second))
	}
	switch r.Claim.Task {
	case outbox.TaskSend:
		a.what = fmt.Sprintf("Attempt %d is on its way to %s%s.", r.Attempts, host, lasts)
	case outbox.TaskLook:
		a.what = "The server's report was short. burrow is looking whether it is whole by now" + lasts + "."
	case outbox.TaskSearch:
		a.what = "The server knows no idempotency keys. burrow is looking whether an earlier attempt left the report there" + lasts + "."
	case outbox.TaskDelete:
		a.what = "The server's report stayed short. burrow is deleting it to free the key" + lasts + "; then the same bytes are sent again with the same key."
	}
	return a
}

// pendingAccount tells why a run waits and until when.
func pendingAccount(k keyNames, r *outbox.Run, now time.Time, on bool) account {
	a := account{title: "Pending"}
	then := countdown(r.NextAttemptAt.Sub(now))
	if r.NextAttemptAt.IsZero() {
		then = "later"
	}
	byItself := "Nothing to do: it goes on by itself " + then + ". Press " + k.retry + " to try now."
	if !on {
		byItself = "Delivery is off here, so nobody may send it: run burrow sync."
	}
	if who, behind := strings.CutPrefix(string(r.Reason), "behind "); behind {
		a.what = "It waits for the older run " + tailOf(who) + " of its branch: the server numbers a branch's versions in order of arrival."
		a.next = "Nothing to do: it follows by itself."
		return a
	}
	if person, ok := personAccount(k, r); ok {
		return person
	}
	switch {
	case r.Reason == outbox.ReasonThrottled:
		a.what = "The server asked to wait" + because(r.Message)
	case r.Reason == outbox.ReasonStoring:
		a.what = "The server has its report, but not all of its results yet" + because(r.Message)
		a.next = "Nothing to do: burrow looks again " + then + "."
		return a
	case r.Reason == outbox.ReasonLooking:
		a.what = "The server knows no idempotency keys, so sending again could double the report: burrow looks for it first" + because(r.Message)
		a.next = "Nothing to do: it looks " + then + "."
		return a
	case r.Reason == outbox.ReasonProxy:
		a.what = "Something between here and the server answered instead of it" + because(r.Message)
		a.next = "Is there a login page or a proxy? It tries again " + then + "; " + k.retry + " tries now."
		return a
	case r.Attempts == 0:
		a.what = "It is safe in the outbox and waits for its first attempt."
		if r.Message != "" {
			a.what = "It is safe in the outbox; its host is not answering" + because(r.Message)
		}
	case r.MayBeThere:
		a.what = "The answer to an attempt was lost, so the server may hold it already. The next attempt sends the same bytes with the same key: it can't be counted twice." + said(r.Message)
	default:
		a.what = "The server could not be reached, and nothing was sent. It is safe in the outbox." + said(r.Message)
	}
	a.next = byItself
	return a
}

// personAccount tells the waits that only a person ends.
func personAccount(k keyNames, r *outbox.Run) (account, bool) {
	a, host := account{title: "Pending: it needs you"}, plain(r.Host)
	again := "then press " + k.retry + "."
	switch r.Reason {
	case outbox.ReasonPaused:
		a.what = "Delivery was paused by a person" + because(r.Message)
		a.next = "Press " + k.pause + ", then r, to let it go on (burrow resume)."
	case outbox.ReasonCredential:
		a.what = "It waits for a credential: it was enqueued with " + credentialName(r.Credential) + ", and none for " + hostName(r.Host) + " is at hand here."
		a.next = "Start burrow with BENCHER_API_KEY (or BENCHER_API_TOKEN) and --host " + host + "; any credential of that host will do."
	case outbox.ReasonCredentialRefused:
		a.what = "The server refused " + credentialName(r.Refused) + because(r.Message)
		a.next = "Is it expired, or of another organization? Start burrow with one that may write to " + plain(r.Project) + ", " + again
	case outbox.ReasonPlan:
		a.what = "The server wants a plan or a licence for this project" + because(r.Message)
		a.next = "Mend the plan, " + again + " What the server stored comes back by the same key."
	case outbox.ReasonProjectMoved:
		a.what = "The project that took earlier runs was renamed or is gone. Sending now would make a new, public one" + because(r.Message)
		a.next = "Give the project its name back, " + again + " Or withdraw this run with " + k.cancel + ", then burrow resubmit " + tail(r.ID) + " --project NAME."
	case outbox.ReasonDoubt:
		a.what = "Several reports on the server could be this run, and it does not know keys" + because(r.Message)
		a.next = "Look at them there; press " + k.retry + " to look again, " + k.cancel + " if it is one of them."
	case outbox.ReasonDamaged:
		a.what = "Its bytes on this disk no longer match their hash, so they are not sent" + because(r.Message)
		a.next = "Measure again; " + k.cancel + " withdraws this one."
	default:
		return a, false
	}
	return a, true
}

func credentialName(fingerprint string) string {
	if fingerprint == "" {
		return "no credential"
	}
	return "credential " + plain(fingerprint)
}

// because ends a sentence with the server's words, where there are any.
func because(message string) string {
	if message = plain(message); message == "" {
		return "."
	}
	return ": " + sentence(message)
}

// said appends the last error as a sentence of its own.
func said(message string) string {
	if message = plain(message); message == "" {
		return ""
	}
	return " The last word was: " + sentence(message)
}

func sentence(text string) string {
	text = plain(text)
	if text == "" || strings.HasSuffix(text, "…") || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// tail is the short name of a run: the end of its ID, since UUIDv7s of one
// minute begin alike. Commands take it.
func tail(id uuid.UUID) string { return tailOf(id.String()) }

func tailOf(id string) string { return id[max(len(id)-12, 0):] }

// hostName is a host without what every address has.
func hostName(host string) string {
	if host == client.Local {
		return "local (this machine)"
	}
	return strings.TrimSuffix(strings.TrimPrefix(plain(host), "https://"), "/")
}
