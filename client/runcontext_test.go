package client

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes a git repository of one commit on main.
func repository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git to make a repository with")
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	gitDo(t, dir, "init", "-q", "-b", "main")
	gitDo(t, dir, "commit", "-q", "--allow-empty", "-m", "one")
	return dir
}

func gitDo(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(context.Background(), dir, args...)
	if err != nil {
		t.Fatalf("git %q: %v", args, err)
	}
	return out
}

func TestTheContextIsTheRepositorys(t *testing.T) {
	dir := repository(t)
	root := gitDo(t, dir, "rev-parse", "HEAD")
	gitDo(t, dir, "commit", "-q", "--allow-empty", "-m", "two")
	head := gitDo(t, dir, "rev-parse", "HEAD")
	below := filepath.Join(dir, "below")
	if err := os.Mkdir(below, 0o700); err != nil {
		t.Fatal(err)
	}
	found, err := RunContext(context.Background(), below)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		ContextRepoName: filepath.Base(dir), ContextRepoHash: root, ContextBranchHash: head,
		ContextBranchRef: "refs/heads/main", ContextBranchName: "main",
	} {
		if found[key] != want {
			t.Errorf("%s: %q, want %q", key, found[key], want)
		}
	}
	gitDo(t, dir, "checkout", "-q", "--detach")
	if found, err = RunContext(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	if _, named := found[ContextBranchName]; named || found[ContextBranchHash] != head {
		t.Errorf("detached: %v", found)
	}
}

// TestARepositoryThatCantBeReadIsToldOf: git refuses one of another owner, as
// in many containers; a run without its commit must not go unnoticed.
func TestARepositoryThatCantBeReadIsToldOf(t *testing.T) {
	dir := repository(t)
	t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
	found, err := RunContext(context.Background(), dir)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "ownership") {
		t.Errorf("no word of it: %v", err)
	}
	if found[ContextBranchHash] != "" {
		t.Errorf("read all the same: %v", found)
	}
}

func TestNoRepositoryIsNoTrouble(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	if found, err := RunContext(context.Background(), dir); err != nil || found[ContextRepoName] != "" {
		t.Errorf("%v, %v", found, err)
	}
}

func TestTheBranchThatCISays(t *testing.T) {
	for name, c := range map[string]struct {
		env              map[string]string
		branch, variable string
	}{
		"no CI":                   {env: map[string]string{"GITHUB_REF_NAME": "b"}},
		"GitHub, a push":          {env: map[string]string{"CI": "true", "GITHUB_HEAD_REF": "", "GITHUB_REF_NAME": "b"}, branch: "b", variable: "GITHUB_REF_NAME"},
		"GitHub, a pull request":  {env: map[string]string{"CI": "true", "GITHUB_HEAD_REF": "topic", "GITHUB_REF_NAME": "12/merge"}, branch: "topic", variable: "GITHUB_HEAD_REF"},
		"GitHub, a tag":           {env: map[string]string{"CI": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1"}},
		"GitLab, a branch":        {env: map[string]string{"CI": "true", "CI_COMMIT_BRANCH": "b", "CI_COMMIT_REF_NAME": "b"}, branch: "b", variable: "CI_COMMIT_BRANCH"},
		"GitLab, a merge request": {env: map[string]string{"CI": "true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic", "CI_COMMIT_REF_NAME": "refs/merge-requests/1/head"}, branch: "topic", variable: "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"},
		"GitLab, an old one":      {env: map[string]string{"CI": "true", "CI_COMMIT_REF_NAME": "b"}, branch: "b", variable: "CI_COMMIT_REF_NAME"},
		"GitLab, a tag":           {env: map[string]string{"CI": "true", "CI_COMMIT_REF_NAME": "v1", "CI_COMMIT_TAG": "v1"}},
		"Buildkite":               {env: map[string]string{"CI": "true", "BUILDKITE_BRANCH": "b"}, branch: "b", variable: "BUILDKITE_BRANCH"},
		"Buildkite, a tag":        {env: map[string]string{"CI": "true", "BUILDKITE_BRANCH": "v1", "BUILDKITE_TAG": "v1"}},
		"CircleCI":                {env: map[string]string{"CI": "true", "CIRCLE_BRANCH": "b"}, branch: "b", variable: "CIRCLE_BRANCH"},
		"Bitbucket":               {env: map[string]string{"CI": "true", "BITBUCKET_BRANCH": "b"}, branch: "b", variable: "BITBUCKET_BRANCH"},
		"Travis, a tag":           {env: map[string]string{"CI": "true", "TRAVIS_BRANCH": "v1", "TRAVIS_TAG": "v1"}},
		"Azure":                   {env: map[string]string{"TF_BUILD": "True", "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/a/b"}, branch: "a/b", variable: "SYSTEM_PULLREQUEST_SOURCEBRANCH"},
		"no branch's name":        {env: map[string]string{"CI": "true", "CIRCLE_BRANCH": "a b"}},
	} {
		branch, variable := CIBranch(func(name string) string { return c.env[name] })
		if branch != c.branch || variable != c.variable {
			t.Errorf("%s: %q from %q, want %q from %q", name, branch, variable, c.branch, c.variable)
		}
	}
}
