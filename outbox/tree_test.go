package outbox

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"burrow/client"
)

// manyPages makes an outbox whose buckets have branches, with bodies of a page
// each.
func manyPages(t *testing.T, runs int) *Store {
	t.Helper()
	s := openTest(t)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	err := s.EnqueueAll(t.Context(), func(yield func(New, error) bool) {
		for range runs {
			noise := make([]byte, 2500)
			for i := range noise {
				noise[i] = byte('a' + random.IntN(26))
			}
			n := newRun(t, "branch-"+string(noise[:3]), 1, func(n *New) {
				n.Body = []byte(strings.Replace(string(n.Body), `"demo"`, `"demo","hint":"`+string(noise)+`"`, 1))
			})
			if !yield(n, nil) {
				return
			}
		}
	}, func(Accepted) {})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// treePages are the pages of a sound file's tree.
func treePages(t *testing.T, path string) (pages []treePage, size int64) {
	t.Helper()
	file := mustOpen(t, path)
	m, found := newestMeta(file)
	if !found {
		t.Fatal("no meta page")
	}
	w := &treeWalk{file: file, size: m.pageSize, next: m.next, seen: make([]bool, m.next)}
	if err := w.page(m.root, nil, nil); err != nil {
		t.Fatal(err)
	}
	for id := uint64(2); id < m.next; id++ {
		if w.seen[id] {
			if p, err := readTreePage(file, m.pageSize, id, m.next, true); err == nil {
				pages = append(pages, p)
			}
		}
	}
	return pages, m.pageSize
}

// opened opens a damaged copy of an outbox.
func opened(t *testing.T, damaged []byte) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One bit of a page's head says how many pages it reaches over: bbolt frees as
// many when the page changes. No page of others is freed, and no memory filled.
func TestAWrongOverflowSpreadsNoDamage(t *testing.T) {
	s := manyPages(t, 200)
	whole := readFile(t, s.Path())
	pages, size := treePages(t, s.Path())
	branches := 0
	for i, p := range pages {
		if !p.leaf {
			branches++
		} else if i%8 != 0 && p.count < 5 { // one body's page is like another's
			continue
		}
		for _, bit := range []uint32{1, 1 << 30} {
			at := int64(p.id)*size + 12
			damaged := append([]byte(nil), whole...)
			binary.NativeEndian.PutUint32(damaged[at:], binary.NativeEndian.Uint32(damaged[at:])^bit)
			again := opened(t, damaged)
			if len(again.Notices) == 0 { // else it was met, and mended, at once
				if problems, err := again.Check(t.Context()); err != nil || len(problems) != 1 {
					t.Errorf("page %d: %q, %v", p.id, problems, err)
				}
				changed := 0
				for i, r := range listAll(t, again) {
					if i%40 != 0 {
						continue
					}
					if _, err := again.Cancel(t.Context(), r.ID); err == nil {
						changed++
					} else if !errors.Is(err, ErrDamagedFile) {
						t.Fatalf("page %d: %v", p.id, err)
					}
				}
				if changed == 0 && !sharedPage(p) {
					t.Errorf("page %d, which is one of many, stops every change", p.id)
				}
			}
			if _, err := again.Rebuild(t.Context()); err != nil {
				t.Fatalf("page %d: %v", p.id, err)
			}
			for _, r := range listAll(t, again) {
				if _, err := again.Body(t.Context(), r.ID); err != nil {
					t.Fatalf("page %d: %v", p.id, err)
				}
			}
			if n := len(listAll(t, again)); n != 200 {
				t.Errorf("page %d: %d runs are left", p.id, n)
			}
			checkClean(t, again)
		}
	}
	if branches < 2 {
		t.Errorf("%d branches: the outbox is too small for this test", branches)
	}
}

// sharedPage tells whether each change of an outbox of that size goes through a
// page: the roots, the counts.
func sharedPage(p treePage) bool {
	if !p.leaf {
		return true
	}
	for i := range p.count {
		if binary.NativeEndian.Uint32(p.data[pageHeader+i*leafElement:]) == bucketFlag || strings.HasPrefix(string(p.key(i)), "count/") {
			return true
		}
	}
	return p.count > 1 && len(p.key(0)) != 8
}

// A page of bodies is damaged, in its head or in what it holds: a sender mends
// the file, delivers all others, and leaves to a person what is lost.
func TestASenderMendsADamagedPageOfBodies(t *testing.T) {
	for name, damage := range map[string]func(page []byte){
		"its number": func(page []byte) { page[2] ^= 4 },
		"torn":       func(page []byte) { clear(page[64:]) },
	} {
		s := manyPages(t, 12)
		pages, size := treePages(t, s.Path())
		hurt := map[uint64]bool{}
		data := readFile(t, s.Path())
		for _, p := range pages {
			if !p.leaf || p.count == 0 || len(p.key(0)) != 8 || len(hurt) > 0 {
				continue
			}
			if begin, end := p.span(0); end-begin < 1000 {
				continue
			}
			for i := range p.count {
				hurt[decodeNumber(p.key(i))] = true
			}
			damage(data[int64(p.id)*size : int64(p.id+1)*size])
		}
		if len(hurt) == 0 || len(hurt) > 3 {
			t.Fatalf("%d bodies lie on the page", len(hurt))
		}
		if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			again, err := Open(t.Context(), s.Path())
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			stop := startSender(t, &Sender{Store: again, Deliverer: newFakeServer(), Told: func(words string) { told = append(told, words) }})
			time.Sleep(2 * time.Minute) // fake time
			stop()
			if told = append(told, again.Notices...); len(told) != 1 || !strings.Contains(told[0], "was damaged") {
				t.Errorf("%s: it told %q", name, told)
			}
			for _, r := range listAll(t, again) {
				lost := hurt[r.Seq] && name == "torn"
				if want := map[bool]Status{true: Pending, false: Sent}[lost]; r.Status != want || lost != (r.Reason == ReasonDamaged) {
					t.Errorf("%s: run %d is %s (%s): hurt %v", name, r.Seq, r.Status, r.Reason, hurt[r.Seq])
				}
			}
			checkClean(t, again)
		})
	}
}

