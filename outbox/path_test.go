package outbox

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestAllNamesOfAnOutboxAreOne: through links, even ones that lead to nothing
// yet, it is one file with one lock, and a new file takes its place, not a
// link's.
func TestAllNamesOfAnOutboxAreOne(t *testing.T) {
	folder := t.TempDir()
	link := func(target, name string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.Symlink(target, path); err != nil {
			t.Skip("no links here: ", err)
		}
		return path
	}
	if err := os.MkdirAll(filepath.Join(folder, "real"), 0o700); err != nil {
		t.Fatal(err)
	}
	names := []string{
		link("real/outbox.db", "one"), link("one", "two"), filepath.Join(link("real", "folder"), "outbox.db"), filepath.Join(folder, "real", "outbox.db"),
	}
	for i, name := range names {
		s, err := Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := realPath(names[3]); s.Path() != want {
			t.Errorf("%s lies at %s", name, s.Path())
		}
		enqueue(t, s, newRun(t, "demo", i+1))
		if _, _, err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(listAll(t, s)); n != i+1 {
			t.Errorf("%s holds %d runs", name, n)
		}
	}
	for _, name := range names[:2] {
		if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", name)
		}
	}
	circle := link("circle", "circle")
	if _, err := Open(t.Context(), circle); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a circle: %v", err)
	}
}

// TestWhatIsNoFileIsRefused: opening a pipe would wait for ever, and a device
// would be replaced.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if before.Mode().IsRegular() {
		t.Skip("this system's null device looks like a file")
	}
	if _, err := Open(t.Context(), os.DevNull); err == nil || !strings.Contains(err.Error(), "name a file") {
		t.Errorf("%v", err)
	}
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("it is %v now, %v", after, err)
	}
}

// wreckMeta makes both meta pages unreadable.
func wreckMeta(t *testing.T, path string) {
	t.Helper()
	data := readFile(t, path)
	size := int(pageSizeOf(strings.NewReader(string(data))))
	for meta := range 2 {
		binary.NativeEndian.PutUint64(data[meta*size+32:], 1<<63)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEachDamagedFileIsKept: two salvages of one second keep a file each.
func TestEachDamagedFileIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands
		s := openTest(t)
		enqueue(t, s, newRun(t, "demo", 1))
		for range 3 {
			wreckMeta(t, s.Path())
			again, err := Open(t.Context(), s.Path())
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Notices) != 1 || !strings.Contains(again.Notices[0], "1 runs were saved") {
				t.Errorf("%q", again.Notices)
			}
		}
		if kept, _ := filepath.Glob(s.Path() + ".damaged-*"); len(kept) != 3 {
			t.Errorf("%d files were kept", len(kept))
		}
	})
}

// TestDamageDoesNotStandInItsRepairsWay: a kept run that can't be taken in
// because of damage does not stop the opening that mends it.
func TestDamageDoesNotStandInItsRepairsWay(t *testing.T) {
	s := openTest(t)
	for i := range 40 {
		enqueue(t, s, newRun(t, "demo", i+1))
	}
	whole := readFile(t, s.Path())
	page := os.Getpagesize()
	for at := 2 * page; at < len(whole); at += page {
		damaged := append([]byte(nil), whole...)
		for i := range page {
			damaged[at+i] = byte(i * 31)
		}
		path := filepath.Join(t.TempDir(), "outbox.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		bare := filepath.Join(t.TempDir(), "outbox.db")
		if err := os.WriteFile(bare, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		_, alone := Open(t.Context(), bare)
		kept := newRun(t, "kept", 99)
		if _, adopted, err := Keep(path, kept); err != nil || !adopted {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path)
		if err != nil {
			if alone == nil || !errors.Is(err, ErrDamagedFile) {
				t.Errorf("page %d: without the kept run %v, with it %v", at/page, alone, err)
			}
			continue // no run can be read from it: it was left as it is
		}
		if _, err := s.Rebuild(t.Context()); err != nil && !errors.Is(err, ErrDamagedFile) {
			t.Errorf("page %d: %v", at/page, err)
		}
		if _, err := Open(t.Context(), path); err != nil {
			t.Errorf("page %d, after the repair: %v", at/page, err)
		}
		if _, err := s.Get(t.Context(), kept.ID); err != nil && len(s.Notices) == 0 {
			t.Errorf("page %d: the kept run is not there, and not a word: %v", at/page, err)
		}
	}
}

// TestADamagedClaimStopsNobodyElse: the record of a run that a dead sender held
// can't be read; other runs go on.
func TestADamagedClaimStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openTest(t)
		lost, sound := enqueue(t, s, newRun(t, "lost", 1)), enqueue(t, s, newRun(t, "sound", 2))
		err := s.update(t.Context(), func(t *tx) error {
			t.changed = true
			record := append([]byte(nil), t.Bucket(bucketRuns).Get(number(lost.Seq))...)
			record[len(record)-1] ^= 0xff
			return errors.Join(t.Bucket(bucketRuns).Put(number(lost.Seq), record), t.Bucket(bucketClaims).Put(number(lost.Seq), []byte("a dead one")))
		})
		if err != nil {
			t.Fatal(err)
		}
		f := newFakeServer()
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		time.Sleep(2 * time.Minute) // fake time
		stop()
		if run, err := s.Get(t.Context(), sound.ID); err != nil || run.Status != Sent {
			t.Errorf("%v, %v", run, err)
		}
	})
}
