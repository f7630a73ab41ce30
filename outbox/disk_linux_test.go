package outbox

import (
	"syscall"
	"testing"
)

// smallDisk mounts a file system of that size, which can be made to grow.
func smallDisk(t *testing.T, size string) (folder string, grow func()) {
	t.Helper()
	folder = t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small file system can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, 0) })
	return folder, func() {
		if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Error(err)
		}
	}
}

// readOnlyDisk mounts a file system that can be made read-only and writable
// again.
func readOnlyDisk(t *testing.T) (folder string, remount func(readOnly bool)) {
	t.Helper()
	folder, _ = smallDisk(t, "64m")
	return folder, func(readOnly bool) {
		flags := uintptr(syscall.MS_REMOUNT)
		if readOnly {
			flags |= syscall.MS_RDONLY
		}
		if err := syscall.Mount("tmpfs", folder, "tmpfs", flags, "size=64m"); err != nil {
			t.Fatal(err)
		}
	}
}
