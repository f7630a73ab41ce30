package client

import "github.com/google/uuid"

// ReportURL is where a report of a project can be looked at: on Bencher Cloud
// its page, elsewhere what the API has of it; "" on the built-in server.
func ReportURL(host, project string, report uuid.UUID) string {
	switch host {
	case Local:
		return ""
	case Cloud:
		return "https://bencher.dev/perf/" + project + "/reports/" + report.String()
	}
	return host + "/v0/projects/" + project + "/reports/" + report.String()
}
