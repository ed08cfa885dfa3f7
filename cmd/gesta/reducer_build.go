package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store/eventjson"
)

const reducerHelp = `Work on reducers: the rules by which events are folded into a state. gesta state, diff and the others take one by
--reducer.`

const reducerBuildHelp = `Build a reducer from Go: the fold of your own program, compiled to WebAssembly. PACKAGE is a directory or an import path of a
program that imports github.com/gestadb/gesta/reducer/guest and says in an init function what it folds by:

  package main

  import (
      "example.com/shop"
      "github.com/gestadb/gesta/reducer/guest"
  )

  func init() { guest.Decider(shop.Order, shop.Model) }

  func main() {}

The go command does the work. The same source makes the same file, and the file can be used where there is no Go. Without -o it is written to the
working directory and named for the package. A state is begun by it first, so that it is known to work and is compiled when it is used. It needs no store.`

func newReducerCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "reducer",
		Short:   "Build reducers",
		Long:    reducerHelp,
		Example: "  gesta reducer build ./reducers/order -o .gesta/reducers/order.wasm",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newReducerBuildCommand(e))
	return cmd
}

func newReducerBuildCommand(e *env) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "build PACKAGE",
		Short:   "Build a reducer from a Go package",
		Long:    reducerBuildHelp,
		Example: "  gesta reducer build ./reducers/order\n  gesta reducer build ./reducers/order -o .gesta/reducers/order.wasm",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.reducerBuild(cmd.Context(), args[0], out) },
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the reducer to this `FILE`")
	return cmd
}

// reducerDocument is the document of reducer build.
type reducerDocument struct {
	File     string `json:"file"`
	Bytes    int    `json:"bytes"`
	Identity string `json:"identity"`
}

func (e *env) reducerBuild(ctx context.Context, pkg, out string) error {
	name := filepath.Base(pkg)
	if info, err := os.Stat(e.abs(pkg)); err == nil && info.IsDir() {
		pkg = e.abs(pkg)
		name = filepath.Base(pkg)
	}
	if out == "" {
		out = name + ".wasm"
	}
	err := webassembly.Build(ctx, pkg, e.abs(out), webassembly.Options{CacheDir: compiledDir()})
	_, failed := errors.AsType[*exec.ExitError](err)
	_, wrong := errors.AsType[*sandbox.SourceError](err)
	if failed || wrong || errors.Is(err, exec.ErrNotFound) {
		return usagef("%s", err) // how the source is written, or what the machine lacks
	}
	if err != nil {
		return pathFailed("-o "+out, err)
	}
	module, err := os.ReadFile(e.abs(out))
	if err != nil {
		return fmt.Errorf("read the reducer: %w", err)
	}
	doc := reducerDocument{File: out, Bytes: len(module), Identity: webassembly.Identity(module)}
	if e.jsonMode() {
		return e.printDocument(ctx, &eventjson.Basis{NoHead: true}, doc)
	}
	_, err = fmt.Fprintf(e.stdout, "%s  %s bytes  %s\n", doc.File, thousands(doc.Bytes), doc.Identity)
	return err
}
