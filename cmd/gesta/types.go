package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history/answers"
)

const typesHelp = `List the types of events by name, each with how many events it has. What is in streams of gesta's own, whose names begin
with $, does not count.`

func newTypesCommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "types",
		Short:   "List types of events",
		Long:    typesHelp,
		Example: "  gesta types\n  gesta types --json --jq '.items | max_by(.events).type'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.types(cmd.Context(), &f) },
	}
	f.addKnown(cmd)
	return cmd
}

func (e *env) types(ctx context.Context, f *readingFlags) (err error) {
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	types, err := q.Types(ctx)
	if err != nil {
		return err
	}
	if e.jsonMode() {
		items, err := e.newItems(&q.Basis, "type", "events")
		if err != nil {
			return err
		}
		for i := range types {
			if err := items.add(ctx, answers.AppendType(nil, &types[i])); err != nil {
				return err
			}
		}
		return items.close(ctx)
	}
	t := &table{w: e.stdout, right: map[int]bool{1: true}, paint: map[int]func(string) string{0: e.painter(e.stdoutTerminal).bold}}
	for _, info := range types {
		if err := t.row(visible(info.Type), thousands(int(info.Events))); err != nil {
			return err
		}
	}
	return t.flush()
}
