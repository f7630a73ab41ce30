package outbox

import (
	"strings"

	"github.com/google/uuid"
)

// A project's name can be given to another project, or lead nowhere, between
// two attempts: the server would then make a new one, and the report twice. So
// the UUID behind each name is remembered from acknowledgments.

func projectKey(host, name string) []byte { return hashed(host, strings.ToLower(name)) }

// knownProject is the UUID of a project by earlier acknowledgments, or nil.
func (t *tx) knownProject(host, name string) uuid.UUID {
	id, _ := uuid.FromBytes(t.Bucket(bucketProjects).Get(projectKey(host, name)))
	return id
}

// learnProject remembers what an acknowledgment says.
func (t *tx) learnProject(run *Run) error {
	if run.Report.Project == uuid.Nil || t.knownProject(run.Host, run.Project) == run.Report.Project {
		return nil
	}
	return t.put(t.Bucket(bucketProjects), projectKey(run.Host, run.Project), run.Report.Project[:])
}
