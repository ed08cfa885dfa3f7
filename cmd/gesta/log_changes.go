package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// checkFold refuses what goes with none or not all of the flags that look at states.
func (f *logFlags) checkFold() error {
	switch {
	case f.follow && (f.patch || f.pickaxe != ""):
		return usagef("--follow waits for what is to come: it goes with neither -p nor -S")
	case !f.patch && (f.path != "" || f.arrayKey != ""):
		return usagef("--path and --array-key say which changes -p shows: they need it")
	}
	return nil
}

// tellsChanges says whether events are shown with what they changed: all that with -p, with -S what it looks for, unless --json=FIELDS
// leaves that out.
func (f *logFlags) tellsChanges(e *env) bool {
	fields := e.global.json.fields
	return f.patch || f.pickaxe != "" && !f.stat && !f.graph && (len(fields) == 0 || slices.Contains(fields, "changes"))
}

// changesPath is where changes are told.
func (f *logFlags) changesPath() (reducer.Path, error) {
	if !f.patch {
		axe, err := parsePickaxe(f.pickaxe)
		return axe.Path, err
	}
	part, err := answers.ParsePart("--path", f.path, f.arrayKey)
	return part.Path, err
}

// logFold is how log looks at states, and in which order; its reducer goes into the basis.
func (e *env) logFold(ctx context.Context, q *question, sel *history.Selection, f *logFlags) (history.StateOptions, error) {
	o := history.StateOptions{EffectiveAt: q.Basis.EffectiveAt}
	if f.patch || f.pickaxe != "" {
		if err := q.MayFold(ctx, *sel); err != nil {
			return o, err
		}
		if err := sel.CheckWhole(ctx, q.Store); err != nil {
			return o, err
		}
	}
	if !o.EffectiveAt.IsZero() {
		var err error
		if o.Effective, err = sel.Effective(ctx, q.Store, o.EffectiveAt, e.beginsAt()); err != nil {
			return o, err
		}
		q.ignored = o.Effective.Ignored
		e.warnIgnored(q.ignored)
	}
	if !f.patch && f.pickaxe == "" {
		return o, nil
	}
	o.Choose = q.Rules.Choose
	identity, err := q.IdentityOf(ctx, *sel)
	q.Basis.Reducer = identity
	return o, err
}

// parsePickaxe reads PATH or PATH=VALUE. An = within brackets is part of the path.
func parsePickaxe(text string) (history.Pickaxe, error) {
	path, value, valued := cutValue(text)
	p, err := reducer.ParsePath(path)
	if err != nil {
		return history.Pickaxe{}, fmt.Errorf("-S: %w", err)
	}
	axe := history.Pickaxe{Path: p}
	if valued {
		if axe.Value = []byte(value); !eventjson.Valid(axe.Value) {
			axe.Value, _ = json.Marshal(value) // a text can be encoded
		}
	}
	return axe, nil
}

