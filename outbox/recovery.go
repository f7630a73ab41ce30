package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"burrow/client"
)

// A measured run is never thrown away: what can't get into the outbox is kept
// as a file beside it, and the next opener takes it in.

// Keep writes a run into the recovery folder of the outbox at that path, which
// need not be open ("": of none), else, as the request that would have been
// sent, into the temporary folder: written, synced, renamed, the folder synced.
// It returns the file's path. What lies in the recovery folder is taken in by
// itself; the other can be submitted: its key is inside.
func Keep(outboxPath string, n New) (path string, adopted bool, err error) {
	data, err := json.Marshal(n)
	if err != nil {
		return "", false, fmt.Errorf("keeping the run: %w", err)
	}
	data = sealed(data)
	name := n.ID.String() + ".json"
	err = errors.New("there is no outbox to keep it beside")
	if place, unknown := realPath(outboxPath); outboxPath != "" && unknown == nil {
		outboxPath = place
		if path, err = keepFile(outboxPath+recoverySuffix, name, data); err == nil {
			return path, true, nil
		}
	}
	path, second := keepFile(os.TempDir(), "burrow-"+name, n.Body)
	if second != nil {
		return "", false, fmt.Errorf("keeping the run: %w", errors.Join(err, second))
	}
	return path, false, nil
}

// keptSuffix is that of runs that nobody takes in by themselves.
const keptSuffix = ".kept"

// SetAside keeps a run as a file that nobody takes in: results whose key
// another run bears. The file bears no key, so that submitting it gives it one
// of its own.
func (s *Store) SetAside(n New) (path string, err error) {
	body, err := client.WithoutKey(n.Body)
	if err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	if path, err = keepFile(s.recovery(), n.ID.String()+keptSuffix, body); err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	return path, nil
}

// TakenUp removes a file that SetAside made, once its run is in the outbox. Any
// other file is left alone.
func (s *Store) TakenUp(path string) error {
	place, err := realPath(path)
	if err != nil || filepath.Dir(place) != s.recovery() || filepath.Ext(place) != keptSuffix {
		return nil //nolint:nilerr // it is no such file
	}
	return os.Remove(place)
}

func (s *Store) recovery() string { return s.path + recoverySuffix }

func keepFile(folder, name string, data []byte) (path string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(folder, name)
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		_ = os.Remove(path + ".new")
		return "", err
	}
	return path, syncFolder(folder)
}

// recover takes in the runs that were kept, by ID: one that is known already
// is only unlinked. What can't be taken in stays as a file that is named in
// Notices: it must neither be lost nor stop every command.
func (s *Store) recover(ctx context.Context) error {
	entries, err := os.ReadDir(s.recovery())
	if errors.Is(err, os.ErrNotExist) {
		return nil // none was ever kept
	}
	if err != nil {
		s.Notices = append(s.Notices, fmt.Sprintf("kept runs can't be looked for: %v", err))
		return nil
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		path := filepath.Join(s.recovery(), entry.Name())
		if !entry.Type().IsRegular() { // reading a pipe would wait for its other end
			s.Notices = append(s.Notices, path+" is no kept run: burrow did not make it")
			continue
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // another opener was faster
		}
		if err != nil {
			s.Notices = append(s.Notices, fmt.Sprintf("a kept run was not taken in: %v", err))
			continue
		}
		if err := s.takeIn(ctx, path, data); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) takeIn(ctx context.Context, path string, data []byte) error {
	var n New
	record, unfit := unsealed(data)
	if unfit == nil {
		unfit = json.Unmarshal(record, &n)
	}
	if unfit == nil {
		run, added, err := s.Enqueue(ctx, n)
		s.reach("recovery: taken in")
		var conflict *KeyConflictError
		var notNow *NotNowError
		switch {
		case errors.As(err, &conflict), errors.As(err, &notNow), errors.Is(err, errUnfit):
			unfit = err
		case errors.Is(err, ErrDeleted): // only unlinked
		case err != nil:
			return fmt.Errorf("taking in the kept run %s: %w", path, err)
		case !added && run.ID != n.ID && run.Digest != digestOf(n.Body):
			unfit = fmt.Errorf("run %s bears its key with other results", run.ID)
		}
	}
	if unfit != nil {
		aside := strings.TrimSuffix(path, ".json") + keptSuffix
		if err := os.Rename(path, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("setting a kept run aside: %w", err)
		}
		s.Notices = append(s.Notices, fmt.Sprintf("a kept run was not taken in (%v): it stays in %s", unfit, aside))
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("taking in a kept run: %w", err)
	}
	return nil
}

// digestOf is the digest of a frozen run's results, or "".
func digestOf(body []byte) string {
	summary, _ := client.Summarize(body)
	return summary.Digest
}
