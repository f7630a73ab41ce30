package outbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// foreignWait is how long another program that has the file open under bbolt's
// own lock is waited for; burrow's own processes use the side lock.
const foreignWait = 2 * time.Second

// growStep is how many bytes a file of more than that grows by at once. bbolt's
// own 16 MB are an eighth of an outbox of 100,000 runs.
const growStep = 1 << 20

// openFile opens a bbolt file, which is made if it is not there, works on it and
// closes it.
func openFile(path string, readOnly bool, work func(*bolt.DB) error) error {
	return openFileWith(path, &bolt.Options{ReadOnly: readOnly, OpenFile: os.OpenFile}, func(db *bolt.DB, _ *guard) error { return work(db) })
}

// openFileWith opens a bbolt file by the options' OpenFile. bbolt panics on some
// damaged files, and a file that was cut is mapped beyond its end: both become
// an error.
func openFileWith(path string, options *bolt.Options, work func(*bolt.DB, *guard) error) (err error) {
	var file *os.File
	open := options.OpenFile
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		opened, err := open(name, flag, mode)
		file = opened
		return opened, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			// A panic in a commit leaves bbolt's own lock held: DB.Close would wait
			// for ever. Closing the file frees it for others; the mapping is lost.
			if file != nil {
				unlock(file)
				_ = file.Close()
			}
			err = &damagedFileError{path: path, cause: fmt.Errorf("%v", r), panicked: true}
		}
	}()
	options.Timeout, options.FreelistType = foreignWait, bolt.FreelistMapType
	db, err := bolt.Open(path, 0o600, options)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("the outbox %s is open in another program: close it there", path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF),
		err != nil && strings.Contains(err.Error(), "file size too small"): // it has no name in bbolt
		return damagedFile(path, err)
	case errors.Is(err, ErrDamagedFile):
		return err
	case err != nil:
		return fmt.Errorf("opening the outbox %s: %w", path, err)
	}
	db.AllocSize = growStep
	var g *guard
	if err = soundMeta(file, int64(db.Info().PageSize)); err == nil {
		err = db.View(func(tx *bolt.Tx) (err error) {
			g, err = newGuard(file, tx)
			return err
		})
	}
	if m, found := newestMeta(file); err == nil && found && !options.ReadOnly {
		g.free, _, err = readFreelist(file, m)
	}
	if err != nil {
		err = damagedFile(path, err)
	} else {
		err = work(db, g)
	}
	if closed := db.Close(); err == nil && closed != nil {
		err = fmt.Errorf("closing the outbox %s: %w", path, closed)
	}
	return err
}

// damagedFileError says what is wrong with a file. It is ErrDamagedFile.
type damagedFileError struct {
	path     string
	cause    error
	panicked bool // bbolt did
}

func (e *damagedFileError) Error() string {
	return fmt.Sprintf("%v: %s (%v)", ErrDamagedFile, e.path, e.cause)
}

func (e *damagedFileError) Is(target error) bool { return target == ErrDamagedFile }

func (e *damagedFileError) Unwrap() error { return e.cause }

func damagedFile(path string, cause error) error { return &damagedFileError{path: path, cause: cause} }

// syncFolder makes a rename in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing the folder %s: %w", path, err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !isWindows {
		return fmt.Errorf("syncing the folder %s: %w", path, err)
	}
	return nil
}
