package client

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"burrow/client/harness"

	"github.com/google/uuid"
)

// Longest names that a server takes, in bytes (bencher-api.md, section 1.1).
const (
	maxName       = 64
	maxBranchName = 256
)

// CheckLimits says which of a run's fields a server would refuse, with a
// remedy.
func (r NewRun) CheckLimits() error {
	if r.Project != "" && !isUUID(r.Project) && !isSlug(r.Project) {
		hint := ""
		if slug := Slug(r.Project); slug != "" {
			hint = fmt.Sprintf(": did you mean %s?", slug)
		}
		return fmt.Errorf("project %q is no slug (lower-case letters, digits, single hyphens) and no UUID%s", r.Project, hint)
	}
	if err := CheckBranch(r.Branch); err != nil {
		return err
	}
	if r.StartPoint != nil {
		if err := CheckBranch(r.StartPoint.Branch); err != nil {
			return fmt.Errorf("start point: %w", err)
		}
	}
	if len(r.Testbed) > maxName || strings.TrimSpace(r.Testbed) != r.Testbed {
		return fmt.Errorf("testbed %q: a name has at most %d bytes, and no white space around it", r.Testbed, maxName)
	}
	if r.Hash != "" && !IsHash(r.Hash) {
		return fmt.Errorf("hash %q: a git hash has 40 hexadecimal digits", r.Hash)
	}
	if r.Thresholds == nil {
		return nil
	}
	for measure, model := range r.Thresholds.Models {
		if strings.TrimSpace(measure) != measure || measure == "" || len(measure) > maxName {
			return fmt.Errorf("threshold's measure %q: a name has 1 to %d bytes, and no white space around it", measure, maxName)
		}
		if err := model.Check(); err != nil {
			return fmt.Errorf("threshold of %s: %w", measure, err)
		}
	}
	return nil
}

// CheckBranch says why a server would refuse a branch's name, or nil. "" is
// none.
func CheckBranch(name string) error {
	if name == "" {
		return nil
	}
	why := ""
	switch {
	case len(name) > maxBranchName:
		why = fmt.Sprintf("it has %d bytes, at most %d are taken", len(name), maxBranchName)
	case !utf8.ValidString(name):
		why = "it is not UTF-8"
	case strings.ContainsAny(name, " ~^:?*[\\\x7f") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }):
		why = "it holds a character that git allows in no branch"
	case strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.Contains(name, "//"):
		why = "git allows no .., @{ or // in it"
	case strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "."):
		why = "git allows no such beginning or end"
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			why = "git allows no part that begins with a dot or ends in .lock"
		}
	}
	if why != "" {
		return fmt.Errorf("branch %q: %s", name, why)
	}
	return nil
}

// IsHash tells a git commit's hash: 40 hexadecimal digits.
func IsHash(text string) bool {
	return len(text) == 40 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

func isUUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil
}

// checkNames refuses what makes a server fail after it stored the report's
// row: a name that is too long, two names in one document that become one
// benchmark or one measure (bencher-api.md, section 8.6).
func checkNames(results harness.Results) error {
	names, slugs := make(map[string]string, len(results)), false
	for _, b := range results {
		name, _ := harness.TrimIgnore(b.Name)
		if name == "" || len(name) > harness.MaxBenchmarkName {
			return fmt.Errorf("benchmark name of %d bytes (%s): servers take 1 to %d", len(name), Plain(name, 40), harness.MaxBenchmarkName)
		}
		if other, found := names[name]; found {
			return sameThing("benchmark", other, b.Name)
		}
		names[name], slugs = b.Name, slugs || isSlug(name)
		if err := checkMeasures(b); err != nil {
			return err
		}
	}
	if !slugs { // nothing can be looked up as one
		return nil
	}
	for name, sent := range names {
		if other, found := names[Slug(name)]; found && other != sent { // a key that is a slug is looked up as one
			return sameThing("benchmark", sent, other)
		}
	}
	return nil
}

func checkMeasures(b harness.Benchmark) error {
	if len(b.Measures) < 2 {
		return nil
	}
	measures := make(map[string]string, len(b.Measures))
	for _, m := range b.Measures {
		key := measureKey(m.Name)
		if other, found := measures[key]; found {
			return fmt.Errorf("benchmark %q: %w", b.Name, sameThing("measure", other, m.Name))
		}
		measures[key] = m.Name
	}
	return nil
}

// SameMeasure tells whether a server takes two names or slugs for one measure.
func SameMeasure(a, b string) bool { return measureKey(a) == measureKey(b) }

func measureKey(name string) string { return first(Slug(name), name) }

func sameThing(kind, a, b string) error {
	return fmt.Errorf("%q and %q are one %s to the server, which fails on such a document: rename one", min(a, b), max(a, b), kind)
}
