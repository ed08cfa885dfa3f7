// Command mutants breaks the engine on purpose, in each way of a list, and sees a test catch it. It is run by
//
//	go run ./internal/mutants [-doc] [NAME...]
//
// in the root of the module, for all mutants or for some. Each is compiled through an overlay: nothing is written to the tree. The
// tests must pass without a mutant first. A mutant that survives, that no longer applies, or that does not compile
// makes the exit code 1. With -doc it prints the page docs/mutants.md and runs nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// errSurvived says that not every mutant was caught; which ones has been printed.
var errSurvived = errors.New("not every mutant was caught")

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	doc := flags.Bool("doc", false, "print the page docs/mutants.md and run nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(engine(), flags.Args())
	if err != nil {
		return err
	}
	if *doc {
		_, err := io.WriteString(out, markdown(chosen))
		return err
	}
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	return try(ctx, root, chosen, 120*time.Second, out)
}

// engine returns all mutants of the engine, in the order of the page about them.
func engine() []mutant {
	return slices.Concat(writing(), filling(), deciding(), recovering(), forgetting(), indexing(), reading())
}

// choose returns the mutants with some names, or all of them.
func choose(all []mutant, names []string) ([]mutant, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []mutant
	for _, name := range names {
		i := slices.IndexFunc(all, func(m mutant) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no mutant %q", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// moduleRoot returns the directory of go.mod, at or above the working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod here or above")
		}
		dir = up
	}
}
