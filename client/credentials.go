package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
)

// Credential is a secret that a server knows its bearer by: a user key, a
// project key or a token. The zero value is none: anonymous. It never prints
// its secret.
type Credential struct {
	// A pointer, since fmt prints the fields of a struct that holds this one
	// without asking String: an address tells nothing.
	secret *string
}

// NewCredential wraps a secret; white space around it goes.
func NewCredential(secret string) Credential {
	if secret = strings.TrimSpace(secret); secret == "" {
		return Credential{}
	}
	return Credential{&secret}
}

// ParseCredential wraps a secret that a person gave; white space around it
// goes. One that can't stand in a header is refused, and so is one over 8 KiB:
// the error does not tell it. An empty text is no credential.
func ParseCredential(text string) (Credential, error) {
	c := NewCredential(text)
	const limit = 8 << 10
	switch {
	case c.None():
		return c, nil
	case len(c.reveal()) > limit:
		return Credential{}, errors.New("the credential is over 8 KiB: that is no key and no token")
	case strings.IndexFunc(c.reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		return Credential{}, errors.New("the credential holds white space, control or non-ASCII characters: give the key or the token alone")
	}
	return c, nil
}

// None tells whether there is no credential.
func (c Credential) None() bool { return c.secret == nil }

// reveal is the secret itself: for the header that it goes into and the place
// where it is stored.
func (c Credential) reveal() string {
	if c.None() {
		return ""
	}
	return *c.secret
}

// redact takes the secret out of a refusal: Bencher quotes a key that it can't
// use (seen in the recordings), and refusals are kept and shown.
func (c Credential) redact(x *Exchange) {
	const least = 8 // bytes; shorter ones would take words apart
	if len(c.reveal()) < least {
		return
	}
	x.Body = bytes.ReplaceAll(x.Body, []byte(c.reveal()), []byte("<"+c.String()+">"))
	for _, values := range x.Header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], c.reveal(), "<"+c.String()+">")
		}
	}
}

// Fingerprint names a credential without telling it: 8 hex digits of its
// SHA-256, "" for none.
func (c Credential) Fingerprint() string {
	if c.None() {
		return ""
	}
	sum := sha256.Sum256([]byte(c.reveal()))
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

// Credentials are those at hand, by host: what flags and variables gave, and
// what is stored.
type Credentials struct {
	host   string // of those that were given
	given  []Credential
	stored *StoredCredentials
}

// NewCredentials holds the credentials that flags and variables gave, first
// the one to prefer; they belong to the host. None is no entry.
func NewCredentials(host string, given ...Credential) Credentials {
	c := Credentials{host: host}
	for _, g := range given {
		if !g.None() {
			c.given = append(c.given, g)
		}
	}
	return c
}

// WithStored adds what is stored for any host. It may be nil.
func (c Credentials) WithStored(stored *StoredCredentials) Credentials {
	c.stored = stored
	return c
}

// Of is the credential to go to a host with, or none: what was given for it
// stands before what is stored for it.
func (c Credentials) Of(host string) Credential {
	if own := c.of(host); len(own) > 0 {
		return own[0]
	}
	return Credential{}
}

func (c Credentials) of(host string) (own []Credential) {
	if host == c.host {
		own = append(own, c.given...)
	}
	if stored, err := c.stored.Credential(host); err == nil && !stored.None() {
		own = append(own, stored)
	}
	return own
}

// For chooses the credential that delivers a run to a host. A run that was
// enqueued with one may go with that or with another of the same host, since
// keys rotate, but not with the one that was refused; a run that was enqueued
// with none goes with none. False means that none is at hand: never anonymous
// instead, for that would make a public project. It never waits.
func (c Credentials) For(host, fingerprint, refused string) (Credential, bool) {
	if fingerprint == "" {
		return Credential{}, refused == ""
	}
	own := c.of(host)
	// A credential that was given belongs to the runs that bear its fingerprint
	// too; a stored one to its host alone.
	for _, candidate := range append(own[:len(own):len(own)], c.given...) {
		if candidate.Fingerprint() == fingerprint && fingerprint != refused {
			return candidate, true
		}
	}
	for _, candidate := range own {
		if candidate.Fingerprint() != refused {
			return candidate, true
		}
	}
	return Credential{}, false
}
