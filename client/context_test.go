package client

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// TestFingerprint has the vectors of Bencher's own test (bencher-api.md,
// section 4.6), and the machine of the recordings.
func TestFingerprint(t *testing.T) {
	for id, want := range map[string]string{
		"00000000000000000000000000000000": "p78ezm4408me2",
		"ffffffffffffffffffffffffffffffff": "sojl95mcwtr81",
		"12345678123456781234567812345678": "cws1tbnfkj8h3",
		"3d1219c7c4c5404aaa1f6d2a48adfda4": "zdg0np6sf7981",
	} {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := fingerprint([16]byte(raw)); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestTheFingerprintOfAMac(t *testing.T) {
	const listing = "  | {\n  |   \"IOPlatformSerialNumber\" = \"C02\"\n  |   \"IOPlatformUUID\" = \"12345678-1234-5678-1234-567812345678\"\n  |   \"model\" = <\"Mac\">\n"
	if got := platformFingerprint(listing); got != "cws1tbnfkj8h3" {
		t.Error(got)
	}
	for _, bad := range []string{"", `"IOPlatformUUID" = "1234`, `"IOPlatformUUID" = "none"`} {
		if got := platformFingerprint(bad); got != "" {
			t.Errorf("%q: %q", bad, got)
		}
	}
}

func TestProjectSlugIsTheServers(t *testing.T) {
	got := ProjectSlug(map[string]string{
		ContextRepoName: "my-repo", ContextRepoHash: strings.Repeat("d", 40), ContextFingerprint: "cws1tbnfkj8h3",
	})
	if got != "my-repo-ddddddd-cws1tbnfkj8h3" { // as recorded
		t.Error(got)
	}
	for name, want := range map[string]string{"Ünïcode  Name!": "unicode-name", "--a--": "a", "": "", strings.Repeat("x-", 40): strings.Repeat("x-", 31) + "x"} {
		if got := Slug(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestACredentialNeverPrintsItsSecret(t *testing.T) {
	c := NewCredential(" bencher_user_secret\n")
	encoded, err := json.Marshal(map[string]any{"c": c, "all": []Credential{c}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credential", c)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c), string(encoded), log.String(), fmt.Sprint(struct{ C Credential }{c}),
		fmt.Sprintf("%v %+v %#v", struct{ c Credential }{c}, struct{ c []Credential }{[]Credential{c}}, NewCredentials("https://a", c))} {
		if strings.Contains(text, "bencher_user") {
			t.Errorf("told: %s", text)
		}
	}
}

func TestCredentialsForARun(t *testing.T) {
	mine, other := NewCredential("mine"), NewCredential("other")
	c := NewCredentials("https://a", mine)
	for _, row := range []struct {
		name, host, fingerprint, refused string
		want                             Credential
		ok                               bool
	}{
		{"the one it was enqueued with", "https://a", mine.Fingerprint(), "", mine, true},
		{"its fingerprint, whatever its host", "https://b", mine.Fingerprint(), "", mine, true},
		{"another of its host: keys rotate", "https://a", other.Fingerprint(), "", mine, true},
		{"not another host's", "https://b", other.Fingerprint(), "", Credential{}, false},
		{"not the refused one", "https://a", mine.Fingerprint(), mine.Fingerprint(), Credential{}, false},
		{"an anonymous run stays anonymous", "https://a", "", "", Credential{}, true},
	} {
		if got, ok := c.For(row.host, row.fingerprint, row.refused); got != row.want || ok != row.ok {
			t.Errorf("%s: %v %v", row.name, got, ok)
		}
	}
}

func TestKeysOfTextAndContent(t *testing.T) {
	given := uuid.MustParse("7f1d3c52-0b7e-4a55-9c2e-5a1b6f2d9e01")
	if TextKey("7F1D3C520B7E4A559C2E5A1B6F2D9E01") != given {
		t.Error("a UUID does not stand as it is")
	}
	if TextKey("a") == TextKey("b") || TextKey("a").Version() != 5 {
		t.Error("texts are not told apart")
	}
	run := NewRun{Project: "p", Results: []string{"x"}}
	later := run
	later.StartTime = later.StartTime.AddDate(0, 0, 1)
	changed := run
	changed.Results = []string{"y"}
	if ContentKey("h", run) != ContentKey("h", later) || ContentKey("h", run) == ContentKey("h", changed) || ContentKey("h", run) == ContentKey("i", run) {
		t.Error("content is not told apart")
	}
}

func TestHosts(t *testing.T) {
	for text, want := range map[string]string{
		"https://Bench.example/": "https://bench.example", "http://127.0.0.1:6610": "http://127.0.0.1:6610", "https://x/api/": "https://x/api",
	} {
		if got, err := ParseHost(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "bench.example", "ftp://x", "https://", "https://u:p@x", "https://x?y", "not a host"} {
		if got, err := ParseHost(text); err == nil {
			t.Errorf("%q was taken as %s", text, got)
		}
	}
}

func TestPlainIsHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"tab\there \x1b[31mred\x1b[0m": "tab here red",
		"a\x1b]0;title\x07b":           "ab",
		"line\r\nline\u202eevil":       "line lineevil",
		"日本語 🐰":                        "日本語 🐰",
		"\x9b31mc1":                    "31mc1",
	} {
		if got := Plain(text, 0); strings.ContainsAny(got, "\x1b\x07\r\n\t\u202e\u009b") || text == "日本語 🐰" && got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := Plain("long enough", 5); got != "long…" {
		t.Error(got)
	}
}
