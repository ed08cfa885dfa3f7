package main

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store/eventjson"
)

const blameHelp = `Show for each part of a state which event changed it last, when, and who did it. Parts are the values that have nothing below
them, empty lists and objects too. An event that wrote an equal value changed nothing; numbers of the same decimal value are equal.

With --effective-at the order is that in which events took effect. "late" marks an event that took effect before an earlier
one of its stream, in JSON "late":true.

--array-key sku names the elements of a list by the value of their member sku, so that they keep their names when others come and
go: items[sku="S-1"].qty, in JSON /items/[sku="S-1"]/qty, and items[id=1].qty where the value is a number. --path takes these names
too, and they say the key themselves; there items[sku=S-1] is enough. A list with an element that has no such member, or with two
whose members are equal, goes by places.

--reverse shows what the state had and has no more: the last value, and the event that removed it. What came back is not shown.

--porcelain is for programs that read lines: position, version, time of recording, effective time, id, stream, type, actor,
path (a JSON Pointer) and value, with tabs between; a tab, a line feed or a backslash in one of them is written as in JSON. Fields
may follow.`

const blameExample = `  gesta blame order-42
  gesta blame order-42@7 --path items
  gesta blame order-42 --array-key sku
  gesta blame order-42 --path items[sku=S-1].qty
  gesta blame order-42 --reverse
  gesta blame order-42 --json --jq '.items[] | select(.actor == "psp") | .path'`

type blameFlags struct {
	readingFlags
	arrayKey           string
	reverse, porcelain bool
}

func newBlameCommand(e *env) *cobra.Command {
	var f blameFlags
	cmd := &cobra.Command{
		Use:     "blame TARGET",
		Aliases: []string{"annotate"},
		Short:   "Show which event made each part of a state what it is",
		Long:    blameHelp,
		Example: blameExample,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return e.blame(cmd.Context(), args[0], &f) },
	}
	cmd.Flags().BoolVar(&f.reverse, "reverse", false, "show what was removed, and by which event")
	cmd.Flags().BoolVar(&f.porcelain, "porcelain", false, "print lines for programs")
	addArrayKey(cmd, &f.arrayKey)
	f.addKnown(cmd)
	f.addEffective(cmd)
	f.addFold(cmd)
	return cmd
}

func (e *env) blame(ctx context.Context, target string, f *blameFlags) (err error) {
	if f.porcelain && e.jsonMode() {
		return usagef("--porcelain and JSON are two answers: ask for one")
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
	of, err := q.target(ctx, target)
	if err != nil {
		return err
	}
	b, err := q.Blame(ctx, of, &part, f.reverse)
	if err != nil {
		return err
	}
	e.warnIgnored(b.State.Ignored)
	switch {
	case e.jsonMode():
		return e.blameJSON(ctx, q, b)
	case f.porcelain:
		return e.blamePorcelain(b)
	}
	return e.blameText(b, f.reverse)
}

// blameMembers are the members of an item of blame.
var blameMembers = append(append([]string{"path", "value"}, mentionMembers...), "late")

func (e *env) blameJSON(ctx context.Context, q *question, b *history.Blame) error {
	items, err := e.newItemsOf(&q.Basis, answers.AppendBlame(nil, b), blameMembers...)
	if err != nil {
		return err
	}
	var buf []byte
	for i := range b.Leaves {
		buf = answers.AppendBlamed(buf[:0], &b.Leaves[i])
		if err := items.add(ctx, buf); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

// mentionMembers are the members by which an item names an event.
var mentionMembers = []string{"position", "id", "stream", "version", "type", "recordedAt", "effectiveAt", "actor"}

func (e *env) blamePorcelain(b *history.Blame) error {
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	for i := range b.Leaves {
		leaf := &b.Leaves[i]
		m := leaf.Event
		fields := []string{
			strconv.FormatUint(uint64(m.Position), 10), strconv.FormatUint(m.Version, 10),
			eventjson.FormatTime(m.RecordedAt), eventjson.FormatTime(m.Effective()), m.ID,
			porcelain(m.Stream), porcelain(m.Type), porcelain(m.Actor), porcelainPath(leaf.Path), string(leaf.Value),
		}
		if e.stdoutTerminal {
			for i := range fields {
				fields[i] = visible(fields[i])
			}
		}
		if _, err := w.WriteString(strings.Join(fields, "\t") + "\n"); err != nil {
			return err
		}
	}
	return w.Flush()
}

// porcelain writes a text as it stands in a string of JSON, without the quotes.
func porcelain(s string) string { return unquoted(eventjson.AppendString(nil, s)) }

// porcelainPath is porcelain of a JSON Pointer.
func porcelainPath(path string) string { return unquoted(eventjson.AppendPath(nil, path)) }

func unquoted(quoted []byte) string {
	return strings.ReplaceAll(string(quoted[1:len(quoted)-1]), `\"`, `"`)
}

// blameValue is how much of a value is shown, in characters.
const blameValue = 40

func (e *env) blameText(b *history.Blame, reverse bool) error {
	nothing := "there is nothing in the state to blame anyone for"
	if reverse {
		nothing = "nothing was removed"
	}
	if len(b.Leaves) == 0 {
		e.note("%s", nothing)
		return nil
	}
	if err := e.page(); err != nil {
		return err
	}
	p := e.painter(e.stdoutTerminal)
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	t := &table{w: w, right: map[int]bool{2: true}, paint: map[int]func(string) string{2: p.yellow, 3: p.cyan, 4: p.bold, 5: p.dim, 7: p.red}}
	for i := range b.Leaves {
		leaf := &b.Leaves[i]
		late := ""
		if leaf.Late {
			late = "late"
		}
		if err := t.row(
			shownPath(leaf.Path), oneLine(leaf.Value, blameValue), numbered(leaf.Event.Position), mentionPlace(b, leaf.Event),
			visible(leaf.Event.Type), e.shortTime(leaf.Event.RecordedAt), visible(leaf.Event.Actor), late,
		); err != nil {
			return err
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	return w.Flush()
}

// mentionPlace is where an event stands: @7 in the stream that is asked about, order-42@7 among the events of a tag.
func mentionPlace(b *history.Blame, m *history.Mention) string {
	if m.Stream == "" {
		return ""
	}
	at := "@" + strconv.FormatUint(m.Version, 10)
	if b.State.Stream == "" {
		at = visible(m.Stream) + at
	}
	return at
}
