package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Keys of a run's context (bencher-api.md, section 4.6).
const (
	ContextRepoName    = "bencher.dev/v0/repo/name"
	ContextRepoHash    = "bencher.dev/v0/repo/hash"
	ContextBranchRef   = "bencher.dev/v0/branch/ref"
	ContextBranchName  = "bencher.dev/v0/branch/ref/name"
	ContextBranchHash  = "bencher.dev/v0/branch/hash"
	ContextTestbedOS   = "bencher.dev/v0/testbed/os"
	ContextFingerprint = "bencher.dev/v0/testbed/fingerprint"
)

// RunContext gathers what Bencher's own command sends about the repository
// that dir lies in and about the machine. What can't be had is left out:
// outside a repository, on an unknown system. The error says why a repository
// that is there could not be read: the map holds what is known of the machine
// then, and a server would file the run under no commit.
func RunContext(ctx context.Context, dir string) (map[string]string, error) {
	found := map[string]string{}
	put := func(key, value string) {
		if value != "" {
			found[key] = value
		}
	}
	put(ContextTestbedOS, map[string]string{"linux": "Linux", "darwin": "macOS", "windows": "Windows"}[runtime.GOOS])
	put(ContextFingerprint, machineFingerprint(ctx))
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return found, unreadable(dir, err)
	}
	ask := func(args ...string) string {
		answer, _ := git(ctx, dir, args...) // no commit yet, a detached head: nothing to tell
		return answer
	}
	put(ContextRepoName, base(filepath.ToSlash(top)))
	if roots := strings.Fields(ask("rev-list", "--max-parents=0", "HEAD")); len(roots) > 0 {
		put(ContextRepoHash, roots[len(roots)-1])
	}
	put(ContextBranchRef, ask("symbolic-ref", "--quiet", "HEAD"))
	put(ContextBranchName, ask("symbolic-ref", "--quiet", "--short", "HEAD"))
	put(ContextBranchHash, ask("rev-parse", "--verify", "--quiet", "HEAD"))
	return found, nil
}

// git returns what git prints, without the white space around it. Its error is
// the first line of git's own words, where it has any.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		if line, _, _ := strings.Cut(string(failed.Stderr), "\n"); line != "" {
			return "", errors.New(Plain(strings.TrimPrefix(line, "fatal: "), 200))
		}
	}
	return strings.TrimSpace(string(out)), err
}

// unreadable is the error of a repository that git can't read, in a container
// often one of another owner; nil where there is none.
func unreadable(dir string, cause error) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("looking for a git repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return fmt.Errorf("the git repository in %s can't be read: %w", dir, cause)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

// ciBranches are the variables that CI systems name the branch in, by which a
// detached checkout can tell its own. A pull request's branch stands first.
var ciBranches = []string{
	"GITHUB_HEAD_REF", "GITHUB_REF_NAME", // GitHub Actions, Gitea, Forgejo
	"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME", // GitLab
	"BUILDKITE_BRANCH", "CIRCLE_BRANCH", "BITBUCKET_BRANCH", "TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH",
	"DRONE_SOURCE_BRANCH", "CI_COMMIT_SOURCE_BRANCH", "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH", "APPVEYOR_REPO_BRANCH",
	"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH", // Azure Pipelines; its …NAME is the last part only
	"CHANGE_BRANCH", "BRANCH_NAME", // Jenkins
}

// ciTags are the variables that name a tag where one is built: what the others
// call a branch then is the tag.
var ciTags = []string{"CI_COMMIT_TAG", "BUILDKITE_TAG", "CIRCLE_TAG", "BITBUCKET_TAG", "TRAVIS_TAG", "DRONE_TAG", "APPVEYOR_REPO_TAG_NAME", "TAG_NAME"}

// CIBranch is the branch that a CI system says it builds, and the variable
// that says so; "" outside CI and for a tag. Pull requests from a fork are told
// apart by no variable: the branch's name is all there is.
func CIBranch(env func(string) string) (branch, variable string) {
	if env("CI") == "" && env("TF_BUILD") == "" && env("JENKINS_URL") == "" || env("GITHUB_REF_TYPE") == "tag" {
		return "", ""
	}
	for _, variable := range ciTags {
		if env(variable) != "" {
			return "", ""
		}
	}
	for _, variable := range ciBranches {
		branch := strings.TrimPrefix(env(variable), "refs/heads/")
		if branch != "" && CheckBranch(branch) == nil && !strings.HasPrefix(branch, "refs/") {
			return branch, variable
		}
	}
	return "", ""
}

// ProjectSlug is the project that the server makes or finds for a run that
// names none: from its repository's name and root and the machine's
// fingerprint. It is "" for a context that says nothing.
func ProjectSlug(context map[string]string) string {
	cut := func(key string, length int) string {
		runes := []rune(context[key])
		return string(runes[:min(length, len(runes))])
	}
	return Slug(strings.Join([]string{cut(ContextRepoName, 42), cut(ContextRepoHash, 7), cut(ContextFingerprint, 13)}, " "))
}

// Slug is a name in the form of a Bencher slug: lower-case ASCII letters,
// digits and single hyphens, at most 64 bytes.
func Slug(name string) string {
	if isSlug(name) {
		return name
	}
	var slug strings.Builder
	hyphen := false
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			if hyphen && slug.Len() > 0 {
				slug.WriteByte('-')
			}
			hyphen = false
			slug.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // an accent that was taken off its letter
		default:
			hyphen = true
		}
	}
	text := slug.String()
	return strings.TrimRight(text[:min(64, len(text))], "-")
}

// isSlug tells whether a name is its own slug.
func isSlug(name string) bool {
	for i := range len(name) {
		c := name[i]
		if hyphen := c == '-'; hyphen && (i == 0 || i == len(name)-1 || name[i-1] == '-') || !hyphen && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= 64
}
