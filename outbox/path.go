package outbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// mostLinks is how many links are followed: more is a circle.
const mostLinks = 40

// realPath follows links to where the outbox lies, or will lie. All names of
// one file must have one lock, and what takes the file's place must not take a
// link's.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("outbox %s: %w", path, err)
	}
	for range mostLinks {
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		switch {
		case err == nil:
			path = filepath.Join(folder, filepath.Base(path))
		case !errors.Is(err, os.ErrNotExist): // a folder that is not there yet is made
			return "", fmt.Errorf("outbox %s: %w", path, err)
		}
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // it is no link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return "", fmt.Errorf("outbox %s: its links lead nowhere", path)
}
