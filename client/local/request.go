package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"burrow/client"
	"burrow/client/harness"

	"github.com/google/uuid"
)

// runRequest is the body of POST /v0/run (JsonNewRun), as it comes. Unknown
// fields are passed over and null is absent.
type runRequest struct {
	Project        *string            `json:"project"`
	IdempotencyKey *string            `json:"idempotency_key"`
	Branch         *string            `json:"branch"`
	Hash           *string            `json:"hash"`
	StartPoint     *startPoint        `json:"start_point"`
	Testbed        *string            `json:"testbed"`
	Thresholds     *thresholdsRequest `json:"thresholds"`
	StartTime      *string            `json:"start_time"`
	EndTime        *string            `json:"end_time"`
	Results        []*string          `json:"results"`
	Settings       *client.Settings   `json:"settings"`
	Context        map[string]string  `json:"context"`
}

type startPoint struct {
	Branch          *string `json:"branch"`
	Hash            *string `json:"hash"`
	MaxVersions     *uint32 `json:"max_versions"`
	CloneThresholds bool    `json:"clone_thresholds"`
	Reset           bool    `json:"reset"`
}

// run is a run request, checked, with its defaults filled in.
type run struct {
	project    string // "": from the context
	context    map[string]string
	key        uuid.UUID
	keyed      bool
	branch     string
	hash       *string
	startPoint *startPoint
	testbed    string
	thresholds thresholdsRequest
	start, end time.Time
	results    []string
	settings   client.Settings
	adapter    harness.Adapter
}

var gitHash = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)

// parseRun reads and checks a request body. What is wrong is a 400 that names
// the field.
func parseRun(contentType string, body []byte) (*run, error) {
	if kind, _, err := mime.ParseMediaType(contentType); contentType != "" && (err != nil || kind != "application/json") {
		return nil, badRequest("unsupported content-type: " + contentType)
	}
	var request runRequest
	if !utf8.Valid(body) {
		return nil, unparsable("invalid unicode code point")
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, unparsable(jsonTrouble(body, err))
	}
	r := &run{context: request.Context, startPoint: request.StartPoint}
	for _, check := range []func(*runRequest) string{r.takeNames, r.takeHash, r.takeTimes, r.takeResults} {
		if wrong := check(&request); wrong != "" {
			return nil, unparsable(wrong)
		}
	}
	if request.Thresholds != nil {
		r.thresholds = *request.Thresholds
		if wrong := r.thresholds.unknownTest(); wrong != "" {
			return nil, unparsable(wrong)
		}
	}
	return r, nil
}

func unparsable(wrong string) *apiError { return badRequest("unable to parse JSON body: " + wrong) }

func (r *run) takeNames(request *runRequest) string {
	if p := request.Project; p != nil {
		if !isUUID(*p) && !isSlug(*p) {
			return fmt.Sprintf("project: invalid value: string %q, expected a valid UUID or slug.", *p)
		}
		r.project = *p
	}
	if k := request.IdempotencyKey; k != nil {
		key, err := uuid.Parse(*k)
		if err != nil {
			return "idempotency_key: UUID parsing failed: " + err.Error()
		}
		r.key, r.keyed = key, true
	}
	r.branch = "main"
	if b := r.context[client.ContextBranchName]; isBranchName(b) {
		r.branch = b
	}
	if b := request.Branch; b != nil {
		if r.branch = *b; !isBranchName(*b) {
			return "branch: " + noName(*b)
		}
	}
	if p := r.startPoint; p != nil && p.Branch != nil && !isBranchName(*p.Branch) {
		return "start_point.branch: " + noName(*p.Branch)
	}
	r.testbed = "localhost"
	if t := r.context[client.ContextTestbedOS]; isName(t) {
		r.testbed = t
	}
	if t := request.Testbed; t != nil {
		if r.testbed = *t; !isName(*t) {
			return "testbed: " + noName(*t)
		}
	}
	return ""
}

func (r *run) takeHash(request *runRequest) string {
	if h := r.context[client.ContextBranchHash]; gitHash.MatchString(h) {
		r.hash = &h
	}
	if request.Hash != nil {
		if r.hash = request.Hash; !gitHash.MatchString(*r.hash) {
			return "hash: Failed to validate git hash: " + *r.hash
		}
	}
	if p := r.startPoint; p != nil && p.Hash != nil && !gitHash.MatchString(*p.Hash) {
		return "start_point.hash: Failed to validate git hash: " + *p.Hash
	}
	return ""
}

func (r *run) takeTimes(request *runRequest) string {
	for _, field := range []struct {
		name string
		text *string
		into *time.Time
	}{{"start_time", request.StartTime, &r.start}, {"end_time", request.EndTime, &r.end}} {
		if field.text == nil {
			return fmt.Sprintf("missing field `%s`", field.name)
		}
		at, err := time.Parse(time.RFC3339, *field.text)
		if err != nil {
			return field.name + ": input contains invalid characters"
		}
		*field.into = time.Unix(at.Unix(), 0).UTC() // stored in whole seconds
	}
	return ""
}

func (r *run) takeResults(request *runRequest) string {
	if request.Results == nil {
		return "missing field `results`"
	}
	for i, text := range request.Results {
		if text == nil {
			return fmt.Sprintf("results[%d]: invalid type: null, expected a string", i)
		}
		r.results = append(r.results, *text)
	}
	r.adapter = harness.Magic
	if request.Settings == nil {
		return ""
	}
	r.settings = *request.Settings
	known := harness.Adapters()
	for _, field := range []struct {
		name, value string
		variants    []string
	}{{"adapter", r.settings.Adapter, known}, {"average", r.settings.Average, []string{"mean", "median"}}, {"fold", r.settings.Fold, []string{"min", "max", "mean", "median"}}} {
		if field.value != "" && !slices.Contains(field.variants, field.value) {
			return fmt.Sprintf("settings.%s: unknown variant `%s`, expected one of `%s`", field.name, field.value, strings.Join(field.variants, "`, `"))
		}
	}
	if r.settings.Adapter != "" {
		r.adapter = harness.Adapter(r.settings.Adapter)
	}
	return ""
}

func isUUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil
}

func isSlug(text string) bool { return text != "" && client.Slug(text) == text }

func isName(text string) bool {
	return len(text) >= 1 && len(text) <= 64 && strings.TrimSpace(text) == text
}

func noName(text string) string {
	return fmt.Sprintf("invalid value: string %q, expected a valid UUID, slug, or name.", text)
}

// isBranchName tells a valid git reference that may be partial ("main",
// "feature/x"), as git-check-ref-format(1) defines it, of at most 256 bytes.
func isBranchName(name string) bool {
	if name == "" || len(name) > 256 || name == "@" || strings.HasSuffix(name, ".") ||
		strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.ContainsAny(name, " ~^:?*[\\\x7f") {
		return false
	}
	for _, r := range name {
		if r < ' ' {
			return false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}

// jsonTrouble says what is wrong with a body and where.
func jsonTrouble(body []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	text, offset := err.Error(), int64(len(body))
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		expected := map[string]string{"slice": "a sequence", "map": "a map", "struct": "a map", "string": "a string", "ptr": "a string"}[kind.Type.Kind().String()]
		if expected == "" {
			expected = kind.Type.String()
		}
		text, offset = fmt.Sprintf("%s: invalid type: %s, expected %s", kind.Field, kind.Value, expected), kind.Offset
	}
	before := string(body[:min(int(offset), len(body))])
	line := strings.Count(before, "\n") + 1
	return fmt.Sprintf("%s at line %d column %d", text, line, len(before)-strings.LastIndexByte(before, '\n')-1)
}
