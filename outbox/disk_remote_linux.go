package outbox

import "golang.org/x/sys/unix"

// RemoteDisk tells whether a folder lies on a network's file system, and which:
// their locks and syncs can't be relied on.
func RemoteDisk(folder string) (kind string, remote bool) {
	const smb2, cifs = 0xFE534D42, 0xFF534D42 // unix has no name for the first
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return "", false
	}
	switch uint32(stat.Type) {
	case unix.NFS_SUPER_MAGIC:
		return "NFS", true
	case unix.SMB_SUPER_MAGIC, smb2, cifs:
		return "SMB", true
	}
	return "", false
}
