package history

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// Place is a point in the history of a stream or a tag.
type Place struct {
	Target string // the stream, or tag: and the tag
	Stream string // empty for a tag

	// Version is that of the stream at the last event up to the point, for a tag the number of events; Position is where that event stands. Both are 0 before the first event.
	Version  uint64
	Position store.Position
}

// Difference is what lies between two states.
type Difference struct {
	From, To Place

	// Events is how many events one of the states is made of and the other is not.
	Events uint64

	Changes []reducer.Change // sorted by path

	// Ignored are those of either state, by position; see [State].
	Ignored []store.Position

	// FromState and ToState are the states as JSON, nil for one that is made of nothing. They are there only where they were asked for.
	FromState, ToState []byte
}

// DiffOptions say which differences count.
type DiffOptions struct {
	StateOptions
	ArrayKey string       // that of reducer.Want
	Path     reducer.Path // only what differs at or below it
	States   bool         // tells the states too

	Workers int // how many streams of a store are looked at at a time; defaults to the number of cores that Go uses
}

// Diff returns what lies between two states, each of a stream or a tag. Two points of the same one are told apart by a single fold, unless an effective time is asked for: that may put
// the events of the two in different orders. It returns [store.ErrInvalid] for a selection of the whole store, [store.ErrNotFound] where neither has an event, and errors as of
// [FoldState].
func Diff(ctx context.Context, s store.Store, from, to Selection, o DiffOptions) (*Difference, error) {
	if from.Subject == WholeStore || to.Subject == WholeStore {
		return nil, invalidf("a state is of a stream or a tag, not of the whole store")
	}
	if from.Subject == to.Subject && from.Name == to.Name && o.EffectiveAt.IsZero() {
		return diffPoints(ctx, s, from, to.Until, o)
	}
	return diffStates(ctx, s, from, to, o)
}

// place returns where the state is.
func (st *State) place() Place {
	return Place{Target: st.Target, Stream: st.Stream, Version: st.Version, Position: st.Position}
}

// text returns the state as JSON, nil where it is made of nothing.
func (st *State) text() []byte {
	if st.Events == 0 {
		return nil
	}
	text, ok := st.Fold.AppendAt(nil, nil)
	if !ok {
		return nil
	}
	return text
}

// diffPoints tells two points of one subject apart: it folds up to the later and adds up what changes after the earlier.
func diffPoints(ctx context.Context, s store.Store, sel Selection, to store.Position, o DiffOptions) (d *Difference, err error) {
	from := sel.Until
	backwards := to < from
	sel.Until = max(from, to)
	st, err := newState(ctx, s, sel, o.StateOptions)
	if err != nil {
		return nil, err
	}
	if err := st.begin(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := st.Fold.Close(); err == nil && closeErr != nil {
			d, err = nil, closeErr
		}
	}()
	until := st.selection.Until
	earlier := min(from, to, until)
	for _, err := range st.part(ctx, s, 0, earlier, reducer.Want{}) {
		if err != nil {
			return nil, err
		}
	}
	d = &Difference{From: st.place()}
	before := st.Events
	if o.States {
		d.FromState = st.text()
	}
	var total reducer.Total
	path := o.Path.String()
	for step, err := range st.part(ctx, s, earlier, until, reducer.Want{Changes: true, ArrayKey: o.ArrayKey}) {
		if err != nil {
			return nil, err
		}
		total.Add(only(path, step.Changes))
	}
	if st.Position == 0 {
		return nil, st.nothing(ctx, s)
	}
	d.To, d.Events, d.Changes = st.place(), st.Events-before, total.Changes()
	if o.States {
		d.ToState = st.text()
	}
	if backwards {
		d.From, d.To, d.FromState, d.ToState = d.To, d.From, d.ToState, d.FromState
		d.Changes = reducer.Reversed(d.Changes)
	}
	return d, nil
}

