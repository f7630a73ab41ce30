//go:build unix

package outbox

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeDisk is how many bytes the file system of a folder has left for this
// user.
func freeDisk(folder string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:unconvert // the types differ between systems
}

// unlock gives a file's lock back. Closing does not, as long as a mapping holds
// the file.
func unlock(file *os.File) { _ = unix.Flock(int(file.Fd()), unix.LOCK_UN) }
