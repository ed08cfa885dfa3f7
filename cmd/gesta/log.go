package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const logHelp = `Show events, the newest first: of the whole store, of a stream or a tag, or of a range.

TARGET is a stream (order-42, order-42@7, order-42@{yesterday}), a tag (tag:course:c1) or a position of the store, up to
which events are shown. RANGE is A..B, after A and up to B. "gesta help addresses" has all forms.

-n counts from the newest, also with --reverse. --follow shows the oldest first, and then waits for events to come, each as
soon as it is durable; -n says how many of those that are there already come before. --since and --until look at the time of recording.

-p shows what each event changed: in the state of TARGET, and without one in that of its own stream. An event without a stream
is part of no state and changes none. "late" marks an event that took effect before an earlier one of its stream, "truncated" one
of a stream whose first events were truncated away, so that it is not known what it changed.

-S PATH shows the events that changed the value at that path of the state, or below it; -S PATH=VALUE those with which it came
to be VALUE or ceased to be. VALUE is JSON; what is not is a text: -S status=paid. Numbers of the same decimal value are equal. With
each event stands what it was there before and after, as the member changes in JSON; -p shows all that it changed.

--graph draws a line from each event down to the one that caused it (causationId), or a dotted one to the next with the same
correlationId, as far as a thousand events; o is one from which no line leads down. --stat counts the types of each commit, and
-n commits. --grep looks for a regular expression in the data, --author in the actor that the metadata name; with both, both
hold.`

const logExample = `  gesta log
  gesta log order-42 --oneline
  gesta log order-42@3..7
  gesta log tag:customer:c-77 --type OrderPlaced,Shipped --since '2 days ago'
  gesta log order-42 -p --path items
  gesta log -S due=0 --oneline
  gesta log --author '^ada$' --grep refund --stat
  gesta log --graph -n 30
  gesta log --follow -n0 --ndjson --jq '.type'`

type logFlags struct {
	readingFlags
	limit            int
	reverse, oneline bool
	types, tags      []string
	query            string
	since, until     string
	follow           bool
	patch            bool
	pickaxe          string
	arrayKey         string
	logShape
}

func newLogCommand(e *env) *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:     "log [TARGET | RANGE]",
		Short:   "Show events, the newest first",
		Long:    logHelp,
		Example: logExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := optionalTarget(args)
			if err != nil {
				return err
			}
			if err := f.checkNumber(cmd); err != nil {
				return err
			}
			return e.log(cmd.Context(), target, &f)
		},
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.limit, "number", "n", -1, "show `N` events at the most")
	flags.Lookup("number").DefValue = "all" // as the help says it
	flags.BoolVar(&f.reverse, "reverse", false, "show the oldest first")
	flags.BoolVar(&f.oneline, "oneline", false, "show one line an event")
	flags.Var((*wordList)(&f.types), "type", "only events of these `TYPES`, with commas between; repeatable")
	flags.StringArrayVar(&f.tags, "tag", nil, "only events with this tag; repeat it for events with several")
	flags.StringVar(&f.query, "query", "", "only events that match this `QUERY`; see gesta help queries")
	flags.StringVar(&f.since, "since", "", "only events recorded at this `TIME` or later")
	flags.StringVar(&f.until, "until", "", "only events recorded at this `TIME` or earlier")
	flags.BoolVarP(&f.follow, "follow", "f", false, "wait for events to come")
	flags.BoolVarP(&f.patch, "patch", "p", false, "show what each event changed")
	flags.StringVarP(&f.pickaxe, "pickaxe", "S", "", "only events that changed the value at `PATH[=VALUE]`")
	addArrayKey(cmd, &f.arrayKey)
	f.logShape.add(cmd)
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

// checkNumber refuses a -n that is no number of events.
func (f *logFlags) checkNumber(cmd *cobra.Command) error {
	if cmd.Flags().Changed("number") && f.limit < 0 {
		return usagef("-n %d is below 0", f.limit)
	}
	return nil
}