// only keeps the changes at or below a path, in the same memory.
func only(path string, changes []reducer.Change) []reducer.Change {
	if path == "" {
		return changes
	}
	return slices.DeleteFunc(changes, func(c reducer.Change) bool { return !under(path, c.Path) })
}

// diffStates folds both states and compares them.
func diffStates(ctx context.Context, s store.Store, from, to Selection, o DiffOptions) (*Difference, error) {
	var (
		d      Difference
		before positions // of the events of the first state
	)
	for i, side := range []struct {
		sel   Selection
		place *Place
		text  *[]byte
	}{{from, &d.From, &d.FromState}, {to, &d.To, &d.ToState}} {
		st, err := newState(ctx, s, side.sel, o.StateOptions)
		if err != nil {
			return nil, err
		}
		for step, err := range st.Steps(ctx, s, reducer.Want{}) {
			if err != nil && st.Position == 0 && isUnknown(err) {
				break // nothing is a state that others differ from
			}
			if err != nil {
				return nil, err
			}
			switch at := step.Event.Position; {
			case i == 0:
				before.add(at)
				d.Events++
			case before.has(at):
				d.Events--
			default:
				d.Events++
			}
		}
		*side.place, *side.text = st.place(), st.text()
		d.Ignored = append(d.Ignored, st.Ignored...)
		if i == 1 && st.Position == 0 && d.From.Position == 0 {
			return nil, st.nothing(ctx, s)
		}
	}
	slices.Sort(d.Ignored)
	d.Ignored = slices.Compact(d.Ignored)
	changes, ok := reducer.Diff(d.FromState, d.ToState, o.ArrayKey)
	if !ok {
		return nil, fmt.Errorf("compare %s with %s: a state is not JSON", d.From.Target, d.To.Target)
	}
	d.Changes = only(o.Path.String(), changes)
	if !o.States {
		d.FromState, d.ToState = nil, nil
	}
	return &d, nil
}

// DiffStore yields what lies between two points of the store, for each stream that has events between them, by name: the others are the same and are not read. A position inside a commit
// stands for its last. System streams have no states. It looks at as many streams at a time as there are workers, and holds a state or a difference of each, and the names of so many streams as fit
// into 16 MiB; where more have events it looks for those in rounds. An error is yielded once, last, with a nil Difference; it is [store.ErrTruncated] where events after one of the points were truncated
// away.
func DiffStore(ctx context.Context, s store.Store, from, to store.Position, o DiffOptions) iter.Seq2[*Difference, error] {
	return func(yield func(*Difference, error) bool) {
		from, to, err := StorePoints(ctx, s, from, to, o.Known)
		if err != nil {
			yield(nil, err)
			return
		}
		o.Known = Known{}
		workers := o.Workers
		if workers <= 0 {
			workers = runtime.GOMAXPROCS(0)
		}
		names := touched(ctx, s, nil, min(from, to), max(from, to), maxTouchedBytes)
		between := func(ctx context.Context, name string) (*Difference, error) {
			return Diff(ctx, s, Selection{Subject: Stream, Name: name, Until: from}, Selection{Subject: Stream, Name: name, Until: to}, o)
		}
		for d := range inOrder(ctx, names, workers, between) {
			if o.leaveOut(d.name, d.err) {
				continue
			}
			if !yield(d.value, d.err) || d.err != nil {
				return
			}
		}
	}
}

// StorePoints returns where the store is told apart between two positions: both are lowered to what is known, and moved to the end of the commit that they lie in. It returns
// [store.ErrTruncated] where events after one of them were truncated away.
func StorePoints(ctx context.Context, s store.Store, from, to store.Position, k Known) (a, b store.Position, err error) {
	ends := [2]store.Position{from, to}
	for i, p := range ends {
		if ends[i], err = CommitEnd(ctx, s, p); err != nil {
			return 0, 0, err
		}
	}
	until, err := k.Bound(ctx, s, max(ends[0], ends[1]))
	if err != nil {
		return 0, 0, err
	}
	a, b = min(ends[0], until), min(ends[1], until)
	return a, b, checkStart(ctx, s, min(a, b))
}
