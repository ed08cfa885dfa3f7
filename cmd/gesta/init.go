package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

const initHelp = `Make a store: the directory .gesta in DIR, or in the working directory. The other commands find it from there and
from every directory below.

In a directory that has one already nothing is changed, and that is no error. With --store PATH the store is made at
that path itself.`

func newInitCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		Short:   "Make a store",
		Long:    initHelp,
		Example: "  gesta init\n  gesta init ~/books\n  gesta init --store /var/lib/orders",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := e.initPath(args)
			if err != nil {
				return err
			}
			return e.initStore(cmd.Context(), path)
		},
	}
}

// initPath says where the store is to be: DIR/.gesta, or what --store names. GESTA_STORE does not count: it names the store
// that one works with, not the next one.
func (e *env) initPath(args []string) (string, error) {
	if e.global.store == "" {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		return filepath.Join(e.abs(dir), storeDir), nil
	}
	if len(args) == 1 {
		return "", usagef("a directory and --store: name one of them")
	}
	path, ok := open.Path(e.global.store)
	if !ok {
		return "", usagef("%s is not a directory that could hold a store", e.global.store)
	}
	return e.abs(path), nil
}

func (e *env) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(e.dir, path)
}

func (e *env) initStore(ctx context.Context, path string) (err error) {
	if dir := filepath.Dir(path); filepath.Base(path) == storeDir && holdsStore(dir) {
		return usageHint("gesta --store "+dir+" works with it", "%s is a store itself", dir)
	}
	existed, err := holdsSomething(path)
	if err != nil {
		return err
	}
	if e.global.store == "" {
		if err := refuseForeign(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// One that is there is only looked at: a writer may be at work in it.
	s, err := open.Open(ctx, path, open.Options{Reader: existed, MustExist: existed, Clock: e.clock})
	if existed && errors.Is(err, store.ErrNotFound) {
		return usageHint("name another directory, or empty this one", "%s holds something that is no store", path)
	}
	if err != nil {
		return fmt.Errorf("make store %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	basis, err := basisOf(ctx, s)
	if err != nil {
		return err
	}
	if e.jsonMode() {
		return e.printDocument(ctx, &basis, struct {
			Path    string         `json:"path"`
			Created bool           `json:"created"`
			Head    store.Position `json:"head"`
		}{path, !existed, basis.Head})
	}
	if existed {
		e.note("There is a store at %s already, with head %d.", path, basis.Head)
		return nil
	}
	e.note("Made an empty store at %s.", path)
	if used := e.getenv("GESTA_STORE"); used != "" && e.global.store == "" && e.abs(used) != path && e.abs(used) != filepath.Dir(path) {
		e.warn("GESTA_STORE is set: commands work with %s until it is unset", used)
	}
	return nil
}

// holdsStore says whether a directory is a store.
func holdsStore(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "gesta.json"))
	return err == nil
}

// holdsSomething says whether there is a directory with something in it.
func holdsSomething(path string) (bool, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return false, usagef("%s cannot be a store: a file stands there, or in its way", path)
	}
	if err != nil {
		return false, fmt.Errorf("look at %s: %w", path, err)
	}
	return len(entries) > 0, nil
}
