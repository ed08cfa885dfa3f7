package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const bisectHelp = `Find since when something is so: the first event after which a condition holds. Events are folded one after the other, so
the answer is exact, also where the condition came and went.

TARGET is a stream or a tag (order-42, order-42@7, tag:course:c1), a RANGE of one (order-42@3..7: what flipped there), a pattern of
streams ('order-*', with * and ?), or a range of the store (1000..1120). Without one every stream is looked at, several at a time.
Before the first event the condition counts as false.

--expr is an expression over state (after the event), before (the state before it) and event: state.due < 0, event.type,
event.data.x, event.metadata.x, event.actor, event.stream, event.version, event.position, event.tags, event.recordedAt,
event.effectiveAt. It has && || ! == != < <= > >= in like matches() has() + - * /. What is not there equals null, and is neither
below nor above anything; + - * / with anything but two numbers give null, without a word. "gesta help expressions" has the whole language.

--all shows every flip, to true and to false, by position. "late" marks an event that took effect before an earlier one of its
stream.

Where many streams are looked at, those whose first events were truncated away are left out, and events without a stream have no part in it;
both are counted, the latter where that costs nothing: "truncatedStreams" and "streamlessEvents". --exit-code is 1 where something is
found, and 6 where nothing is and streams were left out. Where nothing is found, and no state
ever had a path that the condition reads, a warning says so, unless the condition has has() for it or compares it with null.`

const bisectExample = `  gesta bisect --expr 'state.due < 0' order-42
  gesta bisect --expr 'state.due < 0' 'order-*' --all
  gesta bisect --expr 'before.status == "paid" && state.status == "open"'
  gesta bisect --expr 'has(state.items[0])' order-42@3..7 --exit-code
  gesta bisect run 1000..HEAD -- ./check.sh`

type bisectFlags struct {
	readingFlags
	expression string
	arrayKey   string
	all        bool
	limit      int
	exitCode   bool
}

func newBisectCommand(e *env) *cobra.Command {
	var f bisectFlags
	cmd := &cobra.Command{
		Use:     "bisect [TARGET | RANGE | GLOB]",
		Short:   "Find the event since which something is so",
		Long:    bisectHelp,
		Example: bisectExample,
		Args:    e.oneTarget,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := optionalTarget(args)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("number") && f.limit < 1 {
				return usagef("-n %d is below 1", f.limit)
			}
			return e.bisect(cmd.Context(), target, &f)
		},
		ValidArgsFunction: e.completeArgument, // cobra has none for what has commands below it
	}
	flags := cmd.Flags()
	flags.StringVar(&f.expression, "expr", "", "the condition, an `EXPRESSION` such as state.due < 0")
	flags.BoolVar(&f.all, "all", false, "show every flip, to true and to false")
	flags.IntVarP(&f.limit, "number", "n", 0, "show the first `N` at the most, by position")
	flags.Lookup("number").DefValue = "all" // as the help says it
	flags.BoolVar(&f.exitCode, "exit-code", false, "exit with 1 where something is found, with 6 where that cannot be told")
	addArrayKey(cmd, &f.arrayKey)
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addReducer(cmd)
	cmd.AddCommand(newBisectRunCommand(e))
	return cmd
}

// oneTarget refuses several targets, as a shell makes of a pattern without quotes. What is like the name of a command below was meant as that.
func (e *env) oneTarget(cmd *cobra.Command, args []string) error {
	if len(args) < 2 {
		return nil
	}
	for _, c := range cmd.Commands() {
		if nearest(args[0], []string{c.Name()}) != "" {
			return e.knownCommand(cmd, args)
		}
	}
	return usageHint("a pattern stands in quotes, as the shell must not read it: 'order-*'", "bisect takes one target, and was given %s", given(args))
}

