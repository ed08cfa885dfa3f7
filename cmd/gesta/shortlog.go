package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store/eventjson"
)

const shortlogHelp = `Count events by who caused them, by type, stream, category, day or hour, with the first and the last time that they were
recorded: the most first, days and hours in their order. TARGET and RANGE are as gesta log takes them.

The author is the actor in the metadata: --by actor is the same. Days and hours are those of your time zone.`

const shortlogExample = `  gesta shortlog
  gesta shortlog order-42 --by type
  gesta shortlog --by stream --top 10
  gesta shortlog --by day --since '7 days ago' --type Paid`

type shortlogFlags struct {
	logFlags
	by  string
	top int
}

func newShortlogCommand(e *env) *cobra.Command {
	var f shortlogFlags
	cmd := &cobra.Command{
		Use:     "shortlog [TARGET | RANGE]",
		Short:   "Count events by author, type, stream, category, day or hour",
		Long:    shortlogHelp,
		Example: shortlogExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := optionalTarget(args)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("top") && f.top < 1 {
				return usagef("--top %d is below 1", f.top)
			}
			return e.shortlog(cmd.Context(), target, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.by, "by", history.ByAuthor, "`WHAT` to count by: "+strings.Join(history.Groupings(), ", "))
	flags.IntVar(&f.top, "top", 0, "show the `N` with the most events")
	flags.Lookup("top").DefValue = "all" // as the help says it
	addChoice(cmd, &f.logFlags)
	f.addKnown(cmd)
	_ = cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(history.Groupings(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func (e *env) shortlog(ctx context.Context, target string, f *shortlogFlags) (err error) {
	if f.by == "actor" { // as the metadata call the author
		f.by = history.ByAuthor
	}
	if !slices.Contains(history.Groupings(), f.by) {
		return usageHint(orNearest(f.by, history.Groupings(), "there are: "+strings.Join(history.Groupings(), ", ")), "--by %s is nothing to count by", f.by)
	}
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	sel, err := q.selection(ctx, target)
	if err != nil {
		return err
	}
	if err := f.narrow(ctx, e, q, &sel); err != nil {
		return err
	}
	if err := q.MayCount(ctx, &sel); err != nil {
		return err
	}
	groups, err := history.Shortlog(sel.Events(ctx, q.Store, false, e.beginsAt()), f.by, e.zone)
	if err != nil {
		return err
	}
	if f.top > 0 && len(groups) > f.top {
		groups = f.most(groups)
	}
	if e.jsonMode() {
		return e.shortlogJSON(ctx, q, f.by, groups)
	}
	return e.shortlogText(groups)
}

// most keeps the groups with the most events, in the order that they have.
func (f *shortlogFlags) most(groups []history.Group) []history.Group {
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(groups[b].Events, groups[a].Events) })
	order = order[:f.top]
	slices.Sort(order)
	out := make([]history.Group, len(order))
	for i, at := range order {
		out[i] = groups[at]
	}
	return out
}

func (e *env) shortlogJSON(ctx context.Context, q *question, by string, groups []history.Group) error {
	items, err := e.newItems(&q.Basis, by, "events", "firstRecordedAt", "lastRecordedAt")
	if err != nil {
		return err
	}
	var b []byte
	for i := range groups {
		g := &groups[i]
		b = append(b[:0], '{')
		if g.Name != "" {
			b = eventjson.AppendString(append(append(append(b, '"'), by...), `":`...), g.Name)
			b = append(b, ',')
		}
		b = strconv.AppendUint(append(b, `"events":`...), g.Events, 10)
		b = eventjson.AppendTime(append(b, `,"firstRecordedAt":`...), g.FirstRecordedAt)
		b = eventjson.AppendTime(append(b, `,"lastRecordedAt":`...), g.LastRecordedAt)
		if err := items.add(ctx, append(b, '}')); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

func (e *env) shortlogText(groups []history.Group) error {
	if err := e.page(); err != nil {
		return err
	}
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, right: map[int]bool{0: true}, paint: map[int]func(string) string{0: p.yellow, 1: p.bold, 2: p.dim, 3: p.dim}}
	for i := range groups {
		g := &groups[i]
		name := visible(g.Name)
		if name == "" {
			name = "(none)"
		}
		if err := t.row(thousands(int(g.Events)), name, e.shortTime(g.FirstRecordedAt), e.shortTime(g.LastRecordedAt)); err != nil { //nolint:gosec // counts of events fit
			return err
		}
	}
	return t.flush()
}
