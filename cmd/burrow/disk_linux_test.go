package main

import (
	"os"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

const canMount = true

// scriptSmallDisk mounts a file system of a size: smalldisk FOLDER SIZE.
func scriptSmallDisk(ts *testscript.TestScript, _ bool, args []string) {
	folder := ts.MkAbs(args[0])
	ts.Check(os.Mkdir(folder, 0o700))
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+args[1]); err != nil {
		ts.Fatalf("mounting a small file system: %v", err)
	}
	ts.Defer(func() { _ = syscall.Unmount(folder, 0) })
}
