package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
)

const stateHelp = `Show what the events of a stream or a tag amount to. Each event's data is taken as a JSON merge patch on the state
before it: members replace members, null removes one. Events whose data is not a JSON object are skipped and counted.

The line above the state says what it is of, and which times were asked about.

TARGET can name an earlier point: order-42@7, order-42~1, order-42@{yesterday}. --known-at answers with what was recorded by
a time or position, --effective-at with what holds at a time as far as is known.`

const stateExample = `  gesta state order-42
  gesta state order-42@3 --path items[0].qty
  gesta state order-42 --effective-at 2026-11-04 --known-at 2026-11-09
  gesta state tag:course:c1 --json`

const atHelp = `Show what a stream or a tag amounted to at a time: gesta at TIME TARGET is gesta state TARGET --known-at TIME.

TIME is a time of recording, or a position of the store.`

const atExample = `  gesta at yesterday order-42
  gesta at 2026-11-01T10:05Z order-42 --path due
  gesta at 1120 order-42`

func newStateCommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "state TARGET",
		Short:   "Show what a stream or a tag amounts to",
		Long:    stateHelp,
		Example: stateExample,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.state(cmd.Context(), args[0], &f) },
	}
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

func newAtCommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "at TIME TARGET",
		Short:   "Show what it amounted to at a time",
		Long:    atHelp,
		Example: atExample,
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return usagef("the time is empty")
			}
			f.knownAt, f.knownBy = args[0], "TIME"
			return e.state(cmd.Context(), args[1], &f)
		},
	}
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

func (e *env) state(ctx context.Context, target string, f *readingFlags) (err error) {
	part, err := answers.ParsePart("--path", f.path, "")
	if err != nil {
		return err
	}
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	of, err := q.target(ctx, target)
	if err != nil {
		return err
	}
	st, err := q.State(ctx, of)
	if err != nil {
		return err
	}
	e.warnIgnored(st.Ignored)
	value, err := part.In(st, of)
	if err != nil {
		return err
	}
	return e.printState(ctx, q, st, value, &part)
}

// target looks up a stream or a tag; a range or a point of the whole store is none.
func (q *question) target(ctx context.Context, text string) (answers.Target, error) {
	sel, err := q.selection(ctx, text)
	if err != nil {
		return answers.Target{}, err
	}
	return answers.NewTarget(sel, text)
}

func (e *env) printState(ctx context.Context, q *question, st *history.State, value []byte, part *answers.Part) error {
	if e.jsonMode() {
		return e.printDocument(ctx, &q.Basis, part.Document(st, value))
	}
	if len(part.Path) == 0 {
		skipped := ""
		if st.Skipped > 0 {
			skipped = fmt.Sprintf(", %s of them skipped", thousands(int(st.Skipped)))
		}
		asked := e.basisText(&q.Basis)
		if asked != "" {
			asked = "  " + asked
		}
		e.note("%s@%d  #%d  %s%s%s", st.Target, st.Version, st.Position, plural(int(st.Events), "event", "events"), skipped, asked)
	}
	_, err := fmt.Fprintln(e.stdout, prettyJSON(value))
	return err
}
