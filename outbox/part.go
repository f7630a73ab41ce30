package outbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// partSuffix ends the name of a part's file in the recovery folder.
const partSuffix = ".part"

// Part keeps a running benchmark's finished iterations in the recovery folder,
// so that a power cut loses only the one that was under way. It holds its file
// locked: one whose lock is free was left behind.
type Part struct {
	path string
	file *os.File
	lock *flock.Flock
}

// finished is a line of a part's file after the first, which is the Draft: the
// results of one iteration.
type finished struct {
	At       time.Time `json:"at"`
	Elements []string  `json:"elements"`
}

// BeginPart begins to keep a draft's iterations beside the outbox at that path.
func BeginPart(outboxPath string, d Draft) (*Part, error) {
	folder := outboxPath + recoverySuffix
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("keeping iterations as they finish: %w", err)
	}
	p := &Part{path: filepath.Join(folder, d.ID.String()+partSuffix)}
	p.lock = flock.New(p.path+".lock", flock.SetPermissions(0o600))
	locked, err := p.lock.TryLock()
	if err != nil || !locked {
		return nil, errors.Join(fmt.Errorf("keeping iterations as they finish: %s can't be locked", p.path), err)
	}
	if p.file, err = os.OpenFile(p.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		err = errors.Join(p.write(d), syncFolder(folder))
	}
	if err != nil {
		p.Discard()
		return nil, fmt.Errorf("keeping iterations as they finish: %w", err)
	}
	return p, nil
}

// Path is where the part lies.
func (p *Part) Path() string { return p.path }

// Add keeps one iteration's results: when it returns nil, they are on the
// disk.
func (p *Part) Add(elements []string, at time.Time) error {
	return p.write(finished{At: at, Elements: elements})
}

func (p *Part) write(line any) error {
	data, err := json.Marshal(line)
	if err == nil {
		_, err = p.file.Write(sealed(data))
	}
	if err == nil {
		err = p.file.Sync()
	}
	return err
}

// Leave keeps the part for a person to decide on.
func (p *Part) Leave() {
	_ = p.file.Close()
	_ = p.lock.Close()
}

// Discard removes the part: its run is in the outbox, or nobody wants it.
func (p *Part) Discard() {
	if p.file != nil {
		_ = p.file.Close()
	}
	_ = os.Remove(p.path)
	_ = os.Remove(p.path + ".lock")
	_ = p.lock.Close()
}

// Unfinished is a part that a benchmark left behind.
type Unfinished struct {
	Draft      Draft
	Results    []string
	Iterations int
	EndedAt    time.Time // of its last whole iteration
	Damaged    bool      // what follows the iterations was changed since it was written
	part       *Part
}

// IsPart tells whether a file's name is that of a part.
func IsPart(path string) bool { return strings.HasSuffix(path, partSuffix) }

// LeftBehind returns the parts beside an outbox that no running benchmark
// holds and that hold an iteration at least. Each is locked until Leave or
// Discard. Parts without an iteration are removed.
func LeftBehind(outboxPath string) (left []*Unfinished) {
	paths, _ := filepath.Glob(filepath.Join(escapeGlob(outboxPath+recoverySuffix), "*"+partSuffix))
	for _, path := range paths {
		u, err := OpenPart(path)
		if err != nil {
			continue // it is running, or another command has it
		}
		if u.Iterations == 0 {
			u.Discard()
			continue
		}
		left = append(left, u)
	}
	return left
}

// escapeGlob keeps a path's own characters from being taken for a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// OpenPart reads and locks one part. A part whose benchmark still runs is an
// error. What stands before a line that was cut short, or damaged, is whole.
func OpenPart(path string) (*Unfinished, error) {
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil || !locked {
		return nil, fmt.Errorf("%s: its benchmark is still running", path)
	}
	u := &Unfinished{part: &Part{path: path, lock: lock}}
	data, err := os.ReadFile(path)
	if err != nil {
		_ = os.Remove(path + ".lock")
		_ = lock.Close()
		return nil, fmt.Errorf("reading the iterations that were kept: %w", err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	draft, err := unsealed(lines[0])
	if err == nil {
		err = json.Unmarshal(draft, &u.Draft)
	}
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("reading the iterations that were kept in %s: %w", path, err)
	}
	for _, line := range lines[1:] {
		if !bytes.HasSuffix(line, []byte("\n")) { // cut short
			break
		}
		var f finished
		if data, err := unsealed(line); err != nil || json.Unmarshal(data, &f) != nil {
			u.Damaged = true
			break
		}
		u.Results, u.EndedAt = append(u.Results, f.Elements...), f.At
		u.Iterations++
	}
	return u, nil
}

// Path is where the part lies.
func (u *Unfinished) Path() string { return u.part.path }

// Leave lets go of the part and keeps it.
func (u *Unfinished) Leave() { _ = u.part.lock.Close() }

// Discard removes the part.
func (u *Unfinished) Discard() { u.part.Discard() }
