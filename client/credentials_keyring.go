package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringService is the name that the system's keyring shows.
const keyringService = "burrow"

// How long a keyring may take: a person may have to unlock it in a dialog;
// where there is no screen for one, nobody will.
const (
	keyringDialog   = 30 * time.Second
	keyringHeadless = 3 * time.Second
)

// ErrNoKeyring says that there is no system keyring to use.
var ErrNoKeyring = errors.New("no system keyring can be reached here")

// KeyringWait says how long to wait for the system's keyring, by the
// environment: 0 where there is none, as on a Linux machine without a session
// bus, or where BURROW_KEYRING is off.
func KeyringWait(env func(string) string) time.Duration {
	if env("BURROW_KEYRING") == "off" {
		return 0
	}
	switch runtime.GOOS {
	case "windows", "darwin":
		return keyringDialog
	}
	if env("DBUS_SESSION_BUS_ADDRESS") == "" { // the library would start a bus of its own, if it can
		runtimeDir := env("XDG_RUNTIME_DIR")
		if runtimeDir == "" {
			runtimeDir = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
		}
		if _, err := os.Stat(filepath.Join(runtimeDir, "bus")); err != nil {
			return 0
		}
	}
	if env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "" {
		return keyringHeadless
	}
	return keyringDialog
}

func (s *CredentialStore) keyringSet(ctx context.Context, host, secret string) error {
	_, err := s.ask(ctx, func() (string, error) { return "", keyring.Set(keyringService, host, secret) })
	return err
}

func (s *CredentialStore) keyringGet(ctx context.Context, host string) (string, error) {
	return s.ask(ctx, func() (string, error) { return keyring.Get(keyringService, host) })
}

// keyringDelete deletes what is there; nothing there is no error.
func (s *CredentialStore) keyringDelete(ctx context.Context, host string) error {
	_, err := s.ask(ctx, func() (string, error) { return "", keyring.Delete(keyringService, host) })
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// ask asks the keyring within the store's bound. Its library can't be stopped:
// an answer that comes later is dropped, and the goroutine with it.
func (s *CredentialStore) ask(ctx context.Context, work func() (string, error)) (string, error) {
	if s.wait <= 0 {
		return "", ErrNoKeyring
	}
	type reply struct {
		text string
		err  error
	}
	replied := make(chan reply, 1)
	go func() {
		defer func() { // the library takes the shape of what comes over the bus for granted
			if p := recover(); p != nil {
				replied <- reply{err: errors.New("the system's keyring answered what it should not")}
			}
		}()
		text, err := work()
		replied <- reply{text, err}
	}()
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	select {
	case r := <-replied:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-timer.C:
		return "", fmt.Errorf("the system's keyring did not answer within %s", s.wait)
	}
}
