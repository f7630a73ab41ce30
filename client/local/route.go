package local

import (
	"net/http"
	"strings"
)

const runPath = "/v0/run"

// route is one endpoint. Segments of its path in braces are placeholders.
type route struct {
	method   string
	segments []string
	serve    func(*call) (answer, error)
}

func (s *Server) table() []route {
	routes := []route{}
	add := func(method, path string, serve func(*call) (answer, error)) {
		routes = append(routes, route{method, strings.Split(path, "/"), serve})
	}
	add(http.MethodPost, runPath, nil) // inject serves it
	add(http.MethodGet, "/v0/server/version", serveVersion)
	add(http.MethodGet, "/v0/server/config/console", serveConsole)
	add(http.MethodGet, "/v0/projects", serveProjects)
	add(http.MethodGet, "/v0/projects/{project}", serveProject)
	add(http.MethodGet, "/v0/projects/{project}/allowed/{permission}", serveAllowed)
	add(http.MethodGet, "/v0/projects/{project}/reports", serveReports)
	add(http.MethodGet, "/v0/projects/{project}/reports/{report}", serveReport)
	add(http.MethodDelete, "/v0/projects/{project}/reports/{report}", serveDelete)
	add(http.MethodGet, "/v0/projects/{project}/branches", serveBranches)
	add(http.MethodGet, "/v0/projects/{project}/testbeds", serveTestbeds)
	add(http.MethodGet, "/v0/projects/{project}/benchmarks", serveBenchmarks)
	add(http.MethodGet, "/v0/projects/{project}/measures", serveMeasures)
	add(http.MethodGet, "/v0/projects/{project}/thresholds", serveThresholds)
	add(http.MethodGet, "/v0/projects/{project}/thresholds/{threshold}", serveThreshold)
	add(http.MethodGet, "/v0/projects/{project}/alerts", serveAlerts)
	add(http.MethodGet, "/v0/projects/{project}/alerts/{alert}", serveAlert)
	add(http.MethodGet, "/v0/projects/{project}/plots", serveNothing)
	add(http.MethodGet, "/v0/projects/{project}/perf", servePerf)
	return routes
}

// match finds the endpoint of a request and fills in the placeholders.
func (c *call) match() (func(*call) (answer, error), error) {
	segments := strings.Split(c.request.URL.Path, "/")
	allow := []string{}
	for _, r := range c.server.routes {
		vars, ok := r.match(segments)
		if !ok {
			continue
		}
		if r.method == c.request.Method {
			c.vars = vars
			return r.serve, nil
		}
		allow = append(allow, r.method)
	}
	switch {
	case len(allow) == 0:
		return nil, refuse(http.StatusNotFound, "Not Found")
	case c.request.Method == http.MethodOptions:
		return func(*call) (answer, error) { return one(nil), nil }, nil
	}
	e := refuse(http.StatusMethodNotAllowed, "Method Not Allowed")
	e.header = map[string]string{"Allow": strings.Join(allow, ", ")}
	return nil, e
}

func (r route) match(segments []string) (vars map[string]string, ok bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	vars = map[string]string{}
	for i, want := range r.segments {
		name, placeholder := strings.CutPrefix(want, "{")
		switch {
		case placeholder:
			vars[strings.TrimSuffix(name, "}")] = segments[i]
		case segments[i] != want:
			return nil, false
		}
	}
	return vars, true
}

func serveVersion(c *call) (answer, error) {
	said := version
	if c.server.faults.noKeys {
		said = versionNoKeys
	}
	return one(map[string]string{"version": said}), nil
}

func serveConsole(c *call) (answer, error) {
	return one(map[string]string{"url": c.server.options.Console}), nil
}
