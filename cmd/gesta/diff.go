package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

const diffHelp = `Show what lies between two states: + a part that is new, - one that is gone, ~ one that is another. Parts are the values of the
state that have nothing below them, empty lists and objects too. Numbers of the same decimal value are equal.

A and B are points of one stream or tag (order-42@3 order-42@7, or order-42@3..7), two different ones, or two points of the
whole store (1100..1120, or @{yesterday} HEAD): then each stream that has events between them is shown, and no other is read.
A position inside a commit stands for its last. A may be the later one.

--array-key names elements of lists by a member, and --path takes such names: items[sku=S-1].qty; see gesta help blame.

--stat and --name-only shape what people read; programs find all in --json. --json-patch and --merge-patch print a patch that
makes B of A, by RFC 6902 or RFC 7396, in place of a document; a merge patch cannot make a member null, and says so.

Of the store, streams whose first events were truncated away are left out, and counted: "truncatedStreams". --exit-code is 1 where
there is a difference, and 6 where none is seen and streams were left out.`

const diffExample = `  gesta diff order-42@3..7
  gesta diff order-42@{yesterday} order-42 --path items
  gesta diff order-42 order-43
  gesta diff 1100..1120 --stat
  gesta diff order-42~1 order-42 --json-patch`

type diffFlags struct {
	readingFlags
	arrayKey              string
	stat, nameOnly        bool
	jsonPatch, mergePatch bool
	exitCode              bool
}

func newDiffCommand(e *env) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:     "diff A B | A..B",
		Short:   "Show what lies between two states",
		Long:    diffHelp,
		Example: diffExample,
		Args:    cobra.RangeArgs(1, 2),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.diff(cmd.Context(), args, &f) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.stat, "stat", false, "show how many parts differ in each stream")
	flags.BoolVar(&f.nameOnly, "name-only", false, "show the names of the streams that differ")
	flags.BoolVar(&f.jsonPatch, "json-patch", false, "print a JSON patch")
	flags.BoolVar(&f.mergePatch, "merge-patch", false, "print a JSON merge patch")
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 where there is a difference, with 6 where that cannot be told")
	addArrayKey(cmd, &f.arrayKey)
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

// addArrayKey adds the flag by which elements of lists are told apart.
func addArrayKey(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "array-key", "", "tell the elements of lists apart by this `MEMBER` instead of by their places")
}

func (f *diffFlags) patch() bool { return f.jsonPatch || f.mergePatch }

func (f *diffFlags) check() error {
	one := 0
	for _, set := range []bool{f.stat, f.nameOnly, f.jsonPatch, f.mergePatch} {
		if set {
			one++
		}
	}
	switch {
	case one > 1:
		return usagef("--stat, --name-only, --json-patch and --merge-patch are four answers: ask for one")
	case f.patch() && (f.path != "" || f.arrayKey != ""):
		return usagef("a patch is of the whole state, and goes by places: it goes with neither --path nor --array-key")
	}
	return nil
}

// checkForm refuses a form that a patch has not: it is JSON, and nothing but a patch.
func (f *diffFlags) checkForm(e *env) error {
	if f.patch() && (e.global.json.set || e.global.ndjson) {
		return usageHint("--jq picks out of a patch too", "a patch is JSON by itself, without a basis: leave --json and --ndjson out")
	}
	return nil
}

func (e *env) diff(ctx context.Context, args []string, f *diffFlags) (err error) {
	if err := cmp.Or(f.check(), f.checkForm(e)); err != nil {
		return err
	}
	part, err := answers.ParsePart("--path", f.path, f.arrayKey)
	if err != nil {
		return err
	}
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	from, to, err := q.Points(ctx, args...)
	if err != nil {
		return nearStream(ctx, q.Store, err)
	}
	o, err := q.DiffOptions(ctx, from, to, &part)
	if err != nil {
		return err
	}
	o.States = f.patch()
	differs, leftOut := false, leftOutStreams{}
	if from.Subject == history.WholeStore {
		differs, leftOut, err = e.diffStore(ctx, q, from.Until, to.Until, o, f)
	} else {
		var d *history.Difference
		if d, err = history.Diff(ctx, q.Store, from, to, o); err == nil {
			differs = len(d.Changes) > 0
			err = e.printDifference(ctx, q, d, f)
		}
	}
	if err == nil && !differs {
		e.warnUndiffered(ctx, q, &from, &to, part.Path, o.StateOptions)
	}
	if err == nil && f.exitCode {
		err = exitCodeOf(differs, leftOut)
	}
	return err
}

// diffStore shows what lies between two points of the store, and says whether there is anything, and what was left out.
func (e *env) diffStore(ctx context.Context, q *question, from, to store.Position, o history.DiffOptions, f *diffFlags) (differs bool, out leftOutStreams, err error) {
	if f.patch() {
		return false, out, usageHint("name a stream: gesta diff "+fmt.Sprintf("%d:STREAM %d:STREAM", from, to), "a patch is of one state, and the store has many")
	}
	if from, to, err = history.StorePoints(ctx, q.Store, from, to, o.Known); err != nil {
		return false, out, err
	}
	p, err := e.newDiffPrinter(q, f, &[2]store.Position{from, to})
	if err != nil {
		return false, out, err
	}
	o.LeftOut = func(_ string, first store.Position) {
		p.leftOut.streams++
		p.leftOut.firstLeft = first
	}
	for d, err := range history.DiffStore(ctx, q.Store, from, to, o) {
		if err != nil {
			return false, out, errors.Join(err, p.flush())
		}
		if err := p.show(ctx, d); err != nil {
			return false, out, err
		}
	}
	return p.different > 0, p.leftOut, p.end(ctx)
}

// printDifference shows what lies between two states.
func (e *env) printDifference(ctx context.Context, q *question, d *history.Difference, f *diffFlags) error {
	switch {
	case f.jsonPatch:
		e.warnIgnored(d.Ignored)
		patch, err := reducer.JSONPatch(d.FromState, d.ToState)
		if err != nil {
			return err
		}
		return e.printJSON(ctx, patch)
	case f.mergePatch:
		e.warnIgnored(d.Ignored)
		patch, err := reducer.MergePatchBetween(d.FromState, d.ToState)
		if err != nil {
			return fmt.Errorf("%w; --json-patch can", err)
		}
		return e.printJSON(ctx, patch)
	}
	p, err := e.newDiffPrinter(q, f, nil)
	if err != nil {
		return err
	}
	if err := p.show(ctx, d); err != nil {
		return err
	}
	return p.end(ctx)
}
