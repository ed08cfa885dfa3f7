//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestServersOwnStoreIsPrivate looks at who may look into the directory, where it was not there and where it was.
func TestServersOwnStoreIsPrivate(t *testing.T) {
	served := filepath.Join(t.TempDir(), "shop")
	own, elsewhere, shared := filepath.Join(served, "server"), filepath.Join(t.TempDir(), "deep", "users"), t.TempDir()
	if err := os.Chmod(shared, 0o750); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	steps := []struct {
		name, args string
		dir        string
		want       os.FileMode
	}{
		{"made with the store", "", own, 0o700},
		{"as before", "", own, 0o700},
		{"made elsewhere", elsewhere, elsewhere, 0o700},
		{"chosen", shared, shared, 0o750},
	}
	look := func(name, dir string, want os.FileMode) {
		t.Helper()
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: %s is %s, want %s", name, dir, got, want)
		}
	}
	for _, s := range steps {
		e, ctx := &env{dir: t.TempDir(), global: globalFlags{store: served}, getenv: func(string) string { return "" }}, t.Context()
		list := func(context.Context, *administration) error { return nil }
		if err := e.withUsers(ctx, &systemFlags{system: s.args}, list); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		look(s.name, s.dir, s.want)
	}
	look("the store that is served", served, 0o755&^umask(t))
	// One that others may look into is closed to them.
	if err := os.Chmod(own, 0o755); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	e := &env{dir: t.TempDir()}
	s, err := e.openSystem(t.Context(), served, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("open to all", own, 0o700)
}

// umask returns what a directory that is made lacks.
func umask(t *testing.T) os.FileMode {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "d")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	return 0o777 &^ info.Mode().Perm()
}
