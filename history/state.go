package history

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// StateOptions say which events make up a state, and how. The zero value folds all of them by [reducer.MergePatch].
type StateOptions struct {
	Known       Known
	EffectiveAt time.Time       // the zero time folds in position order, superseded events included
	Reducer     reducer.Reducer // defaults to reducer.MergePatch()

	// Truncated, unless nil, is told the first position left where the events of a tag may have been truncated away.
	Truncated func(store.Position)
}

// State is what the events of a stream or a tag amount to.
type State struct {
	Target string // the stream, or tag: and the tag
	Stream string // empty for a tag

	// Version is that of the stream at the last event that is known, for a tag the number of events that are; Position is
	// where that event stands.
	Version  uint64
	Position store.Position

	// Events is how many events were folded, Skipped how many of them the reducer left out.
	Events, Skipped uint64

	Reducer string // its identity
	Fold    reducer.Fold
}

// FoldState folds the events of a stream or tag up to the end of the selection. It returns [store.ErrInvalid] for a
// selection of the whole store, [store.ErrNotFound] where no event of the target is known, [store.ErrTruncated] for a stream whose first events are
// gone, and errors of the store and the reducer.
func FoldState(ctx context.Context, s store.Store, sel Selection, o StateOptions) (*State, error) {
	if sel.Subject == WholeStore {
		return nil, invalidf("a state is of a stream or a tag, not of the whole store")
	}
	if o.Reducer == nil {
		o.Reducer = reducer.MergePatch()
	}
	if err := sel.Narrow(ctx, s, o.Known); err != nil {
		return nil, err
	}
	sel.After, sel.Explicit, sel.Filter = 0, false, nil
	st := &State{Target: sel.Target(), Reducer: o.Reducer.Identity(), Fold: o.Reducer.New()}
	if sel.Subject == Stream {
		st.Stream = sel.Name
	}
	known := st.watch(sel.Events(ctx, s, false, o.Truncated))
	var err error
	if o.EffectiveAt.IsZero() {
		err = st.fold(known)
	} else {
		err = st.foldEffective(known, o.EffectiveAt)
	}
	if err != nil {
		return nil, fmt.Errorf("fold %s: %w", st.Target, err)
	}
	if st.Position == 0 {
		hint := "gesta show " + st.Target + "@1 shows its first event"
		if st.Stream == "" { // a tag may have none at all
			hint = "gesta log " + st.Target + " shows the events that have the tag"
		}
		return nil, &eventjson.Error{
			Code: eventjson.CodeNotFound, Stream: st.Stream, Hint: hint,
			Message: "no event of " + st.Target + " is known at that point",
		}
	}
	return st, nil
}

// watch notes the last event that passes by.
func (st *State) watch(events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range events {
			if err == nil {
				if st.Stream != "" && st.Version == 0 && r.Version > 1 {
					yield(store.Recorded{}, &store.TruncatedError{First: r.Position})
					return
				}
				st.Position = r.Position
				st.Version++
				if st.Stream != "" {
					st.Version = r.Version
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func (st *State) fold(events iter.Seq2[store.Recorded, error]) error {
	for r, err := range events {
		if err != nil {
			return err
		}
		if err := st.apply(&r); err != nil {
			return err
		}
	}
	return nil
}

func (st *State) foldEffective(events iter.Seq2[store.Recorded, error], at time.Time) error {
	var known []store.Recorded
	for r, err := range events {
		if err != nil {
			return err
		}
		known = append(known, r)
	}
	for _, r := range store.Effective(known, at) {
		if err := st.apply(&r); err != nil {
			return err
		}
	}
	return nil
}

func (st *State) apply(r *store.Recorded) error {
	applied, err := st.Fold.Apply(r)
	if err != nil {
		return &eventjson.Error{Code: eventjson.CodeReducer, Position: r.Position, Stream: r.Stream, Message: err.Error()}
	}
	st.Events++
	if !applied {
		st.Skipped++
	}
	return nil
}
