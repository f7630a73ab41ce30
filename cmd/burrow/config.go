package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"burrow/client"
	"burrow/client/harness"
	"burrow/outbox"

	"github.com/adrg/xdg"
	"github.com/dustin/go-humanize"
	"github.com/pelletier/go-toml/v2"
)

// config is the configuration file. Flags stand before variables, variables
// before the file.
type config struct {
	Host    string `toml:"host" json:"host,omitempty"`
	Project string `toml:"project" json:"project,omitempty"`
	Branch  string `toml:"branch" json:"branch,omitempty"`
	Testbed string `toml:"testbed" json:"testbed,omitempty"`
	Adapter string `toml:"adapter" json:"adapter,omitempty"`
	Outbox  string `toml:"outbox" json:"outbox,omitempty"`
	Mend    string `toml:"mend" json:"mend,omitempty"`
	Settle  string `toml:"settle" json:"settle,omitempty"`
	// How long acknowledged runs are kept, and how large the outbox may be before
	// a benchmark is refused.
	KeepBodies string `toml:"keep-bodies" json:"keep-bodies,omitempty"`
	KeepRuns   string `toml:"keep-runs" json:"keep-runs,omitempty"`
	MaxSize    string `toml:"max-size" json:"max-size,omitempty"`
	LogFile    string `toml:"log-file" json:"log-file,omitempty"`
	LogLevel   string `toml:"log-level" json:"log-level,omitempty"`

	UI uiConfig `toml:"ui" json:"ui,omitzero"`

	path string // "" where there is none
	// uiTrouble is what is wrong with the table [ui]: only the UI minds.
	uiTrouble error
	mend      outbox.MendPolicy
	settle    time.Duration

	keepBodies, keepRuns time.Duration // see outbox.Retention
	maxSize              int64         // bytes; 0: the default
}

// loadConfig reads the file at path, which must exist, or with "" the one in
// the XDG folder, which may be missing.
func loadConfig(path string) (config, error) {
	named := path != ""
	if !named {
		path = filepath.Join(xdg.ConfigHome, "burrow", "config.toml")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !named {
		return config{}, nil
	}
	if err != nil {
		return config{}, fmt.Errorf("configuration: %w", err)
	}
	var outer struct { // all but the table [ui]
		config
		UI any `toml:"ui"`
	}
	strict := func(into any) error {
		return toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into)
	}
	if err := strict(&outer); err != nil {
		return config{path: path}, fmt.Errorf("configuration %s: %w", path, explainTOML(err))
	}
	c, whole := outer.config, config{}
	if err := strict(&whole); err != nil {
		c.uiTrouble = fmt.Errorf("configuration %s: %w", path, explainTOML(err))
	}
	c.path, c.UI = path, whole.UI
	return c, c.check()
}

