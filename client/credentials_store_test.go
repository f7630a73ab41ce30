package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

// storeIn is a store in a folder of its own. The keyring is one in memory.
func storeIn(t *testing.T, wait time.Duration) *CredentialStore {
	t.Helper()
	keyring.MockInit()
	return NewCredentialStore(filepath.Join(t.TempDir(), "burrow", "credentials.json"), wait)
}

func (s *CredentialStore) mustSet(t *testing.T, host, secret string) Place {
	t.Helper()
	place, _, err := s.Set(t.Context(), host, NewCredential(secret))
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func (s *CredentialStore) load(t *testing.T) *StoredCredentials {
	t.Helper()
	stored := s.Load(t.Context())
	t.Cleanup(stored.Close)
	return stored
}

// TestACredentialIsStoredByHost in the keyring and without one: set, found,
// replaced, listed without its secret, removed.
func TestACredentialIsStoredByHost(t *testing.T) {
	for _, c := range []struct {
		name  string
		wait  time.Duration
		place Place
	}{{"keyring", time.Minute, InKeyring}, {"file", 0, InFile}} {
		t.Run(c.name, func(t *testing.T) {
			s := storeIn(t, c.wait)
			for host, secret := range map[string]string{"https://a": "old", "https://b": "secret-b"} {
				if place := s.mustSet(t, host, secret); place != c.place {
					t.Errorf("stored in %s", place)
				}
			}
			s.mustSet(t, "https://a", "secret-a")
			stored := s.load(t)
			for host, want := range map[string]string{"https://a": "secret-a", "https://b": "secret-b", "https://c": ""} {
				if got, err := stored.Credential(host); err != nil || got.reveal() != want {
					t.Errorf("%s: %s, %v", host, got, err)
				}
			}
			list, err := s.List()
			if err != nil || len(list) != 2 || list[0] != (StoredCredential{"https://a", NewCredential("secret-a").Fingerprint(), c.place}) {
				t.Errorf("%v, %v", list, err)
			}
			text, err := os.ReadFile(s.Path())
			if err != nil || strings.Contains(string(text), "secret-a") != (c.place == InFile) {
				t.Errorf("the file: %v", err)
			}
			if info, err := os.Stat(s.Path()); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file has mode %v, %v", info.Mode(), err)
			}
			for i, want := range []bool{true, false} {
				if removed, err := s.Remove(t.Context(), "https://a"); err != nil || removed != want {
					t.Errorf("removed for the %d. time: %t, %v", i+1, removed, err)
				}
			}
			if got, _ := s.load(t).Credential("https://a"); !got.None() {
				t.Error("removed, and still there")
			}
			if _, err := keyring.Get(keyringService, "https://a"); !errors.Is(err, keyring.ErrNotFound) {
				t.Errorf("in the keyring: %v", err)
			}
		})
	}
}

// TestAKeyringThatFailsLeavesTheFile: refusing or silent, it costs no more
// than its bound, and the reason is told.
func TestAKeyringThatFailsLeavesTheFile(t *testing.T) {
	s := storeIn(t, time.Minute)
	keyring.MockInitWithError(errors.New("locked"))
	place, why, err := s.Set(t.Context(), "https://a", NewCredential("secret"))
	if err != nil || place != InFile || why == nil || why.Error() != "locked" {
		t.Errorf("%s, %v, %v", place, why, err)
	}
	if got, err := s.load(t).Credential("https://a"); err != nil || got.reveal() != "secret" {
		t.Errorf("%s, %v", got, err)
	}
	silent := make(chan struct{})
	defer close(silent)
	s.wait = time.Millisecond
	if _, err := s.ask(t.Context(), func() (string, error) { <-silent; return "", nil }); err == nil || !strings.Contains(err.Error(), "did not answer") {
		t.Error(err)
	}
	s.wait = time.Hour
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.ask(stopped, func() (string, error) { <-silent; return "", nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := s.ask(t.Context(), func() (string, error) { panic("interface conversion") }); err == nil {
		t.Error("a panic of the library is no error")
	}
}

// TestACredentialInAKeyringThatIsGone is an error that says what to do: never
// none, for a run would go out anonymously.
func TestACredentialInAKeyringThatIsGone(t *testing.T) {
	s := storeIn(t, time.Minute)
	s.mustSet(t, "https://a", "secret")
	s.wait = 0
	stored := s.load(t)
	if _, err := stored.Credential("https://a"); !errors.Is(err, ErrNoKeyring) || !strings.Contains(err.Error(), "--key") {
		t.Error(err)
	}
	if len(stored.Troubles()) != 1 {
		t.Error(stored.Troubles())
	}
	if c := NewCredentials("https://b", NewCredential("mine")).WithStored(stored); !c.Of("https://a").None() {
		t.Error("a credential of another host")
	}
	if _, err := s.Remove(t.Context(), "https://a"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("removed where it can't be: %v", err)
	}
}

// TestAFileThatOthersCanReadIsRefused for reading and for changes, with what
// to do.
func TestAFileThatOthersCanReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o622} {
		s := storeIn(t, 0)
		s.mustSet(t, "https://a", "secret")
		if err := os.Chmod(s.Path(), mode); err != nil {
			t.Fatal(err)
		}
		exposed := (*ExposedError)(nil)
		_, read := s.load(t).Credential("https://a")
		_, listed := s.List()
		_, _, set := s.Set(t.Context(), "https://b", NewCredential("other"))
		for _, err := range []error{read, listed, set} {
			if !errors.As(err, &exposed) || !strings.Contains(err.Error(), "chmod 600 "+s.Path()) {
				t.Errorf("mode %o: %v", mode, err)
			}
		}
	}
}

