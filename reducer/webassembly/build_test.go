package webassembly_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store"
)

// goPackage writes a package of one file, in a module of its own that needs no other.
func goPackage(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": source, "go.mod": "module example.com/odd\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuildTwice(t *testing.T) {
	first := module(t, "merge")
	out := filepath.Join(t.TempDir(), "again.wasm")
	if err := webassembly.Build(t.Context(), "github.com/gestadb/gesta/reducer/webassembly/testdata/merge", out, webassembly.Options{}); err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(out)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the same package makes modules of %d and %d bytes: %v", len(first), len(second), err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); err != nil || len(left) > 0 {
		t.Errorf("there are %v: %v", left, err)
	}
}

// cannotBegin is a reducer by its interface.
const cannotBegin = `package main

import "unsafe"

//go:wasmexport gesta_reducer_1_begin
func begin() int32 { panic("there is nothing to begin with") }

//go:wasmexport gesta_reducer_1_buffer
func buffer(uint32) unsafe.Pointer { return nil }

//go:wasmexport gesta_reducer_1_apply
func apply(uint32) int32 { return 0 }

//go:wasmexport gesta_reducer_1_state
func state() uint64 { return 0 }

//go:wasmexport gesta_reducer_1_problem
func problem() uint64 { return 0 }

func main() {}
`

func TestBuildErrors(t *testing.T) {
	for _, tt := range []struct {
		name, source, want string
		is                 error
	}{
		{"no reducer", "package main\n\nfunc main() {}\n", "has to use the package reducer/guest", store.ErrInvalid},
		{"does not compile", "package main\n\nfunc main() { return 1 }\n", "main.go:3:22: too many return values", nil},
		{"no main", "package odd\n", "main package", nil},
		{"cannot begin", cannotBegin, "panic: there is nothing to begin with", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := goPackage(t, tt.source)
			out := filepath.Join(t.TempDir(), "out.wasm")
			err := webassembly.Build(t.Context(), dir, out, webassembly.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(left) > 0 {
				t.Errorf("there are %v", left)
			}
		})
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	if err := webassembly.Build(t.Context(), "example.com/nowhere", out, webassembly.Options{}); err == nil || !strings.Contains(err.Error(), "example.com/nowhere") {
		t.Error(err)
	}
	if err := webassembly.Build(t.Context(), "testdata/merge", filepath.Join(out, "in", "no", "directory"), webassembly.Options{}); err == nil {
		t.Error("there is no directory to write to")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := webassembly.Build(ctx, "testdata/merge", out, webassembly.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBuildWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := webassembly.Build(t.Context(), "testdata/merge", filepath.Join(t.TempDir(), "out.wasm"), webassembly.Options{})
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "the go command is not in PATH") {
		t.Error(err)
	}
}

// What is built was begun: the machine code is there for the first fold, and a package that cannot begin is not written.
func TestBuildChecks(t *testing.T) {
	cache, out := filepath.Join(t.TempDir(), "cache"), filepath.Join(t.TempDir(), "merge.wasm")
	if err := webassembly.Build(t.Context(), "testdata/merge", out, webassembly.Options{CacheDir: cache}); err != nil {
		t.Fatal(err)
	}
	was := kept(t, cache)
	if len(was) != 2 {
		t.Fatalf("the cache has %d files", len(was))
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r, err := webassembly.New("merge.wasm", module, webassembly.Options{CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	if err := begin(t, r).Close(); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(was, kept(t, cache)); diff != "" {
		t.Errorf("the first fold has compiled anew:\n%s", diff)
	}
}
