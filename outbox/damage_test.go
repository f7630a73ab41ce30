package outbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// damages are what a disk can do to one page of a file; older is the file some
// commits before.
func damages(whole, older []byte, at, page int, random *rand.Rand) map[string][]byte {
	end := min(at+page, len(whole))
	change := func(change func(part []byte)) []byte {
		data := bytes.Clone(whole)
		change(data[at:end])
		return data
	}
	all := map[string][]byte{
		"cut":       whole[:at],
		"torn":      change(func(part []byte) { clear(part[len(part)/8:]) }),
		"zeroed":    change(func(part []byte) { clear(part) }),
		"scribbled": change(func(part []byte) { scribble(part, random) }),
	}
	if end <= len(older) {
		all["lost write"] = change(func(part []byte) { copy(part, older[at:end]) })
	}
	for range 4 {
		bit, within := byte(1<<random.IntN(8)), random.IntN(end-at)
		all[fmt.Sprintf("bit %#x of byte %d", bit, within)] = change(func(part []byte) { part[within] ^= bit })
	}
	for range 4 { // the heads of pages are where the tree is
		bit, within := byte(1<<random.IntN(8)), random.IntN(min(96, end-at))
		all[fmt.Sprintf("bit %#x of byte %d", bit, within)] = change(func(part []byte) { part[within] ^= bit })
	}
	return all
}

func scribble(part []byte, random *rand.Rand) {
	for i := range part {
		part[i] = byte(random.Uint32())
	}
}

// TestWhateverADiskDoesToAPageNoWrongBodyIsSent damages a copy of an outbox at
// every page in many ways: it opens, is salvaged or is refused with words;
// nothing panics; what is sent is what was enqueued; and what is saved is sound.
func TestWhateverADiskDoesToAPageNoWrongBodyIsSent(t *testing.T) {
	var whole, older []byte
	bodies := map[uuid.UUID][]byte{}
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		everyStatus(t, s)
		older = readFile(t, s.Path())
		for range 3 {
			enqueue(t, s, newRun(t, "later", 2))
		}
		whole = readFile(t, s.Path())
		for _, r := range listAll(t, s) {
			body, err := s.Body(t.Context(), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			bodies[r.Key] = body
		}
	})
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's
	t.Logf("seed %d", seed)
	refused, salvaged, saved := 0, 0, 0
	page := os.Getpagesize()
	for at := 0; at < len(whole); at += page {
		all := damages(whole, older, at, page, random)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			path := filepath.Join(t.TempDir(), "outbox.db")
			if err := os.WriteFile(path, all[name], 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				what := fmt.Sprintf("page %d, %s", at/page, name)
				runs, notices, err := liveOn(t, path, bodies, what)
				switch {
				case err != nil:
					refused++
					if !errors.Is(err, ErrDamagedFile) && !errors.Is(err, ErrNotAnOutbox) && at > 0 {
						t.Errorf("%s: %v", what, err)
					}
				case notices > 0:
					salvaged++
				}
				saved += runs
			})
		}
	}
	t.Logf("%d pages: %d refused, %d salvaged by opening; %d runs saved", len(whole)/page, refused, salvaged, saved)
}

