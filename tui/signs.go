package tui

import "burrow/outbox"

// statusMeaning is the legend of the signs.
func statusMeaning(s outbox.Status) string {
	switch s {
	case outbox.Pending:
		return "waits; ! needs you"
	case outbox.Sending:
		return "is on its way now"
	case outbox.Sent:
		return "the server holds it"
	case outbox.Deduplicated:
		return "it was there already"
	case outbox.Incomplete:
		return "there in part only"
	case outbox.Rejected:
		return "refused for good"
	case outbox.Cancelled:
		return "withdrawn by a person"
	}
	return ""
}

func signLines(t theme) []string {
	lines := []string{" " + t.title.Render("The signs")}
	for _, s := range outbox.Statuses() {
		style := t.status(&outbox.Run{Status: s})
		lines = append(lines, "   "+style.Render(Sign(s)+" "+left(string(s), 13))+statusMeaning(s))
	}
	return lines
}
