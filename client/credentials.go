package client

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strings"
)

// Credential is a secret that a server knows its bearer by: a user key, a
// project key or a token. The zero value is none: anonymous. It never prints
// its secret.
type Credential struct{ secret string }

// NewCredential wraps a secret; white space around it goes.
func NewCredential(secret string) Credential { return Credential{strings.TrimSpace(secret)} }

// None tells whether there is no credential.
func (c Credential) None() bool { return c.secret == "" }

// Fingerprint names a credential without telling it: 8 hex digits of its
// SHA-256, "" for none.
func (c Credential) Fingerprint() string {
	if c.None() {
		return ""
	}
	sum := sha256.Sum256([]byte(c.secret))
	return hex.EncodeToString(sum[:4])
}

// String names the credential by its fingerprint.
func (c Credential) String() string {
	if c.None() {
		return "no credential"
	}
	return "credential " + c.Fingerprint()
}

// GoString keeps %#v from printing the secret.
func (c Credential) GoString() string { return c.String() }

// LogValue keeps logs from holding the secret.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText keeps encoders from writing the secret.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Credentials are those at hand, by host.
type Credentials struct {
	byHost map[string]Credential
}

// NewCredentials holds one credential for one host, as flags and variables
// give it. A credential of none is no entry.
func NewCredentials(host string, c Credential) Credentials {
	if c.None() {
		return Credentials{}
	}
	return Credentials{byHost: map[string]Credential{host: c}}
}

// For chooses the credential that delivers a run to a host. A run that was
// enqueued with one may go with that or with another of the same host, since
// keys rotate, but not with the one that was refused; a run that was enqueued
// with none goes with none. False means that none is at hand: never anonymous
// instead, for that would make a public project.
func (c Credentials) For(host, fingerprint, refused string) (Credential, bool) {
	if fingerprint == "" {
		return Credential{}, refused == ""
	}
	for _, candidate := range c.byHost {
		if candidate.Fingerprint() == fingerprint && fingerprint != refused {
			return candidate, true
		}
	}
	candidate, ok := c.byHost[host]
	if !ok || candidate.Fingerprint() == refused {
		return Credential{}, false
	}
	return candidate, true
}
