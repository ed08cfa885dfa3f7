package webassembly

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// longestOutput bounds what an error tells of the output of go, in bytes.
const longestOutput = 8 << 10

// Build compiles a package main that uses reducer/guest into a module, and writes that to the file out. pkg is a directory, or an import path that go
// knows in the working directory. The go command has to be in PATH, else the error is [exec.ErrNotFound]. The same source makes the same module,
// wherever and whenever it is built by the same Go: nothing of version control and of directories is in it.
//
// A fold is begun by the module before it is written, in a process as those of a [Reducer] with these options, so that it is in Options.CacheDir when it is used first.
//
// An error has what go says of the source. A package that makes a module without the interface is a [store.ErrInvalid], one that cannot begin a fold is an error as of [Reducer.New], and nothing is written.
func Build(ctx context.Context, pkg, out string, o Options) (err error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("build a reducer: the go command is not in PATH: install Go from https://go.dev/dl (%w)", exec.ErrNotFound)
	}
	if out, err = filepath.Abs(out); err != nil {
		return fmt.Errorf("build a reducer: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(out), ".reducer-")
	if err != nil {
		return fmt.Errorf("build a reducer: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	built := filepath.Join(dir, "reducer.wasm")
	if err := compile(ctx, tool, pkg, built); err != nil {
		return fmt.Errorf("build a reducer of %s: %w", pkg, err)
	}
	module, err := os.ReadFile(built)
	if err != nil {
		return fmt.Errorf("build a reducer of %s: go has written no module: %w", pkg, err)
	}
	if err := check(ctx, filepath.Base(out), module, o); err != nil {
		return fmt.Errorf("build a reducer of %s: %w", pkg, err)
	}
	if err := os.Chmod(built, 0o644); err != nil { //nolint:gosec // as any compiler's output, for all to read
		return fmt.Errorf("build a reducer: %w", err)
	}
	if err := os.Rename(built, out); err != nil {
		return fmt.Errorf("build a reducer: %w", err)
	}
	return nil
}

// compile runs go build.
func compile(ctx context.Context, tool, pkg, out string) error {
	args := []string{"build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out}
	cmd := exec.CommandContext(ctx, tool)
	cmd.WaitDelay = time.Second
	if info, err := os.Stat(pkg); err == nil && info.IsDir() {
		cmd.Dir, pkg = pkg, "."
	}
	cmd.Args = append(append(cmd.Args, args...), "--", pkg)
	cmd.Env = append(cmd.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	text := strings.TrimSpace(said.String())
	if len(text) > longestOutput {
		text = strings.ToValidUTF8(text[:longestOutput], "") + "…"
	}
	return fmt.Errorf("go build: %w\n%s", err, text)
}

// check begins a fold by a module.
func check(ctx context.Context, name string, module []byte, o Options) error {
	r, err := New(name, module, o)
	if err != nil {
		return err
	}
	f, err := r.New(ctx)
	if err == nil {
		err = f.Close()
	}
	return errors.Join(err, r.Close())
}
