package outbox

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"
)

// The golden files are outboxes as each released schema left them, with what
// stands in them beside: runs in every status, with their histories.

// golden is what a run of a golden file must still say.
type golden struct {
	ID       string           `json:"id"`
	Status   Status           `json:"status"`
	Reason   Reason           `json:"reason,omitempty"`
	Branch   string           `json:"branch"`
	Body     string           `json:"body"` // SHA-256 of what is sent
	Report   string           `json:"report,omitempty"`
	Attempts int              `json:"attempts"`
	History  []client.Outcome `json:"history,omitempty"`
}

func goldenOf(t testing.TB, s *Store) (all []golden) {
	t.Helper()
	runs, err := s.List(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		body, err := s.Body(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		g := golden{ID: r.ID.String(), Status: r.Status, Reason: r.Reason, Branch: r.Branch, Body: hex.EncodeToString(sum[:]), Attempts: r.Attempts}
		if r.Report != nil {
			g.Report = r.Report.UUID.String()
		}
		g.History = outcomes(t, s, r.ID)
		all = append(all, g)
	}
	return all
}

// everyStatus fills an outbox with runs in every status and with pauses, a
// known project, a shared key, and a claim whose process is dead.
func everyStatus(t *testing.T, s *Store) {
	t.Helper()
	f := newFakeServer()
	policy := Policy{Settle: 5 * time.Second}
	deliver := func(n New, faults ...fault) {
		f.set(func() { f.faults = faults })
		run := enqueue(t, s, n)
		stop := startSender(t, &Sender{Store: s, Deliverer: f, Policy: policy})
		waitFor(t, s, run.ID, time.Hour, ended)
		stop()
	}
	deliver(newRun(t, "main", 1))
	deliver(newRun(t, "main", 2, func(n *New) { n.Shared, n.Labels = true, map[string]string{"ci": "1"} }), loseResponse)
	deliver(newRun(t, "main", 1), storeEmpty)
	deliver(newRun(t, "main", 2), storeOne)
	deliver(newRun(t, "topic", 1), conflictIt)
	withdrawn := enqueue(t, s, newRun(t, "topic", 1))
	if _, err := s.Cancel(t.Context(), withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	rejected := enqueue(t, s, newRun(t, "refused", 1))
	if err := s.update(t.Context(), func(x *tx) error {
		run, err := x.byID(rejected.ID)
		if err != nil {
			return err
		}
		x.step(policy).sent(run, client.Verdict{Outcome: client.Refused, HTTPStatus: 400, Message: "no such adapter"})
		run.Attempts = 1
		a := Attempt{Run: run.ID, Number: 1, StartedAt: x.now, EndedAt: x.now, Outcome: client.Refused, HTTPStatus: 400, Error: "no such adapter"}
		if err := x.putAttempt(run, a); err != nil {
			return err
		}
		return x.save(run)
	}); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.down = true })
	waiting := enqueue(t, s, newRun(t, "main", 1))
	stop := startSender(t, &Sender{Store: s, Deliverer: f})
	waitFor(t, s, waiting.ID, time.Hour, func(r *Run) bool { return r.Attempts > 2 })
	stop()
	enqueue(t, s, newRun(t, "main", 1))
	if _, err := s.Pause(t.Context(), "", "elsewhere"); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.down = false })
	if err := s.hostIsBack(t.Context(), testHost); err != nil {
		t.Fatal(err)
	}
	enqueue(t, s, newRun(t, "crashed", 1))
	die(t, s, f, true)
}

// TestWriteGoldenFile writes the golden file of the schema that the program
// writes now. It runs once, when a schema is about to be released:
// BURROW_WRITE_GOLDEN=1 go test ./outbox -run TestWriteGoldenFile.
func TestWriteGoldenFile(t *testing.T) {
	if os.Getenv("BURROW_WRITE_GOLDEN") == "" {
		t.Skip("writes a file of the repository; set BURROW_WRITE_GOLDEN")
	}
	base, err := filepath.Abs(fmt.Sprintf("testdata/schema%d", SchemaVersion))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		everyStatus(t, s)
		checkClean(t, s)
		data, err := os.ReadFile(s.Path())
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		if _, err := zip.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(goldenOf(t, s), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		for path, data := range map[string][]byte{base + ".db.gz": packed.Bytes(), base + ".json": append(text, '\n')} {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// unpackGolden puts a golden file into a folder of its own.
func unpackGolden(t testing.TB, base string) (path string, want []golden) {
	t.Helper()
	packed, err := os.Open(base + ".db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	zip, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(zip)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "outbox.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(base + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	return path, want
}

// TestEveryReleasedSchemaIsReadAndMigrated opens each golden file, finds all
// that stands in it, goes on delivering, and has the old file beside it.
func TestEveryReleasedSchemaIsReadAndMigrated(t *testing.T) {
	for version := 1; version <= SchemaVersion; version++ {
		base, err := filepath.Abs(fmt.Sprintf("testdata/schema%d", version))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path, want := unpackGolden(t, base)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				checkClean(t, s)
				if got := goldenOf(t, s); !reflect.DeepEqual(got, want) {
					t.Errorf("the outbox says %+v, not %+v", got, want)
				}
				if version < SchemaVersion {
					backup, err := os.ReadFile(fmt.Sprintf("%s.v%d.bak", path, version))
					if err != nil || !bytes.Equal(backup, before) || len(s.Notices) != 1 {
						t.Errorf("the backup is not the old file (%v), notices %q", err, s.Notices)
					}
				}
				last := enqueue(t, s, newRun(t, "main", 1))
				stop := startSender(t, &Sender{Store: s, Deliverer: newFakeServer()})
				waitFor(t, s, last.ID, time.Hour, ended)
				stop()
				checkClean(t, s)
			})
		})
	}
}
