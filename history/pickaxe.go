package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Pickaxe looks for the events that changed a value of a state.
type Pickaxe struct {
	Path reducer.Path // where it names an element by a member, elements of lists are told apart by that one

	// Value, unless nil, is JSON: then only the events count with which the value at the path came to be equal to it, or ceased to be. Without it every event counts that changed a leaf at or below the
	// path.
	Value []byte
}

// maxPicked is how many events may be found when no limit says which of them are wanted.
const maxPicked = 4_000_000

// Pick returns the positions, in their order, of those events of the selection that the pickaxe finds: in the state of the stream or the tag that the selection is of, and for one of the whole
// store in that of each stream that has events in it. limit, unless 0, bounds them to the last that are folded, of the whole store to those with the highest positions; beyond four million
// without one, the error is [store.ErrTooLarge]. Other errors are as of [FoldState].
func (sel *Selection) Pick(ctx context.Context, s store.Store, p Pickaxe, limit int, o StateOptions) ([]store.Position, error) {
	if p.Value != nil && !eventjson.Valid(p.Value) {
		return nil, invalidf("the value to look for is not JSON: %s", p.Value)
	}
	found := picked{limit: limit}
	if sel.Subject != WholeStore {
		if err := sel.pick(ctx, s, &p, &found, o); err != nil {
			return nil, err
		}
		return found.sorted(), nil
	}
	if !o.EffectiveAt.IsZero() {
		return nil, invalidf("an effective time needs a stream or a tag: it orders the events of one target")
	}
	until, err := o.Known.Bound(ctx, s, sel.Until)
	if err != nil {
		return nil, err
	}
	o.Known = Known{}
	q, possible := sel.Query()
	if !possible {
		return nil, nil
	}
	for name, err := range touched(ctx, s, q, sel.After, until, maxTouchedBytes) {
		if err != nil {
			return nil, err
		}
		found.sort = true
		one := Selection{Subject: Stream, Name: name, After: sel.After, Until: until, Filter: sel.Filter}
		if err := one.pick(ctx, s, &p, &found, o); err != nil && !o.leaveOut(name, err) {
			return nil, err
		}
	}
	return found.sorted(), nil
}

// pick adds what is found in one state.
func (sel *Selection) pick(ctx context.Context, s store.Store, p *Pickaxe, found *picked, o StateOptions) error {
	st, err := newState(ctx, s, *sel, o)
	if err != nil {
		return err
	}
	look := newLook(p)
	for step, err := range st.Steps(ctx, s, look.want) {
		if err != nil && st.Position == 0 && isUnknown(err) {
			return nil // where there is no event none is found
		}
		if err != nil {
			return err
		}
		if hit := look.at(step); !hit || step.Event.Position <= sel.After || !sel.Filter.Matches(&step.Event.Event) {
			continue
		}
		if err := found.add(step.Event.Position); err != nil {
			return err
		}
	}
	return nil
}

// isUnknown says whether err is that of a state without events.
func isUnknown(err error) bool { return errors.Is(err, store.ErrNotFound) }

// look is a pickaxe at work on one state.
type look struct {
	*Pickaxe
	path string
	want reducer.Want
	leaf bool // the value is one that changes of leaves tell
	was  bool // the value was at the path before the step
}

func newLook(p *Pickaxe) *look {
	l := &look{Pickaxe: p, path: p.Path.String(), want: reducer.Want{Changes: true, ArrayKey: p.Path.ArrayKey()}}
	if p.Value == nil {
		return l
	}
	value := bytes.TrimSpace(p.Value)
	leaves, _ := reducer.Diff(nil, value, "") // it is JSON
	l.leaf = len(p.Path) > 0 && (len(leaves) == 1 && leaves[0].Path == "" || len(leaves) == 0)
	if l.leaf {
		l.Pickaxe = &Pickaxe{Path: p.Path, Value: leafText(value)}
	} else {
		l.want.Paths = []reducer.Path{p.Path}
		l.was = len(p.Path) == 0 && reducer.Equal(value, emptyState) // what is made of nothing has no leaves either
	}
	return l
}

var emptyState = []byte("{}")

// leafText returns the text of a leaf as changes have it.
func leafText(value []byte) []byte {
	switch value[0] {
	case '[':
		return []byte("[]")
	case '{':
		return []byte("{}")
	}
	return value
}

// at says whether a step is one that is looked for.
func (l *look) at(step *reducer.Step) bool {
	hit := false
	for i := range step.Changes {
		c := &step.Changes[i]
		switch {
		case l.leaf && c.Path == l.path:
			return equalLeaf(c.Old, l.Value) || equalLeaf(c.New, l.Value) // not both: they differ
		case !l.leaf && under(l.path, c.Path):
			hit = true
		}
	}
	if l.Value == nil || l.leaf {
		return hit
	}
	if !hit {
		return false
	}
	is := step.Values[0] != nil && reducer.Equal(step.Values[0], l.Value)
	changed := is != l.was
	l.was = is
	return changed
}

func equalLeaf(a, b []byte) bool { return a != nil && reducer.EqualScalars(a, b) }

// picked are positions that were found.
type picked struct {
	limit     int
	sort      bool // of those that are too many the lowest go, not the first
	positions []store.Position
}

func (p *picked) add(at store.Position) error {
	p.positions = append(p.positions, at)
	switch {
	case p.limit > 0 && len(p.positions) >= 2*p.limit+1024:
		p.trim()
	case p.limit <= 0 && len(p.positions) > maxPicked:
		return fmt.Errorf("look for changes: %w", &store.TooLargeError{What: "list of events found", Unit: "events", Got: len(p.positions), Max: maxPicked})
	}
	return nil
}

func (p *picked) trim() {
	if p.limit <= 0 || len(p.positions) <= p.limit {
		return
	}
	if p.sort {
		slices.Sort(p.positions)
	}
	p.positions = slices.Delete(p.positions, 0, len(p.positions)-p.limit)
}

func (p *picked) sorted() []store.Position {
	p.trim()
	slices.Sort(p.positions)
	return p.positions
}
