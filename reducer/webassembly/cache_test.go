package webassembly_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/webassembly"
)

// fold begins a state by a module made by hand, with a cache, and folds an event.
func fold(t *testing.T, dir string) {
	t.Helper()
	r, err := webassembly.New("made.wasm", assemble(nil, "memory", byHand()...), webassembly.Options{CacheDir: dir, EventTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	f := begin(t, r)
	events := history("x", "")
	events[0].Position = 1
	run(t, f, events, reducer.Want{})
	if got := string(f.AppendState(nil)); got != `{"made":"by hand"}` {
		t.Errorf("state = %s", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// kept returns the files in a directory, with their contents.
func kept(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			b, err := os.ReadFile(path)
			files[path] = string(b)
			return err
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCacheDir keeps a module and what its files have to be, and compiles anew where they are not.
func TestCacheDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "cache")
	fold(t, dir)
	files := kept(t, dir)
	if len(files) != 2 {
		t.Fatalf("%d files are in the cache", len(files))
	}
	fold(t, dir)
	if diff := cmp.Diff(files, kept(t, dir)); diff != "" {
		t.Error(diff)
	}
	for name, text := range files {
		for _, change := range []string{"", text[:len(text)/2], text + "x", strings.Replace(text, text[len(text)/2:], strings.Repeat("\xcc", len(text)-len(text)/2), 1)} {
			if err := os.WriteFile(name, []byte(change), 0o600); err != nil {
				t.Fatal(err)
			}
			fold(t, dir)
			if diff := cmp.Diff(files, kept(t, dir)); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		fold(t, dir)
		if diff := cmp.Diff(files, kept(t, dir)); diff != "" {
			t.Fatalf("%s: %s", name, diff)
		}
	}
}

// TestCacheThatIsNone goes without one.
func TestCacheThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fold(t, file)
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	fold(t, shared)
	if files := kept(t, shared); len(files) > 0 {
		t.Errorf("a directory of all has %d files", len(files))
	}
}

// TestCacheIsBounded keeps the modules that were used last.
func TestCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // for the user alone
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range append(strings.Split("abcdefghijklmnopqrst", ""), ".new-1") {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	fold(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 16 || strings.HasPrefix(entries[0].Name(), ".") || len(kept(t, dir)) != 2 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
}