// liveOn opens a damaged outbox, delivers from it, rebuilds it and checks it.
func liveOn(t *testing.T, path string, bodies map[uuid.UUID][]byte, what string) (runs, notices int, err error) {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		return 0, 0, err
	}
	if len(readFile(t, path)) == 0 {
		t.Errorf("%s: the file is empty", what)
	}
	f := newFakeServer()
	stop := startSender(t, &Sender{Store: s, Deliverer: f})
	time.Sleep(2 * time.Minute) // fake time
	stop()
	for key, sent := range f.bodies {
		for _, body := range sent {
			if body != string(bodies[key]) {
				t.Errorf("%s: a body was sent that was not enqueued", what)
			}
		}
	}
	if _, err := s.Rebuild(t.Context()); err != nil {
		if !errors.Is(err, ErrDamagedFile) {
			t.Errorf("%s: rebuilding: %v", what, err)
		}
		return 0, len(s.Notices), nil
	}
	problems, err := s.Check(t.Context())
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", what, p)
	}
	for _, r := range listAll(t, s) {
		if bodies[r.Key] == nil {
			t.Errorf("%s: run %s was never enqueued", what, r.ID)
		}
		if body, err := s.Body(t.Context(), r.ID); err == nil && !bytes.Equal(body, bodies[r.Key]) {
			t.Errorf("%s: run %s has a body that is not its own", what, r.ID)
		}
		runs++
	}
	return runs, len(s.Notices), nil
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func listAll(t testing.TB, s *Store) []*Run {
	t.Helper()
	runs, err := s.List(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// TestAWrongCountInASmallBucketIsDamage is damage that bbolt would follow out
// of its own memory.
func TestAWrongCountInASmallBucketIsDamage(t *testing.T) {
	s := openTest(t)
	enqueue(t, s, newRun(t, "demo", 1))
	whole := readFile(t, s.Path())
	size, found := int(pageSizeOf(bytes.NewReader(whole))), 0
	for at := 2 * size; at < len(whole); at += size {
		page := whole[at : at+size]
		if binary.NativeEndian.Uint16(page[8:]) != leafFlag {
			continue
		}
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			element := page[pageHeader+i*leafElement:]
			value := pageHeader + i*leafElement + int(binary.NativeEndian.Uint32(element[4:])+binary.NativeEndian.Uint32(element[8:]))
			if binary.NativeEndian.Uint32(element) != bucketFlag || binary.NativeEndian.Uint64(page[value:]) != 0 {
				continue
			}
			binary.NativeEndian.PutUint16(page[value+bucketHeader+10:], 0x2005)
			found++
		}
	}
	if found == 0 {
		t.Fatal("the file has no small bucket")
	}
	if err := os.WriteFile(s.Path(), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), Query{}); !errors.Is(err, ErrDamagedFile) {
		t.Errorf("reading: %v", err)
	}
	if _, _, err := s.Enqueue(t.Context(), newRun(t, "demo", 2)); !errors.Is(err, ErrDamagedFile) {
		t.Errorf("writing: %v", err)
	}
}

// TestADamagedPauseStaysAPause: runs are still read, what a person paused stays
// paused, and resuming lifts it.
func TestADamagedPauseStaysAPause(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "demo", 1))
	if _, err := s.Pause(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	err := s.update(t.Context(), func(t *tx) error {
		return errors.Join(
			t.Bucket(bucketPauses).Put([]byte(Hold{}.scope()), []byte("\x01{\"held\":tru")),
			t.Bucket(bucketPauses).Put([]byte(hostScope(run.Host)), []byte("\x01{]")),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	if runs := listAll(t, s); len(runs) != 1 || runs[0].Reason != ReasonPaused {
		t.Errorf("%+v", runs)
	}
	if holds, err := s.Holds(t.Context()); err != nil || len(holds) != 1 {
		t.Errorf("%v %v", holds, err)
	}
	if _, err := s.Rebuild(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Resume(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	if runs := listAll(t, s); runs[0].Reason == ReasonPaused {
		t.Error("it is still paused")
	}
}

// TestABodyOfAnotherRunIsNotSent puts a run's whole, sound body under another
// run's number, as a damaged tree does.
func TestABodyOfAnotherRunIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		first, second := enqueue(t, s, newRun(t, "demo", 1)), enqueue(t, s, newRun(t, "other", 2))
		err := s.update(t.Context(), func(t *tx) error {
			t.changed = true
			return t.Bucket(bucketBodies).Put(number(second.Seq), bytes.Clone(t.Bucket(bucketBodies).Get(number(first.Seq))))
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Body(t.Context(), second.ID); !errors.Is(err, ErrDamaged) {
			t.Errorf("reading it: %v", err)
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) != 1 {
			t.Errorf("the check: %v %v", problems, err)
		}
		f := newFakeServer()
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		time.Sleep(2 * time.Minute) // fake time
		stop()
		if len(f.bodies[first.Key]) != 1 || len(f.bodies[second.Key]) != 0 {
			t.Errorf("sent: %d of the first, %d of the second", len(f.bodies[first.Key]), len(f.bodies[second.Key]))
		}
		for _, r := range listAll(t, s) {
			if want := map[uuid.UUID]Reason{first.ID: ReasonNone, second.ID: ReasonDamaged}[r.ID]; r.Reason != want {
				t.Errorf("run %s: %s (%s), want %s", r.ID, r.Status, r.Reason, want)
			}
		}
		if _, err := s.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if problems, err := s.Check(t.Context()); err != nil || len(problems) > 0 {
			t.Errorf("after the rebuild: %v %v", problems, err)
		}
	})
}
