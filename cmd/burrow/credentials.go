package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"burrow/client"
	"burrow/outbox"

	"github.com/adrg/xdg"
)

// givenCredentials are those of flags, then of variables. An error does not
// tell them.
func (a *app) givenCredentials(key, token string) (c connection, err error) {
	for _, source := range []struct{ name, text string }{
		{"--key", key}, {"--token", token},
		{"BENCHER_API_KEY", a.env("BENCHER_API_KEY")}, {"BENCHER_API_TOKEN", a.env("BENCHER_API_TOKEN")},
	} {
		given, err := client.ParseCredential(source.text)
		switch {
		case err != nil:
			return c, usage("%s: %w", source.name, err)
		case given.None():
			continue
		case c.credential.None():
			c.credential, c.from = given, source.name
		}
		c.given = append(c.given, given)
	}
	return c, nil
}

// credentialStore is where burrow auth keeps credentials.
func (a *app) credentialStore() *client.CredentialStore {
	path := filepath.Join(xdg.ConfigHome, "burrow", "credentials.json")
	return client.NewCredentialStore(path, client.KeyringWait(a.env))
}

func (a *app) loadCredentials(ctx context.Context) *client.StoredCredentials {
	stored := a.credentialStore().Load(ctx)
	a.done = append(a.done, stored.Close)
	return stored
}

// storedFor tells whether a credential is stored for a host, at hand or not.
func (a *app) storedFor(host string) bool {
	c, err := a.stored().Credential(host)
	return err != nil || !c.None()
}

// withStored adds the stored credential of the connection's host where none
// was given. One that can't be had is an error: a run would else go out
// anonymously.
func (a *app) withStored(c connection) (connection, error) {
	if !c.credential.None() || c.host == client.Local {
		return c, nil
	}
	stored, err := a.stored().Credential(c.host)
	if err != nil {
		return c, err
	}
	if !stored.None() {
		c.credential, c.from = stored, "burrow auth"
	}
	return c, nil
}

// warnPlain says once a process that a host is talked to in the clear, where
// others may listen.
func (a *app) warnPlain(host string) {
	if !inTheClear(host) {
		return
	}
	a.plain.Do(func() {
		a.warn("%s is plain http: whoever is on the way can read the results and the credential (https:// keeps them)", client.Plain(host, 0))
	})
}

func (a *app) warnPlainRuns(runs []*outbox.Run) {
	for _, r := range runs {
		a.warnPlain(r.Host)
	}
}

// inTheClear tells whether a host is reached over plain HTTP and is not this
// machine.
func inTheClear(host string) bool {
	u, err := url.Parse(host)
	if err != nil || u.Scheme != "http" {
		return false
	}
	name := u.Hostname()
	if ip := net.ParseIP(name); ip != nil {
		return !ip.IsLoopback()
	}
	return name != "localhost" && !strings.HasSuffix(name, ".localhost")
}

// authHost is the host whose credential a command is about: the one that is
// named or configured, else Bencher Cloud.
func (a *app) authHost() (string, error) {
	host := firstOf(a.flags.host, a.env("BENCHER_HOST"), a.conf.Host, client.Cloud)
	if host == client.Local {
		return "", usage("the built-in server takes no credential: name another host with --host")
	}
	parsed, err := client.ParseHost(host)
	if err != nil {
		return "", usage("%w", err)
	}
	return parsed, nil
}

// placeOf says where a credential lies, for a person.
func placeOf(place client.Place, path string) string {
	if place == client.InKeyring {
		return "the system's keyring"
	}
	return fmt.Sprintf("the file %s (0600)", path)
}
