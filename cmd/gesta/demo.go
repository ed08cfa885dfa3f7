package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

const demoHelp = `Walk through what gesta can do, in a store of its own: every command is printed before its output, as one would type it.

The history is the git log of the repository in which the command is run, with a stream for each file; elsewhere, or
with --history orders, it is that of a small shop. One value in it is wrong. The walk finds it.

The store is made in a temporary directory and removed in the end; --dir DIR makes it there and leaves it.`

func newDemoCommand(e *env) *cobra.Command {
	var dir, history string
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Walk through what gesta can do",
		Long:    demoHelp,
		Example: "  gesta demo\n  gesta demo --history orders --dir /tmp/shop",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.demo(cmd.Context(), dir, history)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "make the store in this directory and leave it there")
	cmd.Flags().StringVar(&history, "history", "", "the history: git or orders (default git in a repository, else orders)")
	return cmd
}

// demoHistory is a history with one wrong value, and what the walk has to know of it.
type demoHistory struct {
	intro   string // what the history is, a sentence or two
	file    string // the name of the file that it is imported from
	commits []demoCommit

	target  string // the stream with the wrong value
	member  string // the member of its data that is wrong
	wrong   string // what is wrong about it, such as "Nobody owes a negative sum."
	planted uint64 // the version at which it went wrong
	repair  string // data that puts it right
	repairs string // the type of the event that does
	before  string // a time when all was well, RFC 3339
}

// demo makes the directory, the history, and walks.
func (e *env) demo(ctx context.Context, dir, history string) (err error) {
	if e.jsonMode() {
		return usagef("gesta demo is for people: it prints no JSON")
	}
	h, err := e.demoHistory(ctx, history)
	if err != nil {
		return err
	}
	path, err := e.demoDir(dir)
	if err != nil {
		return err
	}
	if dir == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(path)) }()
	}
	if err := h.write(filepath.Join(path, h.file)); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	w := &demoWalk{ctx: ctx, e: e, dir: path, h: h}
	w.walk()
	if w.err == nil {
		w.farewell(dir != "")
	}
	return w.err
}

// demoDir returns an empty directory.
func (e *env) demoDir(dir string) (string, error) {
	if dir == "" {
		path, err := os.MkdirTemp("", "gesta-demo-")
		if err != nil {
			return "", pathFailed("make a directory for the demonstration", err)
		}
		return path, nil
	}
	path := e.abs(dir)
	taken, err := holdsSomething(path)
	if err != nil {
		return "", err
	}
	if taken {
		return "", usagef("--dir %s: there is something in it already", dir)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", pathFailed("make a directory for the demonstration", err)
	}
	return path, nil
}

// demoHistory chooses a history.
func (e *env) demoHistory(ctx context.Context, name string) (*demoHistory, error) {
	switch name {
	case "orders":
		return ordersHistory(), nil
	case "git":
		return gitHistory(ctx, e.dir)
	case "":
		h, err := gitHistory(ctx, e.dir)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			e.note("The history is made up: %s.", err)
			return ordersHistory(), nil
		}
		return h, nil
	}
	return nil, usagef("--history is git or orders, not %q", name)
}

// demoWalk is a walk on its way. Its first error ends it.
type demoWalk struct {
	ctx context.Context
	e   *env
	dir string
	h   *demoHistory
	err error
}

// say prints what the commands that follow are about.
func (w *demoWalk) say(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.e.stdout, "%s\n\n", w.e.painter(w.e.stdoutTerminal).bold(fmt.Sprintf(format, args...)))
	}
}

// run prints a command and runs it, in this process, in the directory of the demonstration. It must end with exit code 0.
func (w *demoWalk) run(args ...string) { w.expect(exitOK, args...) }

func (w *demoWalk) expect(code int, args ...string) {
	if w.err != nil {
		return
	}
	words := []string{"gesta"}
	for _, a := range args {
		words = append(words, shellQuote(a))
	}
	line := strings.Join(words, " ")
	p := w.e.painter(w.e.stdoutTerminal)
	if _, w.err = fmt.Fprintf(w.e.stdout, "%s\n", p.cyan("$ "+line)); w.err != nil {
		return
	}
	got := run(w.ctx, w.env(), args)
	if w.err = w.ctx.Err(); w.err == nil && got != code {
		w.err = fmt.Errorf("the command %q ended with exit code %d, not %d", line, got, code)
	}
	if w.err == nil && code != exitOK {
		_, w.err = fmt.Fprintln(w.e.stdout, p.dim(fmt.Sprintf("(exit code %d)", code)))
	}
	if w.err == nil {
		_, w.err = fmt.Fprintln(w.e.stdout)
	}
}

// env is what a command of the walk runs in: the demonstration's directory, one output for everything, nobody's settings.
func (w *demoWalk) env() *env {
	inner := *w.e
	inner.dir = w.dir
	inner.stdin = strings.NewReader("")
	inner.stderr = inner.stdout
	inner.stderrTerminal = false // a progress bar would stand between the lines
	inner.global = globalFlags{}
	inner.pager = nil
	inner.lookupEnv = nil
	inner.getenv = func(name string) string {
		if strings.HasPrefix(name, "GESTA_") {
			return ""
		}
		if name == "PAGER" {
			return "cat"
		}
		return w.e.getenv(name)
	}
	return &inner
}

// shellQuote writes an argument as one would type it.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./:@,+%~", r)
	}
	if s != "" && s[0] != '~' && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
