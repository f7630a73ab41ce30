package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// CredentialStore keeps one credential for each host. A file says which hosts
// have one and where it lies: in the system's keyring or, where there is none,
// in the file itself. So a keyring is asked only for what it holds, and nobody
// who stored nothing ever waits for one. Any number of processes may use a
// store.
type CredentialStore struct {
	path string
	wait time.Duration // for the keyring; 0: there is none
}

// NewCredentialStore uses the file at path (0600, made with the first
// credential, its folder 0700) and the system's keyring, which may take so
// long to answer; 0 means that there is none: see KeyringWait.
func NewCredentialStore(path string, keyringWait time.Duration) *CredentialStore {
	return &CredentialStore{path: path, wait: keyringWait}
}

// Path is the store's file.
func (s *CredentialStore) Path() string { return s.path }

// Place says where a credential lies.
type Place string

// The places of a credential.
const (
	InKeyring Place = "keyring"
	InFile    Place = "file"
)

// StoredCredential says that there is a credential for a host, and not which.
type StoredCredential struct {
	Host        string `json:"host"`
	Fingerprint string `json:"fingerprint"`
	Place       Place  `json:"place"`
}

// storedEntry is a line of the file. Only a credential that lies in the file
// has its secret there.
type storedEntry struct {
	StoredCredential
	Secret string `json:"secret,omitempty"`
}

type storedFile struct {
	Credentials []storedEntry `json:"credentials"`
}

// ExposedError says that others than their owner can read the credentials.
type ExposedError struct {
	Path string
	Mode fs.FileMode
}

func (e *ExposedError) Error() string {
	return fmt.Sprintf("others can read the credentials in %s (mode %04o): chmod 600 %s, and think about changing the keys in it", e.Path, e.Mode, e.Path)
}

// storeLockWait bounds the wait for another process that changes the store.
const storeLockWait = 10 * time.Second

// Set stores the credential of a host in the place of an older one and says
// where: in the keyring, or in the file with the reason why.
func (s *CredentialStore) Set(ctx context.Context, host string, c Credential) (place Place, why error, err error) {
	err = s.change(ctx, func(file *storedFile) error {
		entry := storedEntry{StoredCredential: StoredCredential{Host: host, Fingerprint: c.Fingerprint(), Place: InKeyring}}
		if why = s.keyringSet(ctx, host, c.reveal()); why != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			entry.Place, entry.Secret = InFile, c.reveal()
		}
		place = entry.Place
		file.Credentials = append(slices.DeleteFunc(file.Credentials, func(e storedEntry) bool { return e.Host == host }), entry)
		return nil
	})
	return place, why, err
}

// Remove forgets the credential of a host; false means that there was none.
func (s *CredentialStore) Remove(ctx context.Context, host string) (removed bool, err error) {
	err = s.change(ctx, func(file *storedFile) error {
		i := slices.IndexFunc(file.Credentials, func(e storedEntry) bool { return e.Host == host })
		if i < 0 {
			return nil
		}
		if file.Credentials[i].Place == InKeyring {
			if err := s.keyringDelete(ctx, host); err != nil {
				return fmt.Errorf("removing the credential of %s from the keyring: %w", host, err)
			}
		}
		file.Credentials = slices.Delete(file.Credentials, i, i+1)
		removed = true
		return nil
	})
	return removed, err
}

// List says which hosts have a credential, by host, without asking the
// keyring.
func (s *CredentialStore) List() ([]StoredCredential, error) {
	file, err := s.read()
	list := make([]StoredCredential, 0, len(file.Credentials))
	for _, e := range file.Credentials {
		list = append(list, e.StoredCredential)
	}
	slices.SortFunc(list, func(a, b StoredCredential) int { return strings.Compare(a.Host, b.Host) })
	return list, err
}

// secret reads the credential of an entry.
func (s *CredentialStore) secret(ctx context.Context, e storedEntry) (Credential, error) {
	text := e.Secret
	if e.Place == InKeyring {
		var err error
		if text, err = s.keyringGet(ctx, e.Host); err != nil {
			return Credential{}, fmt.Errorf("the credential of %s lies in the system's keyring, and can't be had: %w: "+
				"give it with --key or BENCHER_API_KEY, or store it anew with burrow auth set --host %s", e.Host, err, e.Host)
		}
	}
	c, err := ParseCredential(text)
	if err == nil && c.None() {
		err = errors.New("it is empty")
	}
	if err != nil {
		return Credential{}, fmt.Errorf("the stored credential of %s: %w: store it anew with burrow auth set --host %s", e.Host, err, e.Host)
	}
	return c, nil
}

// read reads the file; a missing one holds nothing.
func (s *CredentialStore) read() (file storedFile, err error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return file, fmt.Errorf("the credentials: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file, fmt.Errorf("the credentials: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // there, other rights rule
		return file, &ExposedError{Path: s.path, Mode: mode}
	}
	if err := json.NewDecoder(f).Decode(&file); err != nil {
		// Not the decoder's words: they may quote what stands there.
		return storedFile{}, fmt.Errorf("the credentials file %s is damaged: remove it and store them anew with burrow auth set", s.path)
	}
	return file, nil
}

// change reads, changes and writes the file while no other process does.
func (s *CredentialStore) change(ctx context.Context, work func(*storedFile) error) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("the credentials' folder: %w", err)
	}
	lock := flock.New(s.path+".lock", flock.SetPermissions(0o600))
	waiting, cancel := context.WithTimeout(ctx, storeLockWait)
	defer cancel()
	if _, err := lock.TryLockContext(waiting, 10*time.Millisecond); err != nil {
		return fmt.Errorf("the credentials are held by another process: %w", err)
	}
	defer func() { _ = lock.Close() }()
	file, err := s.read()
	if err != nil {
		return err
	}
	if err := work(&file); err != nil {
		return err
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err == nil {
		err = writeWhole(s.path, append(text, '\n'), true)
	}
	if err != nil {
		return fmt.Errorf("writing the credentials: %w", err)
	}
	return nil
}
