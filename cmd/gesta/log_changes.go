package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/gestadb/gesta/history"
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

// logFold is how log looks at states; its reducer goes into the basis.
func (e *env) logFold(ctx context.Context, q *question, sel *history.Selection, f *logFlags) (history.StateOptions, error) {
	o := history.StateOptions{EffectiveAt: q.basis.EffectiveAt, Truncated: e.beginsAt()}
	if !f.patch && f.pickaxe == "" {
		return o, nil
	}
	o.Choose = q.rules.choose
	identity, err := q.rules.identityOf(ctx, *sel)
	q.basis.Reducer = identity
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
	positions, err := sel.Pick(ctx, q.store, axe, max(f.limit, 0), o)
	if err != nil || len(positions) == 0 {
		return none, err
	}
	if at := q.basis.EffectiveAt; !at.IsZero() {
		events, err := sel.Effective(ctx, q.store, at, nil)
		if err != nil {
			return nil, err
		}
		if !f.reverse {
			slices.Reverse(events)
		}
		return atPositions(func(yield func(store.Recorded, error) bool) {
			for _, r := range events {
				if !yield(r, nil) {
					return
				}
			}
		}, positions), nil
	}
	if sel.Subject == history.WholeStore {
		if !f.reverse {
			slices.Reverse(positions)
		}
		return readEach(ctx, q.store, positions), nil
	}
	found := *sel
	found.After, found.Explicit, found.Until = positions[0]-1, true, positions[len(positions)-1]
	return atPositions(found.Events(ctx, q.store, !f.reverse, nil), positions), nil
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
	path, err := reducer.ParsePath(f.path)
	if err != nil {
		return fmt.Errorf("--path: %w", err)
	}
	changed := sel.Changes(ctx, q.store, events, history.ChangesOptions{StateOptions: o, ArrayKey: f.arrayKey, Path: path, InOrder: f.reverse})
	if e.jsonMode() {
		return e.logChangesJSON(ctx, q, changed)
	}
	lines := e.changeLines()
	if err := e.page(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(e.stdout, 64<<10)
	show := e.showChanged(w, &lines)
	if f.oneline {
		show = e.showChangedLine(w, &lines)
	}
	for c, err := range changed {
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		if err := show(&c); err != nil {
			return err
		}
	}
	return w.Flush()
}

// changedMembers are the members of an item of log -p.
var changedMembers = append(slices.Clone(eventMembers), "changes")

func (e *env) logChangesJSON(ctx context.Context, q *question, changed iter.Seq2[history.Changed, error]) error {
	items, err := e.newItems(&q.basis, changedMembers...)
	if err != nil {
		return err
	}
	var buf []byte
	for c, err := range changed {
		if err != nil {
			return errors.Join(err, items.flush())
		}
		buf = eventjson.AppendEvent(buf[:0], &c.Event)
		buf = append(buf[:len(buf)-len("}")], `,"changes":`...)
		if err := items.add(ctx, append(appendChanges(buf, c.Changes), '}')); err != nil {
			return err
		}
	}
	return items.close(ctx)
}

const lateLine = "  (late: it took effect before an earlier event of its stream)"

// showChanged returns what shows an event and its changes in full.
func (e *env) showChanged(w io.Writer, lines *changeLines) func(*history.Changed) error {
	return func(c *history.Changed) error {
		if err := e.writeEvent(w, &c.Event, false); err != nil {
			return err
		}
		if c.Late || len(c.Changes) > 0 {
			late := "\n"
			if c.Late {
				late += lines.p.dim(lateLine) + "\n"
			}
			if _, err := io.WriteString(w, late); err != nil {
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
		if err := t.row(cells...); err != nil {
			return err
		}
		if err := t.flush(); err != nil {
			return err
		}
		return lines.write(w, c.Changes)
	}
}
