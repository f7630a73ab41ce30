//go:build !linux

package main

import "github.com/rogpeppe/go-internal/testscript"

const canMount = false

func scriptSmallDisk(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("a small file system can be mounted on Linux only")
}