// TestADamagedFileIsNamedAndNotQuoted: an error is no place for what stood in
// it.
func TestADamagedFileIsNamedAndNotQuoted(t *testing.T) {
	s := storeIn(t, 0)
	s.mustSet(t, "https://a", "secret")
	whole, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) - 3 {
		if err := os.WriteFile(s.Path(), whole[:i], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.load(t).Credential("https://a"); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), s.Path()) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

// TestManyStoreAtOnce: no process's credential is lost.
func TestManyStoreAtOnce(t *testing.T) {
	s := storeIn(t, 0)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			own := NewCredentialStore(s.Path(), 0)
			if _, _, err := own.Set(t.Context(), fmt.Sprint("https://", n), NewCredential(fmt.Sprint("secret", n))); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if list, err := s.List(); err != nil || len(list) != 8 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestWhatIsStoredLaterIsNoticed: a sender that runs for days finds it.
func TestWhatIsStoredLaterIsNoticed(t *testing.T) {
	s := storeIn(t, 0)
	stored := s.load(t)
	stored.lookAgain = 0
	if c, err := stored.Credential("https://a"); err != nil || !c.None() {
		t.Fatal(c, err)
	}
	s.mustSet(t, "https://a", "secret")
	stored.Credential("https://a")
	stored.work.Wait()
	if c, err := stored.Credential("https://a"); err != nil || c.reveal() != "secret" {
		t.Error(c, err)
	}
}

// TestStoredCredentialsForARun: what was given stands before what is stored,
// and a stored one goes to its own host only.
func TestStoredCredentialsForARun(t *testing.T) {
	s := storeIn(t, 0)
	s.mustSet(t, "https://a", "stored-a")
	s.mustSet(t, "https://b", "stored-b")
	given, a, b := NewCredential("given"), NewCredential("stored-a"), NewCredential("stored-b")
	second := NewCredential("second")
	c := NewCredentials("https://a", given, Credential{}, second).WithStored(s.load(t))
	for _, row := range []struct {
		name, host, fingerprint, refused string
		want                             string
		ok                               bool
	}{
		{"given first", "https://a", "00000000", "", "given", true},
		{"the stored one that it was enqueued with", "https://a", a.Fingerprint(), "", "stored-a", true},
		{"the second that was given", "https://a", second.Fingerprint(), "", "second", true},
		{"the next, where one was refused", "https://a", given.Fingerprint(), given.Fingerprint(), "second", true},
		{"another host's own", "https://b", "00000000", "", "stored-b", true},
		{"a given one by its fingerprint", "https://b", given.Fingerprint(), "", "given", true},
		{"never another host's stored one", "https://c", b.Fingerprint(), "", "", false},
		{"not the refused one", "https://b", b.Fingerprint(), b.Fingerprint(), "", false},
		{"an anonymous run stays anonymous", "https://b", "", "", "", true},
	} {
		if got, ok := c.For(row.host, row.fingerprint, row.refused); got.reveal() != row.want || ok != row.ok {
			t.Errorf("%s: %v %v", row.name, got, ok)
		}
	}
	for host, want := range map[string]string{"https://a": "given", "https://b": "stored-b", "https://c": ""} {
		if got := c.Of(host); got.reveal() != want {
			t.Errorf("%s: %s", host, got)
		}
	}
}

func TestACredentialThatCantBeSentIsRefusedUntold(t *testing.T) {
	for _, text := range []string{"two words", "line\nfeed", "esc\x1b[31m", "ümlaut", strings.Repeat("x", 9000)} {
		c, err := ParseCredential(text)
		if err == nil || !c.None() || strings.Contains(err.Error(), text) {
			t.Errorf("%.20q: %v %v", text, c, err)
		}
	}
	if c, err := ParseCredential(" \n"); err != nil || !c.None() {
		t.Error(c, err)
	}
	if c, err := ParseCredential(" key\r\n"); err != nil || c.reveal() != "key" {
		t.Error(c, err)
	}
}

func TestWhereThereIsAKeyring(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the session bus is Linux's")
	}
	empty := t.TempDir()
	for _, c := range []struct {
		name string
		env  map[string]string
		want time.Duration
	}{
		{"no bus", map[string]string{"XDG_RUNTIME_DIR": empty, "DISPLAY": ":0"}, 0},
		{"a bus and a screen", map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "DISPLAY": ":0"}, keyringDialog},
		{"a bus alone", map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, keyringHeadless},
		{"switched off", map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x", "BURROW_KEYRING": "off"}, 0},
	} {
		if got := KeyringWait(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
