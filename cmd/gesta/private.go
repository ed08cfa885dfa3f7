package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// openSystem opens the server's own store, of the store with a URL or where given says, and makes it where there is none. It has the hashes of secrets.
func (e *env) openSystem(ctx context.Context, url, given string) (store.Store, error) {
	system := systemURL(url, given)
	if dir, ok := open.Path(system); ok {
		if err := makePrivate(e.abs(dir), given == ""); err != nil {
			return nil, pathFailed("the server's own store", err)
		}
	}
	s, err := e.openServed(ctx, system)
	if err != nil {
		return nil, fmt.Errorf("the server's own store: %w", err)
	}
	return s, nil
}

// makePrivate makes a directory that nobody else on the machine may look into. One that is there is closed to others where tighten says so; where it is another user's, that
// is for the other one to do.
func makePrivate(dir string, tighten bool) error {
	const others, private = 0o077, 0o700
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // only what is in dir is secret
		return err
	}
	err := os.Mkdir(dir, private)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if !tighten {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&others == 0 {
		return err // what is no directory, opening it tells
	}
	if err := os.Chmod(dir, info.Mode().Perm()&^others); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