func (e *env) bisect(ctx context.Context, target string, f *bisectFlags) (err error) {
	if f.expression == "" {
		return usageHint("gesta bisect --expr 'state.due < 0' TARGET, or gesta bisect run RANGE -- COMMAND", "bisect needs a condition: --expr")
	}
	condition, err := history.ParseCondition(f.expression)
	if err != nil {
		return err
	}
	q, err := e.ask(ctx, &f.readingFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Store.Close()) }()
	sel, glob, err := q.bisected(ctx, target)
	if err != nil {
		return err
	}
	if err := q.mayBisect(ctx, sel, glob); err != nil {
		return err
	}
	if q.Basis.Reducer, err = q.IdentityOf(ctx, sel); err != nil {
		return err
	}
	bars := e.newProgress()
	defer bars.close()
	b, err := q.bisect(ctx, sel, glob, condition, history.BisectOptions{
		StateOptions: q.StateOptions(),
		ArrayKey:     f.arrayKey, All: f.all, Limit: f.limit, Spill: e.spill,
	}, bars)
	bars.close()
	if err != nil {
		return err
	}
	e.warnIgnored(b.Ignored)
	e.warnLeftOut(b)
	e.warnUnseen(q, sel, b)
	if e.jsonMode() {
		err = e.bisectJSON(ctx, q, f, b)
	} else {
		err = e.bisectText(ctx, f, condition, b)
	}
	if err == nil && f.exitCode {
		err = exitCodeOf(b.Kept > 0, leftOutOf(b))
	}
	return err
}

// bisected looks up what is looked at: a stream or a tag, a range of the store, or streams that match a pattern.
func (q *question) bisected(ctx context.Context, target string) (sel history.Selection, glob history.Glob, err error) {
	sel = history.Selection{Until: q.Until}
	if target == "" {
		return sel, "", nil
	}
	found, err := q.LookUp(ctx, target)
	switch {
	case err == nil:
		return found, "", q.warnOfNothing(ctx, target, &found)
	case history.IsGlob(target) && !found.Range && found.Point == history.AtEnd:
		return sel, history.Glob(target), nil
	}
	return sel, "", nearStream(ctx, q.Store, err)
}

// mayBisect asks whether the states that are looked at may be shown: of a pattern those of its category, of one that may be of several everything.
func (q *question) mayBisect(ctx context.Context, sel history.Selection, glob history.Glob) error {
	if category := store.Category(glob.Prefix()); category != "" {
		sel.Filter = store.Query{{Category: category}}
	}
	return q.MayFold(ctx, sel)
}

// bisect looks at a stream, a tag, or each of many streams.
func (q *question) bisect(ctx context.Context, sel history.Selection, glob history.Glob, c *history.Condition, o history.BisectOptions, bars *progress) (*history.Bisection, error) {
	if sel.Subject != history.WholeStore {
		return history.Bisect(ctx, q.Store, sel, c, o)
	}
	if err := sel.CheckStart(ctx, q.Store); err != nil {
		return nil, err
	}
	report := bars.start("streams", 0)
	o.Progress = func(n int) { report(int64(n)) }
	b, err := history.BisectStreams(ctx, q.Store, glob, sel.After, sel.Until, c, o)
	if err == nil && glob != "" && b.Streams+b.Truncated == 0 {
		err = q.anyLike(ctx, glob)
	}
	return b, err
}

// anyLike returns an error where no stream matches, whenever it had its events.
func (q *question) anyLike(ctx context.Context, glob history.Glob) error {
	for info, err := range history.Streams(ctx, q.Store, store.StreamsOptions{Prefix: glob.Prefix()}, 0) {
		if err != nil || glob.Match(info.Stream) {
			return err
		}
	}
	return notFoundf("gesta streams lists the streams there are", "no stream has a name like %q", string(glob))
}

// flipMembers are the members of an item of bisect.
var flipMembers = append(append([]string{}, mentionMembers...), "late", "to", "changes")

