package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

const stateHelp = `Show what the events of a stream or a tag amount to. Each event's data is taken as a JSON merge patch on the state
before it: members replace members, null removes one. Events whose data is not a JSON object are skipped and counted.

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
			f.knownAt = args[0]
			return e.state(cmd.Context(), args[1], &f)
		},
	}
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

// stateDocument is the document of state and at.
type stateDocument struct {
	Target   string          `json:"target"`
	Stream   string          `json:"stream,omitempty"`
	Version  uint64          `json:"version"`
	Position store.Position  `json:"position"`
	Events   uint64          `json:"events"`
	Skipped  uint64          `json:"skipped"`
	State    json.RawMessage `json:"state,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`

	// IgnoredSupersedes are the positions of events that claim to supersede what is no earlier event of their stream.
	IgnoredSupersedes []store.Position `json:"ignoredSupersedes,omitempty"`
}

func (e *env) state(ctx context.Context, target string, f *readingFlags) (err error) {
	path, err := reducer.ParsePath(f.path)
	if err != nil {
		return fmt.Errorf("--path: %w", err)
	}
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.store.Close()) }()
	sel, err := q.stateTarget(ctx, target)
	if err != nil {
		return err
	}
	st, err := history.FoldState(ctx, q.store, sel, history.StateOptions{
		EffectiveAt: q.basis.EffectiveAt, Choose: q.rules.choose, Truncated: e.beginsAt(),
	})
	if err != nil {
		return err
	}
	if n := len(st.Ignored); n > 0 {
		e.warn("%s that it supersedes what is no earlier event of its stream, the first at position %d: that does not count", plural(n, "event says", "events say, each,"), st.Ignored[0])
	}
	value, ok := st.Fold.AppendAt(nil, path)
	if !ok {
		return notFoundf("gesta state "+target+" shows the whole", "the state of %s has nothing at %s", target, f.path)
	}
	return e.printState(ctx, q, st, value, len(path) > 0)
}

// stateTarget looks up a stream or a tag; a range or a point of the whole store is none.
func (q *question) stateTarget(ctx context.Context, target string) (history.Selection, error) {
	sel, err := q.selection(ctx, target)
	switch {
	case err != nil:
		return sel, err
	case sel.Range:
		return sel, usageHint("name its end: order-42@7", "%s is a range, and a state is of one point", target)
	case sel.Subject == history.WholeStore:
		return sel, usageHint("gesta streams lists the streams there are", "%q is no stream and no tag", target)
	}
	return sel, nil
}

func (e *env) printState(ctx context.Context, q *question, st *history.State, value []byte, part bool) error {
	if e.jsonMode() {
		q.basis.Reducer = st.Reducer
		doc := stateDocument{
			Target: st.Target, Stream: st.Stream, Version: st.Version, Position: st.Position,
			Events: st.Events, Skipped: st.Skipped, State: value, IgnoredSupersedes: st.Ignored,
		}
		if part {
			doc.State, doc.Value = nil, value
		}
		return e.printDocument(ctx, &q.basis, doc)
	}
	if !part {
		skipped := ""
		if st.Skipped > 0 {
			skipped = fmt.Sprintf(", %s of them skipped", thousands(int(st.Skipped)))
		}
		e.note("%s@%d  #%d  %s%s", st.Target, st.Version, st.Position, plural(int(st.Events), "event", "events"), skipped)
	}
	_, err := fmt.Fprintln(e.stdout, prettyJSON(value))
	return err
}
