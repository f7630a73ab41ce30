package client

import (
	"encoding/json"

	"github.com/google/uuid"
)

// keySpace is the name space of keys that are made of text: UUIDv5 of it.
var keySpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("burrow/idempotency-key"))

// TextKey is the idempotency key for a text: a UUID as it stands, other text
// as a UUIDv5 of it, so that equal texts make equal keys anywhere.
func TextKey(text string) uuid.UUID {
	if key, err := uuid.Parse(text); err == nil {
		return key
	}
	return uuid.NewSHA1(keySpace, []byte("text\x00"+text))
}

// ContentKey is the idempotency key for what a run says, its times aside, so
// that the same results submitted twice bear the same key.
func ContentKey(host string, r NewRun) uuid.UUID {
	subject, _ := json.Marshal(struct { // plain data always encodes
		Host, Project, Branch, Hash, Testbed string
		Settings                             *Settings
		Results                              []string
	}{
		host, first(r.Project, ProjectSlug(r.Context)), first(r.Branch, r.Context[ContextBranchName]),
		first(r.Hash, r.Context[ContextBranchHash]), first(r.Testbed, r.Context[ContextTestbedOS]), r.Settings, r.Results,
	})
	return uuid.NewSHA1(keySpace, append([]byte("content\x00"), subject...))
}
