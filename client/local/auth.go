package local

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"burrow/client"

	"github.com/google/uuid"
)

// localUser is who bears every user key where none is declared.
const localUser = "Local User"

var (
	userKey    = regexp.MustCompile(`^bencher_user_[0-9A-Za-z]{30}$`)
	projectKey = regexp.MustCompile(`^bencher_run_[0-9A-Za-z]{30}$`)
	webToken   = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
)

// actor is who makes a request. The zero value is anonymous.
type actor struct {
	user  string // name of the user, or ""
	byKey bool   // by a project key
	bound string // the key's project, slug or UUID; "": any
}

func (a actor) anonymous() bool { return a.user == "" && !a.byKey }

// actor reads the Authorization header as POST /v0/run does: another scheme
// counts as none (bencher-api.md, section 1.2).
func (c *call) actor() (actor, *apiError) {
	scheme, secret, _ := strings.Cut(strings.TrimSpace(c.request.Header.Get("Authorization")), " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return actor{}, nil
	}
	options := c.server.options
	declared := len(options.Keys)+len(options.ProjectKeys) > 0
	switch {
	case userKey.MatchString(secret):
		if !declared {
			return actor{user: localUser}, nil
		}
		if name, ok := options.Keys[secret]; ok {
			return actor{user: name}, nil
		}
		return actor{}, refuse(http.StatusUnauthorized, "Invalid user key")
	case strings.HasPrefix(secret, "bencher_run_"):
		bound, ok := options.ProjectKeys[secret]
		if !ok && declared || !projectKey.MatchString(secret) {
			return actor{}, refuse(http.StatusUnauthorized, "Invalid project key")
		}
		return actor{byKey: true, bound: bound}, nil
	case webToken.MatchString(secret):
		return actor{}, badRequest("Failed to validate JSON Web Token: Failed to decode JSON Web Token: InvalidSignature")
	}
	return actor{}, refuse(http.StatusUnauthorized, "Invalid authorization token")
}

// reader is the actor on the routes that browse: bad authorization is a 400
// there (section 8.3).
func (c *call) reader() (actor, *apiError) {
	who, err := c.actor()
	if err != nil {
		err.status = http.StatusBadRequest
	}
	return who, err
}

// owner is the actor on the routes that take a user only. Where nobody has
// claimed the project, anybody may: it lies on the person's own machine.
func (c *call) owner(p projectRow) (actor, *apiError) {
	who, err := c.reader()
	switch {
	case err != nil:
		return who, err
	case who.byKey: // the real server echoes the whole key
		return who, badRequest("Malformed JSON Web Token: Failed to validate JWT (JSON Web Token): bencher_run_…")
	case who.anonymous() && p.Owner != uuid.Nil:
		return who, badRequest(`Request is missing "Authorization" header. Expected format is ` + "`Authorization: Bearer <bencher.api.token>`. Where `<bencher.api.token>` is your Bencher API token (JWT) or user API key (`bencher_user_...`).")
	}
	return who, nil
}

// userRow is a user of the store. The user's organization bears its UUID and
// was claimed when it was made.
type userRow struct {
	client.User
	Created time.Time `json:"created"`
}

// user is the row of a user, made at need.
func (t *tx) user(name string) (userRow, error) {
	users := t.Bucket(bucketUsers)
	row, found, err := get[userRow](users, []byte(name))
	if found || err != nil {
		return row, err
	}
	row = userRow{User: client.User{UUID: t.newUUID(), Name: name, Slug: client.Slug(name)}, Created: t.second()}
	return row, put(users, []byte(name), row)
}

// owns tells whether the actor may do as it likes with a project.
func (t *tx) owns(who actor, p projectRow) (bool, error) {
	if p.Owner == uuid.Nil {
		return !who.byKey, nil
	}
	row, found, err := get[userRow](t.Bucket(bucketUsers), []byte(who.user))
	return found && row.UUID == p.Owner, err
}

// permit checks that the actor may run in a project, and lets a user claim an
// unclaimed one, as the real server does.
func (t *tx) permit(who actor, p *projectRow) error {
	switch {
	case who.byKey:
		return nil // resolveProject has compared it
	case who.anonymous() && p.Owner != uuid.Nil:
		return refuse(http.StatusUnauthorized, "This project (%s) has already been claimed. Provide a valid API token (`--token`) or project key (`--key`) to authenticate.", p.Slug)
	case who.anonymous():
		return nil
	}
	user, err := t.user(who.user)
	if err != nil {
		return err
	}
	if p.Owner == uuid.Nil {
		claimed := t.second()
		p.Owner, p.Claimed = user.UUID, &claimed
		return put(t.Bucket(bucketProjects), p.UUID[:], p)
	}
	if p.Owner != user.UUID {
		return refuse(http.StatusForbidden, "%s", fmt.Sprintf("User (%s) does not have permission to create in project (%s)", user.Slug, p.Slug))
	}
	return nil
}
