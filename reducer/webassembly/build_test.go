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
	if err := webassembly.Build(t.Context(), "github.com/gestadb/gesta/reducer/webassembly/testdata/merge", out); err != nil {
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

func TestBuildErrors(t *testing.T) {
	for _, tt := range []struct {
		name, source, want string
		is                 error
	}{
		{"no reducer", "package main\n\nfunc main() {}\n", "has to use the package reducer/guest", store.ErrInvalid},
		{"does not compile", "package main\n\nfunc main() { return 1 }\n", "main.go:3:22: too many return values", nil},
		{"no main", "package odd\n", "main package", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := goPackage(t, tt.source)
			out := filepath.Join(t.TempDir(), "out.wasm")
			err := webassembly.Build(t.Context(), dir, out)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), "*")); len(left) > 0 {
				t.Errorf("there are %v", left)
			}
		})
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	if err := webassembly.Build(t.Context(), "example.com/nowhere", out); err == nil || !strings.Contains(err.Error(), "example.com/nowhere") {
		t.Error(err)
	}
	if err := webassembly.Build(t.Context(), "testdata/merge", filepath.Join(out, "in", "no", "directory")); err == nil {
		t.Error("there is no directory to write to")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := webassembly.Build(ctx, "testdata/merge", out); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestBuildWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := webassembly.Build(t.Context(), "testdata/merge", filepath.Join(t.TempDir(), "out.wasm"))
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "the go command is not in PATH") {
		t.Error(err)
	}
}