func cutValue(text string) (path, value string, ok bool) {
	brackets, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case brackets > 0 && c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		case c == '=' && brackets <= 0:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// pickedEvents returns the events that -S finds, in the order in which they are shown.
func (e *env) pickedEvents(ctx context.Context, q *question, sel *history.Selection, f *logFlags, o history.StateOptions) (iter.Seq2[store.Recorded, error], error) {
	axe, err := parsePickaxe(f.pickaxe)
	if err != nil {
		return nil, err
	}
	none := func(func(store.Recorded, error) bool) {}
	if f.limit == 0 {
		return none, nil
	}
	o.LeftOut = q.cut.add
	positions, err := sel.Pick(ctx, q.Store, axe, max(f.limit, 0), o)
	if err != nil {
		return none, err
	}
	e.warnTruncated(q.cut.leftOutStreams)
	if len(positions) == 0 {
		e.warnUnpicked(ctx, q, sel, axe.Path, o)
		return none, nil
	}
	if o.Effective != nil {
		return o.Effective.Events(ctx, q.Store, !f.reverse, positions), nil
	}
	if sel.Subject == history.WholeStore {
		if !f.reverse {
			slices.Reverse(positions)
		}
		return readEach(ctx, q.Store, positions), nil
	}
	found := *sel
	found.After, found.Explicit, found.Until = positions[0]-1, true, positions[len(positions)-1]
	return atPositions(found.Events(ctx, q.Store, !f.reverse, nil), positions), nil
}

// atPositions keeps the events that stand at one of the positions, which are sorted.
func atPositions(events iter.Seq2[store.Recorded, error], positions []store.Position) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range events {
			if err == nil {
				if _, found := slices.BinarySearch(positions, r.Position); !found {
					continue
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// readEach reads the events at the positions, one by one: they may lie far apart.
func readEach(ctx context.Context, s store.Store, positions []store.Position) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for _, p := range positions {
			for r, err := range s.Read(ctx, nil, store.ReadOptions{After: p - 1, Until: p}) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// logChanges shows events with what each of them changed.
func (e *env) logChanges(ctx context.Context, q *question, sel *history.Selection, events iter.Seq2[store.Recorded, error], f *logFlags, o history.StateOptions) error {
	path, err := f.changesPath()
	if err != nil {
		return err
	}
	picked := f.pickaxe != ""
	if !picked { // a pickaxe has found nothing in them
		o.LeftOut = q.cut.add
	}
	changed := sel.Changes(ctx, q.Store, events, history.ChangesOptions{
		StateOptions: o, ArrayKey: cmp.Or(f.arrayKey, path.ArrayKey()), Path: path, InOrder: f.reverse, Spill: e.spill,
	})
	unchanged := false
	changed = tellUnchanged(changed, &unchanged)
	if e.jsonMode() {
		err = e.logChangesJSON(ctx, q, changed)
	} else {
		err = e.logChangesText(changed, f)
	}
	if !picked {
		e.warnUntold(q.cut.leftOutStreams)
	}
	if err == nil && unchanged {
		e.warnUnpicked(ctx, q, sel, path, o)
	}
	return err
}

// tellUnchanged yields the same, and tells at the end whether there were events and none of them changed anything.
func tellUnchanged(changed iter.Seq2[history.Changed, error], to *bool) iter.Seq2[history.Changed, error] {
	return func(yield func(history.Changed, error) bool) {
		events, changes := 0, 0
		for c, err := range changed {
			events++
			changes += len(c.Changes)
			if !yield(c, err) {
				return
			}
		}
		*to = events > 0 && changes == 0
	}
}

// logChangesText shows people events with what each of them changed.
func (e *env) logChangesText(changed iter.Seq2[history.Changed, error], f *logFlags) error {
	lines := e.changeLines()
	if err := e.page(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	show, end := e.showChanged(w, &lines), w.Flush
	switch {
	case f.oneline && f.patch:
		show = e.showChangedLine(w, &lines)
	case f.oneline:
		show, end = e.showPickedLine(w)
	}
	for c, err := range changed {
		if err != nil {
			return errors.Join(err, end())
		}
		if err := show(&c); err != nil {
			return err
		}
	}
	return end()
}

// changedMembers are the members of an item of log -p.
var changedMembers = append(slices.Clone(eventMembers), "truncated", "late", "changes")

func (e *env) logChangesJSON(ctx context.Context, q *question, changed iter.Seq2[history.Changed, error]) error {
	items, err := e.newItemsOf(&q.Basis, answers.AppendIgnored(nil, q.ignored), changedMembers...)
	if err != nil {
		return err
	}
	var buf []byte
	for c, err := range changed {
		if err != nil {
			return errors.Join(err, items.flush())
		}
		buf = eventjson.AppendEvent(buf[:0], &c.Event)
		buf = buf[:len(buf)-len("}")]
		if c.Truncated {
			buf = append(buf, `,"truncated":true`...)
		}
		buf = append(answers.AppendLate(buf, c.Late), `,"changes":`...)
		if err := items.add(ctx, append(answers.AppendChanges(buf, c.Changes), '}')); err != nil {
			return err
		}
	}
	return items.closeWith(ctx, answers.AppendTruncated(nil, q.cut.streams))
}

const (
	truncatedLine = "  (what it changed is not known: the first events of its stream were truncated away)"
	lateLine      = "  (late: it took effect before an earlier event of its stream)"
)

// showChanged returns what shows an event and its changes in full.
func (e *env) showChanged(w io.Writer, lines *changeLines) func(*history.Changed) error {
	return func(c *history.Changed) error {
		if err := e.writeEvent(w, &c.Event, false); err != nil {
			return err
		}
		if c.Truncated || c.Late || len(c.Changes) > 0 {
			remarks := "\n"
			if c.Truncated {
				remarks += lines.p.dim(truncatedLine) + "\n"
			}
			if c.Late {
				remarks += lines.p.dim(lateLine) + "\n"
			}
			if _, err := io.WriteString(w, remarks); err != nil {
				return err
			}
		}
		if err := lines.write(w, c.Changes); err != nil {
			return err
		}
		_, err := io.WriteString(w, "\n")
		return err
	}
}

// showChangedLine returns what shows an event on a line, and its changes below it.
func (e *env) showChangedLine(w io.Writer, lines *changeLines) func(*history.Changed) error {
	p := lines.p
	t := &table{w: w, right: map[int]bool{0: true}, paint: map[int]func(string) string{0: p.yellow, 1: p.dim, 2: p.cyan, 3: p.bold, 5: p.red}}
	return func(c *history.Changed) error {
		cells := e.onelineCells(&c.Event)
		if cells = cells[:len(cells)-1]; c.Late { // the changes say what the data says
			cells = append(cells, "late")
		}
		if c.Truncated {
			cells = append(cells, "truncated")
		}
		if err := t.row(cells...); err != nil {
			return err
		}
		if err := t.flush(); err != nil {
			return err
		}
		return lines.write(w, c.Changes)
	}
}

// pickedChanges is how many of the changes that -S finds stand on the line of their event.
const pickedChanges = 3

// showPickedLine returns what shows on one line an event and what it changed where -S looks, and what ends the list.
func (e *env) showPickedLine(w *bufio.Writer) (show func(*history.Changed) error, end func() error) {
	t := e.onelineTable(w)
	show = func(c *history.Changed) error {
		cells := e.onelineCells(&c.Event)
		cells[len(cells)-1] = pickedLine(c.Changes)
		return t.row(cells...)
	}
	return show, func() error { return errors.Join(t.flush(), w.Flush()) }
}

// pickedLine writes a few changes on one line: ~ due  12 -> 0.
func pickedLine(changes []reducer.Change) string {
	var plain changeLines
	var parts []string
	for i := range changes[:min(len(changes), pickedChanges)] {
		sign, text := plain.change(&changes[i], onelineData)
		parts = append(parts, sign+" "+shownPath(changes[i].Path)+"  "+text)
	}
	if more := len(changes) - pickedChanges; more > 0 {
		parts = append(parts, fmt.Sprintf("and %s more", thousands(more)))
	}
	return strings.Join(parts, "; ")
}
