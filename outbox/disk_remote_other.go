//go:build !linux

package outbox

// RemoteDisk tells whether a folder lies on a network's file system, and which.
// It can't tell here.
func RemoteDisk(string) (kind string, remote bool) { return "", false }
