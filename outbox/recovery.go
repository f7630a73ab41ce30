package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A measured run is never thrown away: what can't get into the outbox is kept
// as a file beside it, and the next opener takes it in.

// Keep writes a run into the recovery folder, else, as the request that would
// have been sent, into the temporary folder: written, synced, renamed, the
// folder synced. It returns the file's path. What lies in the recovery folder
// is taken in by itself; the other can be submitted: its key is inside.
func (s *Store) Keep(n New) (path string, adopted bool, err error) {
	data, err := json.Marshal(n)
	if err != nil {
		return "", false, fmt.Errorf("keeping the run: %w", err)
	}
	name := n.ID.String() + ".json"
	if path, err = keepFile(s.recovery(), name, data); err == nil {
		return path, true, nil
	}
	path, second := keepFile(os.TempDir(), "burrow-"+name, n.Body)
	if second != nil {
		return "", false, fmt.Errorf("keeping the run: %w", errors.Join(err, second))
	}
	return path, false, nil
}

// SetAside keeps a run's bytes as a file that nobody takes in: results whose
// key another run bears.
func (s *Store) SetAside(n New) (path string, err error) {
	if path, err = keepFile(s.recovery(), n.ID.String()+".kept", n.Body); err != nil {
		return "", fmt.Errorf("keeping the results: %w", err)
	}
	return path, nil
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
// is only unlinked.
func (s *Store) recover(ctx context.Context) error {
	entries, err := os.ReadDir(s.recovery())
	if errors.Is(err, os.ErrNotExist) {
		return nil // none was ever kept
	}
	if err != nil {
		return fmt.Errorf("taking in kept runs: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		path := filepath.Join(s.recovery(), entry.Name())
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // another opener was faster
		}
		if err != nil {
			return fmt.Errorf("taking in a kept run: %w", err)
		}
		var n New
		if err := json.Unmarshal(data, &n); err != nil {
			return fmt.Errorf("the kept run %s can't be read: move it away: %w", path, err)
		}
		if _, _, err := s.Enqueue(ctx, n); err != nil {
			return fmt.Errorf("taking in the kept run %s: %w", path, err)
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("taking in a kept run: %w", err)
		}
	}
	return nil
}