// place is a path of the configuration: ~ is the home folder, and a relative
// one begins at the file's own folder, not wherever burrow runs.
func (c *config) place(path string) string {
	if rest, found := strings.CutPrefix(path, "~"); found && (rest == "" || os.IsPathSeparator(rest[0])) {
		return filepath.Join(xdg.Home, rest)
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	folder, err := filepath.Abs(filepath.Dir(c.path))
	if err != nil {
		return path
	}
	return filepath.Join(folder, path)
}

func (c *config) check() (err error) {
	at := func(key string, err error) error { return fmt.Errorf("configuration %s: %s: %w", c.path, key, err) }
	c.Outbox, c.LogFile = c.place(c.Outbox), c.place(c.LogFile)
	if c.Adapter != "" {
		if _, err := harness.ParseAdapter(c.Adapter); err != nil {
			return at("adapter", err)
		}
	}
	if c.Host != "" && c.Host != client.Local {
		if c.Host, err = client.ParseHost(c.Host); err != nil {
			return at("host", err)
		}
	}
	if c.Mend != "" {
		if c.mend, err = outbox.ParseMend(c.Mend); err != nil {
			return at("mend", err)
		}
	}
	if err := c.UI.check(); err != nil && c.uiTrouble == nil {
		c.uiTrouble, c.UI = at("ui", err), uiConfig{}
	}
	if c.Settle != "" {
		if c.settle, err = time.ParseDuration(c.Settle); err != nil {
			return at("settle", fmt.Errorf("%q is no duration: use 60s or 2m", c.Settle))
		}
	}
	for key, one := range map[string]struct {
		text string
		into *time.Duration
	}{"keep-bodies": {c.KeepBodies, &c.keepBodies}, "keep-runs": {c.KeepRuns, &c.keepRuns}} {
		if one.text == "" {
			continue
		}
		if *one.into, err = parseKeep(one.text); err != nil {
			return at(key, err)
		}
	}
	if c.MaxSize != "" {
		if c.maxSize, err = parseSize(c.MaxSize); err != nil {
			return at("max-size", err)
		}
	}
	return nil
}

// parseKeep reads how long something is kept: 12h, 7d, 2w, or forever.
func parseKeep(text string) (time.Duration, error) {
	if text == "forever" {
		return -1, nil
	}
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if count, found := strings.CutSuffix(text, suffix); found {
			if n, err := strconv.ParseUint(count, 10, 16); err == nil {
				return max(time.Duration(n)*unit, 1), nil
			}
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return max(d, 1), nil // 0 would mean the default
	}
	return 0, fmt.Errorf("%q is no span: use 12h, 7d, 2w or forever", text)
}

// parseSize reads a size in bytes: 500MB, 4GiB.
func parseSize(text string) (int64, error) {
	size, err := humanize.ParseBytes(text)
	if err != nil || size == 0 || size > math.MaxInt64 {
		return 0, fmt.Errorf("%q is no size: use 500MB or 4GiB", text)
	}
	return int64(size), nil
}

// explainTOML names an unknown key with the known one that is nearest, and the
// line of a syntax error.
func explainTOML(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		unknown := strict.Errors[0]
		row, _ := unknown.Position()
		key := strings.Join(unknown.Key(), ".")
		return fmt.Errorf("line %d: unknown key %q%s", row, key, suggestion(key, configKeys()))
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		row, column := decode.Position()
		return fmt.Errorf("line %d, column %d: %w", row, column, err)
	}
	return err
}

func configKeys() []string { return append(keysOf[config](""), keysOf[uiConfig]("ui.")...) }

func keysOf[T any](table string) (keys []string) {
	for field := range reflect.TypeFor[T]().Fields() {
		if key := field.Tag.Get("toml"); key != "" {
			keys = append(keys, table+key)
		}
	}
	return keys
}

// suggestion names the known word that is nearest, if one is near.
func suggestion(word string, known []string) string {
	best, least := "", 4
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return fmt.Sprintf(" (known: %s)", strings.Join(known, ", "))
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance counts the edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// ownPath tells whether the outbox lies where burrow itself puts it.
func (a *app) ownPath() bool {
	return firstOf(a.flags.outbox, a.env("BURROW_OUTBOX"), a.conf.Outbox) == ""
}

// outboxPath is where the outbox lies.
func (a *app) outboxPath() (string, error) {
	if path := firstOf(a.flags.outbox, a.env("BURROW_OUTBOX"), a.conf.Outbox); path != "" {
		return path, nil
	}
	path, err := xdg.DataFile("burrow/outbox.db")
	if err != nil {
		return "", fmt.Errorf("no place for the outbox: %w: name one with --outbox", err)
	}
	return path, nil
}

// connection is where runs go by default and what opens the door there.
type connection struct {
	host       string
	credential client.Credential   // the one to prefer; may be none
	given      []client.Credential // by flags and variables: they belong to this host
	from       string              // where the credential is from, in words
	chosen     bool                // somebody named the host
	dialing    client.Dialing      // how this host is reached
}

// connect finds the host and the credential: flags stand before variables,
// variables before what is stored. Where nothing is configured, no host, no
// credential and, in CI, no project, it is the built-in server.
func (a *app) connect(key, token, project string) (connection, error) {
	c, err := a.givenCredentials(key, token)
	if err != nil {
		return c, err
	}
	if c.dialing, err = a.dialing(); err != nil {
		return c, err
	}
	host := firstOf(a.flags.host, a.env("BENCHER_HOST"), a.conf.Host)
	switch {
	case host == client.Local:
		c.host, c.chosen = host, true
	case host != "":
		parsed, err := client.ParseHost(host)
		if err != nil {
			return c, usage("%w", err)
		}
		c.host, c.chosen = parsed, true
	case c.credential.None() && !a.storedFor(client.Cloud) && (a.env("CI") == "" || firstOf(project, a.env("BENCHER_PROJECT"), a.conf.Project) == ""):
		c.host = client.Local
	default:
		c.host = client.Cloud // the default of bencher
	}
	a.warnPlain(c.host)
	return a.withStored(c)
}
