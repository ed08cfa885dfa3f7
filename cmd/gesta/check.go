package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/open"
)

const checkHelp = `Read every byte of the store and compare what is derived with what it is derived from. Each problem is named with its
file, offset and position, and the exit code is 4 when there is one.

check changes nothing: it opens the store without recovering, rebuilding, merging or deleting. What the next opening would
clear, such as a commit that a crash cut off, is no problem. --repair makes derived files again from the log; it never changes
the log.`

func newCheckCommand(e *env) *cobra.Command {
	var o store.CheckOptions
	cmd := &cobra.Command{
		Use:     "check",
		Short:   "Read everything and say what is wrong",
		Long:    checkHelp,
		Example: "  gesta check\n  gesta check --repair\n  gesta check --json --jq '.problems[].file'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.check(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.Repair, "repair", false, "make what is derived again from the log")
	return cmd
}

func (e *env) check(ctx context.Context, o store.CheckOptions) error {
	url, err := e.storeURL()
	if err != nil {
		return err
	}
	if o.Repair && isRemote(url) {
		return usageHint("run gesta check --repair there, while nothing serves it", "a store on a server is repaired where it is")
	}
	how := open.Options{Clock: e.clock}
	if err := e.introduced(url, &how); err != nil {
		return err
	}
	report, err := open.Check(ctx, url, how, o)
	if err != nil {
		return fmt.Errorf("check %s: %w", url, err)
	}
	if e.jsonMode() {
		err = e.checkJSON(ctx, &report)
	} else {
		err = e.checkText(&report)
	}
	if err == nil && !report.OK() {
		err = &exitError{exitDamaged}
	}
	return err
}

func (e *env) checkJSON(ctx context.Context, r *store.CheckReport) error {
	basis := e.checkedBasis(ctx, r)
	return e.printDocument(ctx, &basis, answers.NewCheck(r))
}

// checkedBasis is the basis of a report: of a store that cannot be opened as it is no more than its id is known, and people are told why.
func (e *env) checkedBasis(ctx context.Context, r *store.CheckReport) eventjson.Basis {
	s, err := e.open(ctx, open.Options{Reader: true, NoRecovery: true, MustExist: true})
	var basis eventjson.Basis
	if err == nil {
		basis, err = basisOf(ctx, s)
		err = closing(s, err)
	}
	if err != nil {
		d := eventjson.Describe(err)
		e.warn("the head is not known: %s", d.Message)
		return eventjson.Basis{Store: r.StoreID, NoHead: true}
	}
	return basis
}

func (e *env) checkText(r *store.CheckReport) error {
	var b strings.Builder
	p := e.painter(e.stdoutTerminal)
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "%s at offset %d", visible(problem.File), problem.Offset)
		if problem.Position != 0 {
			fmt.Fprintf(&b, ", position %d", problem.Position)
		}
		fmt.Fprintf(&b, ": %s: %s", p.red(visible(problem.Code)), visible(problem.Message))
		if problem.Repaired {
			b.WriteString(p.green(" (repaired)"))
		}
		b.WriteByte('\n')
	}
	verdict := p.green("ok")
	if !r.OK() {
		verdict = p.red("damaged")
	}
	fmt.Fprintf(&b, "%s: %s in %s\n", verdict, plural(int(r.Events), "event", "events"), plural(r.Files, "file", "files"))
	if _, err := e.stdout.Write([]byte(b.String())); err != nil {
		return err
	}
	if !r.OK() {
		e.note("hint: gesta check --repair heals index files from the log; for damage in the log itself, restore a copy")
	}
	return nil
}
