package main

import (
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptDamage overwrites bytes of a file with zeroes. Usage: damage FILE FROM
// TO.
func scriptDamage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	data := []byte(ts.ReadFile(path))
	clear(data[from:to])
	ts.Check(os.WriteFile(path, data, 0o600))
}

// scriptCut copies the first two thirds of a file. Usage: cut FROM TO.
func scriptCut(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)*2/3], 0o600))
}