func (e *env) bisectJSON(ctx context.Context, q *question, f *bisectFlags, b *history.Bisection) error {
	head := eventjson.AppendString([]byte(`"expr":`), f.expression)
	head = fmt.Appendf(head, `,"streams":%d,"events":%d,`, b.Streams, b.Events)
	if b.Truncated > 0 {
		head = fmt.Appendf(head, `"truncatedStreams":%d,`, b.Truncated)
	}
	if b.Streamless > 0 {
		head = fmt.Appendf(head, `"streamlessEvents":%d,`, b.Streamless)
	}
	items, err := e.newItemsOf(&q.Basis, answers.AppendIgnored(head, b.Ignored), flipMembers...)
	if err != nil {
		return err
	}
	var buf []byte
	for flip, err := range b.Flips(ctx) {
		if err != nil {
			return errors.Join(err, items.flush())
		}
		buf = answers.AppendLate(answers.AppendMention(append(buf[:0], '{'), &flip.Event), flip.Late)
		buf = strconv.AppendBool(append(buf, `,"to":`...), flip.To)
		buf = append(answers.AppendChanges(append(buf, `,"changes":`...), flip.Changes), '}')
		if err := items.add(ctx, buf); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

const (
	// flipChanges is how many changes stand on the line of a flip.
	flipChanges = 3

	// flipValue is how much of a value is shown there, in characters.
	flipValue = 30
)

func (e *env) bisectText(ctx context.Context, f *bisectFlags, c *history.Condition, b *history.Bisection) error {
	if b.Kept > 0 {
		if err := e.page(); err != nil {
			return err
		}
	}
	p := e.painter(e.stdoutTerminal)
	t := &table{w: e.stdout, right: map[int]bool{1: true}, paint: map[int]func(string) string{0: p.cyan, 1: p.yellow, 2: p.bold, 3: p.dim}}
	for flip, err := range b.Flips(ctx) {
		if err != nil {
			return errors.Join(err, t.flush())
		}
		row := []string{mentionAt(&flip.Event), numbered(flip.Event.Position), visible(flip.Event.Type), e.shortTime(flip.Event.RecordedAt), visible(flip.Event.Actor)}
		if f.all {
			row = append(row, strconv.FormatBool(flip.To))
		}
		row = append(row, changesOnLine(c, flip.Changes))
		if flip.Late {
			row = append(row, "late")
		}
		if err := t.row(row...); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	more := ""
	if left := b.Found - uint64(b.Kept); left > 0 {
		more = fmt.Sprintf(", the first %s shown", thousands(b.Kept))
	}
	leftOut := leftOutOf(b).text()
	events, streams := plural(int(b.Events), "event", "events"), plural(b.Streams, "stream", "streams") //nolint:gosec // counts of events fit
	if f.all {
		e.note("%s in %s of %s%s%s", plural(int(b.Found), "flip", "flips"), events, streams, leftOut, more) //nolint:gosec // as above
		return nil
	}
	e.note("%s of %s in which it comes to hold%s; %s looked at%s", thousands(int(b.Found)), streams, leftOut, events, more) //nolint:gosec // as above
	return nil
}

// mentionAt is where an event stands: order-42@7, or nothing for one without a stream.
func mentionAt(m *history.Mention) string {
	if m.Stream == "" {
		return ""
	}
	return fmt.Sprintf("%s@%d", visible(m.Stream), m.Version)
}

// changesOnLine writes the changes that a condition looks at, or all where it looks at none of them: due 12 -> -3.
func changesOnLine(c *history.Condition, changes []reducer.Change) string {
	var read []reducer.Change
	for i := range changes {
		if c.Reads(changes[i].Path) {
			read = append(read, changes[i])
		}
	}
	if len(read) == 0 {
		read = changes
	}
	text := ""
	for i := range read {
		if i == flipChanges {
			return text + fmt.Sprintf(", and %d more", len(read)-i)
		}
		if i > 0 {
			text += ", "
		}
		old, now := "nothing", "nothing"
		if read[i].Old != nil {
			old = oneLine(read[i].Old, flipValue)
		}
		if read[i].New != nil {
			now = oneLine(read[i].New, flipValue)
		}
		text += shownPath(read[i].Path) + " " + old + " -> " + now
	}
	return text
}
