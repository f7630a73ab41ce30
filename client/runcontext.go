package client

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/big"
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
// outside a repository, without git, on an unknown system.
func RunContext(ctx context.Context, dir string) map[string]string {
	found := map[string]string{}
	put := func(key, value string) {
		if value != "" {
			found[key] = value
		}
	}
	git := func(args ...string) string {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	if top := git("rev-parse", "--show-toplevel"); top != "" {
		put(ContextRepoName, base(filepath.ToSlash(top)))
		roots := strings.Fields(git("rev-list", "--max-parents=0", "HEAD"))
		if len(roots) > 0 {
			put(ContextRepoHash, roots[len(roots)-1])
		}
		put(ContextBranchRef, git("symbolic-ref", "--quiet", "HEAD"))
		put(ContextBranchName, git("symbolic-ref", "--quiet", "--short", "HEAD"))
		put(ContextBranchHash, git("rev-parse", "--verify", "--quiet", "HEAD"))
	}
	put(ContextTestbedOS, map[string]string{"linux": "Linux", "darwin": "macOS", "windows": "Windows"}[runtime.GOOS])
	put(ContextFingerprint, machineFingerprint())
	return found
}

// ciBranches are the variables that CI systems name the branch in, by which a
// detached checkout can tell its own. A pull request's branch stands first.
var ciBranches = []string{
	"GITHUB_HEAD_REF", "GITHUB_REF_NAME", // GitHub Actions, Gitea, Forgejo
	"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH", // GitLab
	"BUILDKITE_BRANCH", "CIRCLE_BRANCH", "BITBUCKET_BRANCH", "TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH",
	"DRONE_SOURCE_BRANCH", "CI_COMMIT_SOURCE_BRANCH", "APPVEYOR_PULL_REQUEST_HEAD_REPO_BRANCH", "APPVEYOR_REPO_BRANCH",
	"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCHNAME", // Azure Pipelines
	"CHANGE_BRANCH", "BRANCH_NAME", // Jenkins
}

// CIBranch is the branch that a CI system says it builds, and the variable
// that says so; "" outside CI and for a tag. Pull requests from a fork are told
// apart by no variable: the branch's name is all there is.
func CIBranch(env func(string) string) (branch, variable string) {
	if env("CI") == "" && env("TF_BUILD") == "" && env("JENKINS_URL") == "" || env("GITHUB_REF_TYPE") == "tag" {
		return "", ""
	}
	for _, variable := range ciBranches {
		branch := strings.TrimPrefix(env(variable), "refs/heads/")
		if branch != "" && CheckBranch(branch) == nil && !strings.HasPrefix(branch, "refs/") {
			return branch, variable
		}
	}
	return "", ""
}

// machineFingerprint is Bencher's fingerprint of this machine's ID, or "".
func machineFingerprint() string {
	for _, file := range []string{"/var/lib/dbus/machine-id", "/etc/machine-id"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		id, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || len(id) != 16 {
			continue
		}
		return fingerprint([16]byte(id))
	}
	return ""
}

// fingerprint mixes an ID's two halves and writes the sum in base 36, least
// significant digit first, 13 characters (bencher-api.md, section 4.6).
func fingerprint(id [16]byte) string {
	const digits = 13
	left, right := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	mixed := left ^ (right + 0x9e3779b97f4a7c15 + (left << 12) + (left >> 4))
	text := []byte(new(big.Int).SetUint64(mixed).Text(36))
	for i, j := 0, len(text)-1; i < j; i, j = i+1, j-1 {
		text[i], text[j] = text[j], text[i]
	}
	return string(text) + strings.Repeat("0", max(0, digits-len(text)))
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
