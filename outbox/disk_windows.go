package outbox

import (
	"os"

	"golang.org/x/sys/windows"
)

// freeDisk is how many bytes the file system of a folder has left for this
// user.
func freeDisk(folder string) (int64, error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return int64(free), err
}

// unlock gives a file's lock back: closing does that here.
func unlock(*os.File) {}
