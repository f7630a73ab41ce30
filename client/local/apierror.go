package local

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	bolterrors "go.etcd.io/bbolt/errors"
)

// apiError is an answer in Bencher's error shape (bencher-api.md, section 1.6).
type apiError struct {
	status  int
	message string
	code    string // error_code: only with 500
	header  map[string]string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

func refuse(status int, format string, args ...any) *apiError {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

func badRequest(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, message: message}
}

// authHint ends every message about a thing that is not found: on the real
// server it may also be private.
const authHint = "Expected format is `Authorization: Bearer <token>`. Where `<token>` is your Bencher API token (JWT), user API key (`bencher_user_...`), or project API key (`bencher_run_...`)."

// notFound is the 404 of a thing by its kind ("Project") and what it was
// looked up by.
func notFound(kind, by string) *apiError {
	return refuse(http.StatusNotFound, "%s (%s) not found: Record not found\n%s may be private and require authentication or it may not exist.\n%s", kind, by, kind, authHint)
}

// byUUID writes a lookup by UUID as the real server's messages do.
func byUUID(kind string, id uuid.UUID) string { return fmt.Sprintf("Uuid(%sUuid(%s))", kind, id) }

// bySlug writes a lookup by slug as the real server's messages do.
func bySlug(kind, slug string) string { return fmt.Sprintf("Slug(%sSlug(Slug(%q)))", kind, slug) }

func internalError(format string, args ...any) *apiError {
	e := refuse(http.StatusInternalServerError, format, args...)
	e.code = uuid.NewString()
	return e
}

// ownTrouble is what a client is told of an error of the server itself: a
// store that another process holds is the real server's locked database.
func ownTrouble(err error) *apiError {
	if errors.Is(err, bolterrors.ErrTimeout) {
		e := refuse(http.StatusServiceUnavailable, "Service temporarily unavailable, please retry.")
		e.header = map[string]string{"Retry-After": "1"}
		return e
	}
	return internalError("the built-in server failed: %v", err)
}