// A page of the history is damaged: outcomes are recorded all the same.
func TestASenderMendsADamagedPageOfAttempts(t *testing.T) {
	s := openTest(t)
	f := newFakeServer()
	deliver := func(s *Store, runs int) {
		for i := range runs {
			enqueue(t, s, newRun(t, "main", i+1))
		}
		stop := startSender(t, &Sender{Store: s, Deliverer: f})
		for _, r := range listAll(t, s) {
			waitFor(t, s, r.ID, time.Minute, ended)
		}
		stop()
	}
	deliver(s, 60)
	pages, size := treePages(t, s.Path())
	data := readFile(t, s.Path())
	damaged := 0
	for _, p := range pages {
		if p.leaf && p.count > 0 && len(p.key(0)) == 12 {
			data[int64(p.id)*size+5] ^= 0x10
			damaged++
		}
	}
	if damaged == 0 {
		t.Fatal("no page of attempts")
	}
	if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	deliver(again, 5)
	checkClean(t, again)
	if f.made != 65 {
		t.Errorf("%d reports", f.made)
	}
}

// A page of records is damaged: in its head, nothing is lost; zeroed, what is lost
// is counted.
func TestARepairLosesNoRunWithoutAWord(t *testing.T) {
	const runs = 200
	s := manyPages(t, runs)
	whole := readFile(t, s.Path())
	pages, size := treePages(t, s.Path())
	records, lost := 0, 0
	for _, p := range pages {
		if !p.leaf || p.count < 5 || len(p.key(0)) != 8 {
			continue
		}
		begin, end := p.span(0)
		if decodeRun(decodeNumber(p.key(0)), p.data[begin+8:end], &Run{}) != nil {
			continue
		}
		records++
		for name, damage := range map[string]func([]byte){
			"its number": func(page []byte) { page[0] ^= 0x10 },
			"its kind":   func(page []byte) { page[8] ^= 1 },
			"all of it":  func(page []byte) { clear(page) },
		} {
			damaged := append([]byte(nil), whole...)
			damage(damaged[int64(p.id)*size : int64(p.id+1)*size])
			again := opened(t, damaged)
			saved, err := again.Rebuild(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Notices) > 0 {
				continue // opening mended it, and said so
			}
			if saved.Runs+saved.Lost != runs || name != "all of it" && saved.Lost > 0 {
				t.Errorf("page %d, %s: %d saved, %d lost", p.id, name, saved.Runs, saved.Lost)
			}
			if saved.Lost > 0 && !strings.Contains(saved.String(), "could not be read") {
				t.Errorf("it does not say so: %s", saved)
			}
			lost += saved.Lost
		}
	}
	if records == 0 || lost == 0 {
		t.Errorf("%d pages of records, %d runs lost: nothing was tested", records, lost)
	}
}

// A branch that names its own page, or one above it, is a circle that bbolt would
// follow for ever.
func TestACircleOfPagesIsMended(t *testing.T) {
	const runs = 200
	s := manyPages(t, runs)
	whole := readFile(t, s.Path())
	pages, size := treePages(t, s.Path())
	branches := 0
	for _, p := range pages {
		if p.leaf {
			continue
		}
		branches++
		for _, child := range []int{0, p.count - 1} {
			damaged := append([]byte(nil), whole...)
			at := int64(p.id)*size + pageHeader + int64(child)*leafElement + 8
			binary.NativeEndian.PutUint64(damaged[at:], p.id)
			again := opened(t, damaged)
			if len(again.Notices) != 1 || len(listAll(t, again)) != runs {
				t.Fatalf("page %d: %q", p.id, again.Notices)
			}
			checkClean(t, again)
		}
	}
	if branches < 2 {
		t.Errorf("%d branches", branches)
	}
}

