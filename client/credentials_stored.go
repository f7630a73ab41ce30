package client

import (
	"context"
	"os"
	"sync"
	"time"
)

// StoredCredentials are those of a store, at hand without a wait: a sender
// chooses one while it holds the outbox. What is stored later, by another
// command, is noticed. It is safe for concurrent use; nil holds nothing.
type StoredCredentials struct {
	store *CredentialStore
	ctx   context.Context //nolint:containedctx // of the work in the background; ends with Close
	stop  context.CancelFunc
	work  sync.WaitGroup

	mu        sync.Mutex
	known     map[string]Credential
	trouble   map[string]error // by host
	damage    error            // of the file
	seen      os.FileInfo      // the file when it was read
	looked    time.Time
	reading   bool
	lookAgain time.Duration
}

// lookAgain is how soon a change of the file is noticed.
const lookAgain = 2 * time.Second

// Load reads all credentials of the store, those of the keyring within its
// bound. What can't be read is told by Credential. Close it.
func (s *CredentialStore) Load(ctx context.Context) *StoredCredentials {
	v := &StoredCredentials{store: s, lookAgain: lookAgain}
	v.ctx, v.stop = context.WithCancel(ctx)
	v.seen, _ = os.Stat(s.path)
	v.looked = time.Now()
	v.read()
	return v
}

// Close ends the work in the background.
func (v *StoredCredentials) Close() {
	if v == nil {
		return
	}
	v.stop()
	v.work.Wait()
}

// Credential is the one that is stored for a host, or none. The error says why
// one that is stored can't be had, and what to do.
func (v *StoredCredentials) Credential(host string) (Credential, error) {
	if v == nil {
		return Credential{}, nil
	}
	v.notice()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.damage != nil {
		return Credential{}, v.damage
	}
	return v.known[host], v.trouble[host]
}

// Troubles are the reasons why stored credentials can't be had.
func (v *StoredCredentials) Troubles() (all []error) {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.damage != nil {
		return []error{v.damage}
	}
	for _, err := range v.trouble {
		all = append(all, err)
	}
	return all
}

// notice reads the file again in the background when it has changed.
func (v *StoredCredentials) notice() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.reading || time.Since(v.looked) < v.lookAgain || v.ctx.Err() != nil {
		return
	}
	v.looked = time.Now()
	now, _ := os.Stat(v.store.path)
	if same(v.seen, now) {
		return
	}
	v.seen, v.reading = now, true
	v.work.Go(v.read)
}

func same(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

// read reads the store. A credential that the keyring gave once stays at hand
// when it doesn't answer again.
func (v *StoredCredentials) read() {
	known, trouble := map[string]Credential{}, map[string]error{}
	file, damage := v.store.read()
	for _, e := range file.Credentials {
		c, err := v.store.secret(v.ctx, e)
		if err != nil {
			trouble[e.Host] = err
			continue
		}
		known[e.Host] = c
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for host := range trouble {
		if c, had := v.known[host]; had {
			known[host] = c
			delete(trouble, host)
		}
	}
	v.known, v.trouble, v.damage, v.reading = known, trouble, damage, false
}
