package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bounds of the cache.
const (
	maxCacheFiles = 512
	maxCacheBytes = 64 << 20 // of all files
	maxCacheEntry = 16 << 20 // of one answer; a larger one is not kept
)

// Cache keeps what was browsed last, a plain file an answer, so that it can be
// read again with no network. Answers are kept apart by host and by the
// credential that saw them: what one bearer saw, another does not get. Any
// number of processes may use one folder; a file that is damaged counts as
// none.
type Cache struct {
	dir   string
	log   *slog.Logger
	files int
	bytes int64
}

// NewCache keeps answers in a folder, which is made with the first one (0700,
// files 0600). The log is told of what could not be kept, for that spoils no
// reading.
func NewCache(dir string, log *slog.Logger) *Cache {
	return &Cache{dir: dir, log: log, files: maxCacheFiles, bytes: maxCacheBytes}
}

// cacheEntry is one answer and what it was an answer to.
type cacheEntry struct {
	Host       string          `json:"host"`
	Credential string          `json:"credential"` // fingerprint; "": anonymous
	Path       string          `json:"path"`
	Saved      time.Time       `json:"saved"`
	Total      int             `json:"total"`
	Sum        string          `json:"sha256"` // of the body as it stands in the file
	Body       json.RawMessage `json:"body"`
}

// suffix and tempPrefix tell the cache's own files from others in its folder,
// which it never touches.
const (
	cacheSuffix = ".json"
	tempPrefix  = ".writing-"
)

func (e cacheEntry) name() string {
	sum := sha256.Sum256([]byte(e.Host + "\x00" + e.Credential + "\x00" + e.Path))
	return hex.EncodeToString(sum[:16]) + cacheSuffix
}

// put keeps an answer in the place of an older one.
func (c *Cache) put(e cacheEntry) {
	if c == nil || len(e.Body) > maxCacheEntry {
		return
	}
	if err := c.write(e); err != nil && c.log != nil {
		c.log.Warn("the cache", "error", err)
	}
}

func (c *Cache) write(e cacheEntry) error {
	// The body is written compact, as the encoder would: the sum is of that.
	body, err := json.Marshal(e.Body)
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	e.Body, e.Sum = body, bodySum(body)
	text, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("the cache's folder: %w", err)
	}
	if err := writeWhole(filepath.Join(c.dir, e.name()), text, false); err != nil {
		return fmt.Errorf("keeping an answer: %w", err)
	}
	return c.trim()
}

// writeWhole writes a file of mode 0600 under its name only once it is whole,
// and on the disk where it must survive a power cut.
func writeWhole(path string, text []byte, durable bool) error {
	file, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*") // 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil && durable {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// get returns a kept answer. One that is damaged, or of another question, is
// none.
func (c *Cache) get(wanted cacheEntry) (e cacheEntry, found bool) {
	if c == nil {
		return e, false
	}
	text, err := os.ReadFile(filepath.Join(c.dir, wanted.name()))
	if err != nil || json.Unmarshal(text, &e) != nil {
		return e, false
	}
	whole := e.Host == wanted.Host && e.Credential == wanted.Credential && e.Path == wanted.Path && e.Sum == bodySum(e.Body)
	return e, whole
}

// drop forgets an answer.
func (c *Cache) drop(e cacheEntry) {
	if c == nil {
		return
	}
	err := os.Remove(filepath.Join(c.dir, e.name()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && c.log != nil {
		c.log.Warn("the cache", "error", err)
	}
}

// trim drops the oldest files until the rest is within the bounds. Files that
// another process drops at the same time are no trouble.
func (c *Cache) trim() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("the cache's folder: %w", err)
	}
	var files []fs.FileInfo
	var total int64
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), cacheSuffix) && !strings.HasPrefix(entry.Name(), tempPrefix) {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for len(files) > c.files || total > c.bytes {
		err := os.Remove(filepath.Join(c.dir, files[0].Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("dropping from the cache: %w", err)
		}
		total -= files[0].Size()
		files = files[1:]
	}
	return nil
}

func bodySum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
