package webassembly

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
)

/*
The cache has a directory for each module, named by its SHA-256, with what wazero has written and a file sum: the SHA-256 of that. What is kept is run as machine code, and wazero checks but part of it. So
a directory is used only when its sum is right, and only when no other user may write to the cache; whoever else may is the user, who needs no cache to run what they want. A directory is made beside, and gets its name
when it is complete.
*/
const (
	sumFile   = "sum"
	newPrefix = ".new-"

	maxKept     = 16        // modules in a cache
	maxCompiled = 256 << 20 // bytes of one of them
	stale       = time.Hour // after which a directory that was not completed is not going to be
)

// cached is the place of a module in the cache.
type cached struct {
	cache wazero.CompilationCache
	base  string
	entry string // its directory in base
	dir   string // that which is used: entry, or one that becomes it
}

// openCache returns the place of a module, nil where there cannot be one.
func openCache(base string, module []byte) *cached {
	if base == "" || os.MkdirAll(base, 0o700) != nil || !isPrivate(base) {
		return nil
	}
	sum := sha256.Sum256(module)
	c := &cached{base: base, entry: filepath.Join(base, hex.EncodeToString(sum[:]))}
	c.dir = c.entry
	if !intact(c.entry) {
		if os.RemoveAll(c.entry) != nil {
			return nil
		}
		var err error
		if c.dir, err = os.MkdirTemp(base, newPrefix); err != nil {
			return nil
		}
	}
	cache, err := wazero.NewCompilationCacheWithDir(c.dir)
	if err != nil {
		return nil
	}
	c.cache = cache
	return c
}

// keep keeps what was compiled. A cache that cannot be written costs time, and nothing else.
func (c *cached) keep() {
	if c.dir == c.entry {
		now := time.Now()               //nolint:forbidigo // files have the system's time
		_ = os.Chtimes(c.dir, now, now) // it was used
		return
	}
	sum, err := sumOf(c.dir)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.dir, sumFile), sum, 0o600)
	}
	if err == nil {
		err = os.Rename(c.dir, c.entry)
	}
	if err != nil { // such as that another process has made the entry
		_ = os.RemoveAll(c.dir)
	}
	c.prune()
}

// drop forgets what cannot be used.
func (c *cached) drop() {
	_ = c.cache.Close(context.Background())
	_ = os.RemoveAll(c.dir)
}

// prune removes what was not used for longest, and what was not completed.
func (c *cached) prune() {
	entries, err := os.ReadDir(c.base)
	if err != nil {
		return
	}
	var kept []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil || !info.IsDir():
		case !strings.HasPrefix(info.Name(), newPrefix):
			kept = append(kept, info)
		case time.Since(info.ModTime()) > stale: //nolint:forbidigo // files have the system's time
			_ = os.RemoveAll(filepath.Join(c.base, info.Name()))
		}
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, info := range kept[min(maxKept, len(kept)):] {
		_ = os.RemoveAll(filepath.Join(c.base, info.Name()))
	}
}

// intact says whether a directory is there as it was made.
func intact(dir string) bool {
	want, err := os.ReadFile(filepath.Join(dir, sumFile))
	if err != nil {
		return false
	}
	got, err := sumOf(dir)
	return err == nil && bytes.Equal(got, want)
}

var errForeign = errors.New("it has what is not of the cache")

// sumOf returns the SHA-256 of the names and the contents of the files in a directory, but sum.
func sumOf(dir string) ([]byte, error) {
	h := sha256.New()
	var size int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(dir, sumFile) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if size += info.Size(); !info.Mode().IsRegular() || size > maxCompiled {
			return errForeign
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, _ = fmt.Fprintf(h, "%q %d\n", name, info.Size()) // a hash takes everything
		n, err := io.Copy(h, f)
		if n != info.Size() {
			return errForeign
		}
		return err
	})
	return h.Sum(nil), err
}
