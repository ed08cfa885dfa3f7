package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/cmd/gesta/internal/tui"
	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store/eventjson"
)

const tuiHelp = `Go through the history of a stream or a tag on the screen: the events on the left, and on the right the state at the event
under the cursor, with what the event changed (+ new, ~ another, - gone).

The arrows left and right go through time. s, d, b and e show the state, what differs, blame and the event itself; Enter on a value
goes to the event that changed it last; m marks an event to compare with; / shows the events whose type, data or changed paths have a
text; y copies the command line that shows the same; ? lists all keys, q leaves.

At most 1,000,000 events are shown: name an earlier point of a longer history, such as order-42@1000000.`

const tuiExample = `  gesta tui order-42
  gesta tui order-42@7
  gesta tui tag:course:c1 --known-at yesterday
  gesta tui order-42 --effective-at 2026-11-04`

func newTUICommand(e *env) *cobra.Command {
	var f readingFlags
	cmd := &cobra.Command{
		Use:     "tui TARGET",
		Short:   "Go through a history on the screen",
		Long:    tuiHelp,
		Example: tuiExample,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.tui(cmd.Context(), args[0], &f) },
	}
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addReducer(cmd)
	return cmd
}

func (e *env) tui(ctx context.Context, target string, f *readingFlags) (err error) {
	if !e.stdoutTerminal || e.jsonMode() || e.getenv("TERM") == "dumb" {
		return usageHint("gesta log -p "+shellQuote(target)+" prints what each event changed", "tui draws on a terminal, and this is none")
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
	if err := q.MayFold(ctx, of.Selection); err != nil {
		return err
	}
	rule, err := q.Rules.Choose(ctx, of.Target())
	if err != nil {
		return err
	}
	o := tui.Options{
		Store: q.Store, Selection: of.Selection, EffectiveAt: q.Basis.EffectiveAt, Reducer: rule, ReducerName: f.reducer,
		Follow: f.knownAt == "" && f.effectiveAt == "" && of.Point == history.AtEnd && of.Until == q.Basis.Head,
		Basis:  e.basisText(&q.Basis), Color: e.painter(true).on, Zone: e.zone, Visible: visible, ShownPath: shownPath, Quote: shellQuote,
	}
	if e.global.store != "" {
		o.Flags = []string{"--store", e.global.store}
	}
	err = tui.Run(ctx, e.stdout, o)
	if errors.Is(err, tui.ErrInterrupted) {
		return &exitError{exitInterrupted}
	}
	return err
}

// basisText says what an answer rests on where that is not all there is.
func (e *env) basisText(b *eventjson.Basis) string {
	var parts []string
	switch {
	case b.KnownAtPosition != 0, b.KnownAtStart:
		parts = append(parts, "known at "+numbered(b.KnownAtPosition))
	case !b.KnownAt.IsZero():
		parts = append(parts, "known at "+e.shortTime(b.KnownAt))
	}
	if !b.EffectiveAt.IsZero() {
		parts = append(parts, "effective at "+e.shortTime(b.EffectiveAt))
	}
	return strings.Join(parts, ", ")
}