func (f *logFlags) check() error {
	if f.follow && (f.knownAt != "" || f.effectiveAt != "" || f.until != "") {
		return usagef("--follow waits for what is to come: it goes with none of --known-at, --effective-at and --until")
	}
	return f.checkFold()
}

func (e *env) log(ctx context.Context, target string, f *logFlags) (err error) {
	if err := errors.Join(f.check(), f.checkShape(e)); err != nil {
		return err
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
	if f.follow && sel.Point != history.AtEnd {
		return usagef("%s ends in the past: there is nothing to follow", target)
	}
	if err := f.narrow(ctx, e, q, &sel); err != nil {
		return err
	}
	if f.stat {
		if err := q.MayCount(ctx, &sel); err != nil {
			return err
		}
	}
	fold, err := e.logFold(ctx, q, &sel, f)
	if err != nil {
		return err
	}
	events, err := e.chosenEvents(ctx, q, &sel, f, fold)
	if err != nil {
		return err
	}
	if f.tellsChanges(e) {
		return e.logChanges(ctx, q, &sel, events, f, fold)
	}
	if e.jsonMode() && !f.stat {
		return e.logJSON(ctx, q, events, f.follow)
	}
	if err := e.page(); err != nil {
		return err
	}
	switch {
	case f.stat:
		return e.logStat(ctx, q, events)
	case f.graph:
		return e.logGraph(events)
	}
	return e.logText(events, f)
}

// narrow applies the flags that choose events.
func (f *logFlags) narrow(ctx context.Context, e *env, q *question, sel *history.Selection) error {
	if err := q.checkLeft(ctx, sel); err != nil {
		return err
	}
	if f.query != "" {
		query, err := eventjson.ParseQuery(f.query)
		if err != nil {
			return err
		}
		if len(query) > 0 {
			sel.Filter = query
		}
	}
	if len(f.types)+len(f.tags) > 0 {
		both, possible := history.And(sel.Filter, store.Item{Types: f.types, Tags: f.tags})
		if sel.Filter = both; !possible {
			sel.Until = sel.After // nothing is of two types
		}
	}
	if err := sel.Filter.Validate(); err != nil {
		return err
	}
	q.noteTypes(ctx, e, f.types)
	if f.since != "" {
		t, err := e.parseTime("--since", f.since)
		if err != nil {
			return err
		}
		before, err := history.PositionAt(ctx, q.Store, t.Add(-time.Microsecond))
		if err != nil {
			return err
		}
		sel.After = max(sel.After, before)
	}
	if f.until != "" {
		t, err := e.parseTime("--until", f.until)
		if err != nil {
			return err
		}
		last, err := history.PositionAt(ctx, q.Store, t)
		if err != nil {
			return err
		}
		sel.Until = min(sel.Until, last)
	}
	return nil
}

// logEvents returns the events to show, in the order in which they are shown.
func (e *env) logEvents(ctx context.Context, q *question, sel *history.Selection, f *logFlags, fold history.StateOptions) (iter.Seq2[store.Recorded, error], error) {
	if f.pickaxe != "" {
		return e.pickedEvents(ctx, q, sel, f, fold)
	}
	if fold.Effective != nil {
		return effectiveLog(ctx, q, fold.Effective, f.limit, f.reverse)
	}
	oldestFirst := f.reverse || f.follow
	if oldestFirst && f.limit >= 0 {
		// -n counts from the newest, whatever the order of showing.
		after, err := e.startOfLast(ctx, q, sel, f.limit)
		if err != nil {
			return nil, err
		}
		if after > sel.After {
			sel.After, sel.Explicit = after, true
		}
	}
	switch {
	case f.follow:
		return e.followed(ctx, q, sel), nil
	case oldestFirst:
		return sel.Events(ctx, q.Store, false, e.beginsAt()), nil
	}
	return first(sel.Events(ctx, q.Store, true, e.beginsAt()), f.limit), nil
}

// startOfLast returns the position before the last n events of the selection.
func (e *env) startOfLast(ctx context.Context, q *question, sel *history.Selection, n int) (store.Position, error) {
	if n == 0 {
		return sel.Until, nil
	}
	for r, err := range sel.Events(ctx, q.Store, true, nil) {
		if err != nil {
			return 0, err
		}
		if n--; n == 0 {
			return r.Position - 1, nil
		}
	}
	return sel.After, nil
}

// first yields the first n events; all for n below 0.
func first(events iter.Seq2[store.Recorded, error], n int) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		left := n
		if left == 0 {
			return
		}
		for r, err := range events {
			if !yield(r, err) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// followed yields what is there after sel.After, and then what comes.
func (e *env) followed(ctx context.Context, q *question, sel *history.Selection) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		query, possible := sel.Query()
		if !possible {
			return
		}
		o := store.ReadOptions{After: sel.After, Follow: true}
		events := q.Store.Read(ctx, query, o)
		if !sel.Explicit {
			events = history.Read(ctx, q.Store, query, o, e.beginsAt())
		}
		for r, err := range events {
			if err == nil && !sel.Shows(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// effectiveLog returns the last n events by effective time, all for n below 0, in the order in which they are shown.
func effectiveLog(ctx context.Context, q *question, order *history.Effective, n int, reverse bool) (iter.Seq2[store.Recorded, error], error) {
	if reverse && n < 0 {
		return order.Events(ctx, q.Store, false, nil), nil
	}
	newest := first(order.Events(ctx, q.Store, true, nil), n)
	if !reverse {
		return newest, nil
	}
	last, err := positionsOf(newest)
	return order.Events(ctx, q.Store, false, last), err
}

// positionsOf returns where events stand, sorted.
func positionsOf(events iter.Seq2[store.Recorded, error]) ([]store.Position, error) {
	out := []store.Position{}
	for r, err := range events {
		if err != nil {
			return nil, err
		}
		out = append(out, r.Position)
	}
	slices.Sort(out)
	return out, nil
}

func (e *env) logJSON(ctx context.Context, q *question, events iter.Seq2[store.Recorded, error], live bool) error {
	items, err := e.newItemsOf(&q.Basis, answers.AppendIgnored(nil, q.ignored), eventMembers...)
	if err != nil {
		return err
	}
	items.live = live
	var buf []byte
	for r, err := range events {
		if err != nil {
			return errors.Join(err, items.flush())
		}
		buf = eventjson.AppendEvent(buf[:0], &r)
		if err := items.add(ctx, buf); err != nil {
			return err
		}
	}
	return items.closeWith(ctx, answers.AppendTruncated(nil, q.cut.streams))
}

func (e *env) logText(events iter.Seq2[store.Recorded, error], f *logFlags) error {
	if f.oneline {
		return e.logLines(events, f.follow)
	}
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	for r, err := range events {
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		if err := e.writeEvent(w, &r, false); err != nil {
			return err
		}
		if _, err := w.WriteString("\n"); err != nil {
			return err
		}
		if f.follow {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// onelineData is how much of an event's data stands on its line, in characters.
const onelineData = 60

// logLines shows one line an event.
func (e *env) logLines(events iter.Seq2[store.Recorded, error], live bool) error {
	t := e.onelineTable(e.stdout)
	for r, err := range events {
		if err != nil {
			return errors.Join(err, t.flush())
		}
		if err := t.row(e.onelineCells(&r)...); err != nil {
			return err
		}
		if live {
			if err := t.flush(); err != nil {
				return err
			}
		}
	}
	return t.flush()
}

func (e *env) onelineTable(w io.Writer) *table {
	p := e.painter(e.stdoutTerminal)
	return &table{w: w, right: map[int]bool{0: true}, paint: map[int]func(string) string{
		0: p.yellow, 1: p.dim, 2: p.cyan, 3: p.bold, 5: p.dim,
	}}
}

func (e *env) onelineCells(r *store.Recorded) []string {
	data := oneLine(r.Data, onelineData)
	if r.Erased != 0 {
		data = "(erased)"
	}
	return []string{numbered(r.Position), e.shortTime(r.RecordedAt), place(r), visible(r.Type), visible(history.Actor(r)), data}
}
