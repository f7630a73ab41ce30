//go:build unix

package outbox

import "golang.org/x/sys/unix"

// freeDisk is how many bytes the file system of a folder has left for this
// user.
func freeDisk(folder string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:unconvert // the types differ between systems
}
