//go:build !linux

package outbox

import "testing"

// smallDisk needs Linux.
func smallDisk(t *testing.T, _ string) (folder string, grow func()) {
	t.Helper()
	t.Skip("a small file system can be mounted on Linux only")
	return "", nil
}

// readOnlyDisk needs Linux.
func readOnlyDisk(t *testing.T) (folder string, remount func(readOnly bool)) {
	t.Helper()
	t.Skip("a file system can be mounted read-only on Linux only")
	return "", nil
}
