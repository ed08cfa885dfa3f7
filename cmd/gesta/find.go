package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// storeDir is the name of the directory that is a store and is found upward from the working directory.
const storeDir = ".gesta"

// openReader opens the store of this command line for reading.
func (e *env) openReader(ctx context.Context) (store.Store, error) {
	return e.open(ctx, open.Options{Reader: true, MustExist: true})
}

// openWriter opens the store of this command line for writing. It must exist: only gesta init makes one.
func (e *env) openWriter(ctx context.Context) (store.Store, error) {
	return e.open(ctx, open.Options{MustExist: true})
}

func (e *env) open(ctx context.Context, o open.Options) (store.Store, error) {
	url, err := e.storeURL()
	if err != nil {
		return nil, err
	}
	o.Clock = e.clock
	if err := e.introduced(url, &o); err != nil {
		return nil, err
	}
	backend := e.backend
	if backend == nil {
		backend = open.Open
	}
	s, err := backend(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", url, hungUp(url, err))
	}
	return s, nil
}

// storeURL finds the store: --store, else GESTA_STORE, else upward from the working directory.
func (e *env) storeURL() (string, error) {
	given := e.global.store
	if given == "" {
		given = e.getenv("GESTA_STORE")
	}
	if given == "" {
		return e.findUpward()
	}
	path, isPath := open.Path(given)
	if !isPath {
		return given, refuseSecret(given)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.dir, path)
	}
	inner := filepath.Join(path, storeDir)
	info, err := os.Stat(inner)
	switch {
	case err == nil && info.IsDir():
		return inner, refuseForeign(inner)
	case err != nil && !isMissing(err):
		return "", fmt.Errorf("look for %s: %w", inner, err)
	}
	info, err = os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return "", notFoundf("a store is a directory", "there is no store at %s: it is a file", path)
	case isMissing(err):
		if hostAndPort.MatchString(given) {
			return "", notFoundf("the URL of a server begins with http:// or https://: http://"+given, "there is no store at %s", path)
		}
		return "", notFoundf("gesta init makes one: gesta init --store "+given, "there is no store at %s", path)
	case err != nil:
		return "", fmt.Errorf("look for %s: %w", path, err)
	}
	return path, nil
}

// isMissing says whether err is that of a path at which there is nothing, also because a file stands where a directory would.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (e *env) findUpward() (string, error) {
	for dir := e.dir; ; {
		candidate := filepath.Join(dir, storeDir)
		info, err := os.Stat(candidate)
		switch {
		case err == nil && info.IsDir():
			return candidate, refuseForeign(candidate)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for %s: %w", candidate, err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", notFoundf("gesta init makes a store here; --store or GESTA_STORE name one elsewhere",
				"there is no %s here or in any directory above", storeDir)
		}
		dir = parent
	}
}
