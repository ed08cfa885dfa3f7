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

	"github.com/tetratelabs/wazero"
)

// longestOutput bounds what an error tells of the output of go, in bytes.
const longestOutput = 8 << 10

// Build compiles a package main that uses reducer/guest into a module, and writes that to the file out. pkg is a directory, or an import path that go
// knows in the working directory. The go command has to be in PATH, else the error is [exec.ErrNotFound]. The same source makes the same module,
// wherever and whenever it is built by the same Go: nothing of version control and of directories is in it.
//
// An error has what go says of the source. A package that makes a module without the interface is a [store.ErrInvalid], and nothing is written.
func Build(ctx context.Context, pkg, out string) (err error) {
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
	if err := check(ctx, module); err != nil {
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

// check says what is wrong with a module, without making machine code of it.
func check(ctx context.Context, module []byte) (err error) {
	if err := checkMagic(module); err != nil {
		return err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithDebugInfoEnabled(false))
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	m, err := r.CompileModule(ctx, module)
	if err != nil {
		return invalidf("is not a valid WebAssembly module: %s", bounded(err.Error()))
	}
	return checkInterface(m)
}