// A page that is in use is named as free: bbolt would write over it.
func TestAPageInUseIsNotWrittenOver(t *testing.T) {
	s := manyPages(t, 60)
	for range 3 { // pages become free
		for _, r := range listAll(t, s)[:5] {
			if err := s.Delete(t.Context(), r.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := len(listAll(t, s))
	whole := readFile(t, s.Path())
	m, _ := newestMeta(mustOpen(t, s.Path()))
	list, _, err := readFreelist(mustOpen(t, s.Path()), m)
	if err != nil || len(list) < 3 {
		t.Fatalf("%d free pages, %v", len(list), err)
	}
	told := 0
	for i := range list {
		for bit := range 8 {
			damaged := append([]byte(nil), whole...)
			damaged[int64(m.freelist)*m.pageSize+pageHeader+int64(i)*8] ^= 1 << bit
			again := opened(t, damaged)
			if told += len(again.Notices); len(again.Notices) > 0 && len(listAll(t, again)) != before {
				t.Errorf("entry %d, bit %d: %d runs, %q", i, bit, len(listAll(t, again)), again.Notices)
			}
		}
	}
	if told < len(list)*8*3/4 { // the others name pages that nobody uses
		t.Errorf("%d of %d flipped bits were told by opening", told, len(list)*8)
	}
}

// Damage that nobody met is found by the sender that looks after the outbox, and
// mended.
func TestUpkeepFindsDamageThatNobodyMet(t *testing.T) {
	s := manyPages(t, 60)
	pages, size := treePages(t, s.Path())
	data := readFile(t, s.Path())
	for _, p := range pages {
		if begin := int64(p.id) * size; p.leaf && p.count > 0 && len(p.key(0)) == 8 {
			data[begin+12] ^= 1 // it seems to reach over its neighbour
			break
		}
	}
	if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		again, err := Open(t.Context(), s.Path())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Pause(t.Context(), "", ""); err != nil { // nothing is delivered
			t.Fatal(err)
		}
		stop := startSender(t, &Sender{Store: again, Deliverer: newFakeServer()})
		time.Sleep(2 * upkeepDelay)
		stop()
		if problems, err := again.Check(t.Context()); err != nil || len(problems) > 0 || len(listAll(t, again)) != 60 {
			t.Errorf("%q, %v", problems, err)
		}
	})
}

// The outcome of a run that the file holds no more is given up: it keeps no
// worker busy, and stopping does not wait for it.
func TestAnOutcomeOfARunThatIsGoneIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := openTest(t), newFakeServer()
		run := enqueue(t, s, newRun(t, "main", 1))
		taken := make(chan struct{})
		d := &stallingServer{fakeServer: f, stalled: taken, goOn: make(chan struct{})}
		stop := startSender(t, &Sender{Store: s, Deliverer: d})
		<-taken
		err := s.update(t.Context(), func(t *tx) error {
			t.changed = true
			return errors.Join(t.drop(bucketRuns, number(run.Seq)), t.drop(bucketIDs, run.ID[:]), t.drop(bucketClaims, number(run.Seq)))
		})
		if err != nil {
			t.Fatal(err)
		}
		close(d.goOn)
		synctest.Wait()
		begun := time.Now()
		stop()
		if waited := time.Since(begun); waited > stopGrace {
			t.Errorf("stopping took %s", waited)
		}
	})
}

// stallingServer holds the first attempt up until it may go on.
type stallingServer struct {
	*fakeServer
	stalled chan struct{}
	goOn    chan struct{}
}

func (d *stallingServer) Send(ctx context.Context, p client.Parcel) client.Verdict {
	close(d.stalled)
	<-d.goOn
	return d.fakeServer.Send(ctx, p)
}

// What a person resumed stays resumed, though the pause still lies on a free
// page when the file is salvaged.
func TestASalvageBringsNoLiftedPauseBack(t *testing.T) {
	s := openTest(t)
	run := enqueue(t, s, newRun(t, "main", 1))
	for _, h := range []Hold{{}, {Host: run.Host}, {Host: run.Host, Project: "demo"}} {
		if _, err := s.Pause(t.Context(), h.Host, h.Project); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Resume(t.Context(), run.Host, ""); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		enqueue(t, s, newRun(t, "later", i+1))
	}
	data := readFile(t, s.Path())
	clear(data[:2*int(pageSizeOf(mustOpen(t, s.Path())))])
	if err := os.WriteFile(s.Path(), data, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), s.Path())
	if err != nil || len(again.Notices) != 1 {
		t.Fatalf("%v, %q", err, again.Notices)
	}
	if holds, err := again.Holds(t.Context()); err != nil || len(holds) != 1 || holds[0].Host != "" {
		t.Errorf("%v, %v: what was paused and not resumed is one pause", holds, err)
	}
}

// A file that is emptied while it is in use is not taken for one to be made.
func TestAnEmptiedFileIsDamage(t *testing.T) {
	s := openTest(t)
	enqueue(t, s, newRun(t, "main", 1))
	if err := os.Truncate(s.Path(), 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Enqueue(t.Context(), newRun(t, "main", 2)); !errors.Is(err, ErrDamagedFile) {
		t.Errorf("%v", err)
	}
	if _, err := s.List(t.Context(), Query{}); !errors.Is(err, ErrDamagedFile) {
		t.Errorf("%v", err)
	}
	if len(readFile(t, s.Path())) != 0 {
		t.Error("something was written into it")
	}
}
