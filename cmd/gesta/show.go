package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const showHelp = `Show one event with all that is known of it, or all events of a commit.

EVENT is a position (1120, '#1120'), HEAD, the event that brought a stream to a version (order-42@7), the last event of a
stream or tag (order-42, order-42~2, tag:course:c1), or an event's id. --commit shows every event of the commit that it is
part of: they were written together or not at all.`

const showExample = `  gesta show order-42@7
  gesta show 1120 --commit
  gesta show HEAD --json --jq '.items[0].data'`

func newShowCommand(e *env) *cobra.Command {
	var (
		f      readingFlags
		commit bool
	)
	cmd := &cobra.Command{
		Use:     "show EVENT",
		Short:   "Show one event, or a commit",
		Long:    showHelp,
		Example: showExample,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "" {
				return usagef("the name of the event is empty")
			}
			return e.show(cmd.Context(), args[0], &f, commit)
		},
	}
	cmd.Flags().BoolVar(&commit, "commit", false, "show all events of its commit")
	f.addKnown(cmd)
	return cmd
}

func (e *env) show(ctx context.Context, target string, f *readingFlags, commit bool) (err error) {
	q, err := e.ask(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	events, err := q.events(ctx, target)
	if err == nil && commit {
		events, err = q.commitOf(ctx, &events[0])
	}
	if err != nil {
		return err
	}
	if e.jsonMode() {
		items, err := e.newItems(&q.Basis, eventMembers...)
		if err != nil {
			return err
		}
		for i := range events {
			if err := items.add(ctx, eventjson.AppendEvent(nil, &events[i])); err != nil {
				return err
			}
		}
		return items.close(ctx)
	}
	if err := e.page(); err != nil {
		return err
	}
	w := bufio.NewWriter(e.stdout)
	for i := range events {
		if i > 0 {
			if err := w.WriteByte('\n'); err != nil {
				return err
			}
		}
		if err := e.writeEvent(w, &events[i], true); err != nil {
			return err
		}
	}
	return w.Flush()
}

// events returns the event that a target names, and for an id all events that have it. There is at least one.
func (q *question) events(ctx context.Context, target string) ([]store.Recorded, error) {
	if id := strings.ToLower(target); store.IsID(id) {
		found, err := q.byID(ctx, id)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	sel, err := q.selection(ctx, target)
	if err != nil {
		return nil, err
	}
	if sel.Range {
		return nil, usageHint("gesta log "+target+" shows them", "show takes one event, and %s is a range of them", target)
	}
	exact := sel.Subject == history.WholeStore && sel.Point == history.AtPosition
	if exact {
		sel.After, sel.Explicit = sel.Until-min(sel.Until, 1), true
	}
	for r, err := range q.last(ctx, &sel, exact) {
		if errors.Is(err, store.ErrTruncated) {
			return nil, cmp.Or(sel.CheckEnd(ctx, q.Store), err) // that says which
		}
		if err != nil {
			return nil, err
		}
		return []store.Recorded{r}, nil
	}
	if err := sel.CheckEnd(ctx, q.Store); err != nil {
		return nil, err
	}
	if sel.Subject != history.WholeStore && sel.Point == history.AtEnd && sel.Until < q.Basis.Head {
		return nil, notFoundf("gesta log "+sel.Target()+" shows its events", "no event of %s is known at that point", sel.Target())
	}
	return nil, notFoundf("gesta log shows the events there are", "there is no event at %s", target)
}

// last yields the last event of a selection, one of a system stream only where its position was named.
func (q *question) last(ctx context.Context, sel *history.Selection, exact bool) func(func(store.Recorded, error) bool) {
	if !exact {
		return sel.Events(ctx, q.Store, true, nil)
	}
	if sel.Empty() {
		return func(func(store.Recorded, error) bool) {}
	}
	return q.Store.Read(ctx, nil, store.ReadOptions{After: sel.After, Until: sel.Until})
}

func (q *question) byID(ctx context.Context, id string) ([]store.Recorded, error) {
	ids, ok := store.As[store.IDs](q.Store)
	if !ok {
		return nil, fmt.Errorf("look up an id: %w", store.ErrUnsupported)
	}
	var out []store.Recorded
	for r, err := range ids.ByID(ctx, id) {
		if err != nil {
			return nil, fmt.Errorf("look up id %s: %w", id, err)
		}
		if r.Position <= q.Until {
			out = append(out, r)
		}
	}
	return out, nil
}

// commitOf returns all events of the commit that r is part of.
func (q *question) commitOf(ctx context.Context, r *store.Recorded) ([]store.Recorded, error) {
	var out []store.Recorded
	for other, err := range q.Store.Read(ctx, nil, store.ReadOptions{After: r.Commit - 1}) {
		if err != nil {
			return nil, fmt.Errorf("read commit %d: %w", r.Commit, err)
		}
		if other.Commit != r.Commit {
			break
		}
		out = append(out, other)
	}
	return out, nil
}
