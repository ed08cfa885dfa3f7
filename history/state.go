package history

import (
	"context"
	"errors"
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
	Effective   *Effective      // that of the same target, end and time, where it is known already: then it is not looked for
	Reducer     reducer.Reducer // defaults to what Choose chooses

	// Choose returns the reducer for a target: a stream, or tag: and a tag. Defaults to reducer.MergePatch() for all. It is used by several goroutines at once.
	Choose func(ctx context.Context, target string) (reducer.Reducer, error)

	// LeftOut, unless nil, is told, on one goroutine, of each stream of a store that has no part in an answer about many because its first events were truncated away, and the first position left.
	// Where it is nil, such a stream is an error.
	LeftOut func(stream string, first store.Position)
}

// leaveOut tells of a stream that is left out for an error, and returns false where the error is another one or stands.
func (o *StateOptions) leaveOut(stream string, err error) bool {
	if o.LeftOut == nil || stream == "" || !isGone(err) {
		return false
	}
	o.LeftOut(stream, eventjson.Describe(err).Position)
	return true
}

// State is what the events of a stream or a tag amount to.
type State struct {
	Target string // the stream, or tag: and the tag
	Stream string // empty for a tag

	// Version is that of the stream at the last event that is known, for a tag the number of events that are; Position is
	// where that event stands.
	Version  uint64
	Position store.Position

	// Ignored are the positions of events that claim to supersede what they do not, by the rule of [store.IgnoredSupersedes]. They are known only under an effective time.
	Ignored []store.Position

	// Events is how many events were folded, Skipped how many of them the reducer left out.
	Events, Skipped uint64

	Reducer string // its identity
	Fold    reducer.Fold

	selection Selection
	options   StateOptions
	effective *Effective     // once it is known, where an effective time is asked for
	gone      store.Position // the first position left, where events before it were truncated away; else 0
}

// FoldState folds the events of a stream or tag up to the end of the selection. It returns [store.ErrInvalid] for a
// selection of the whole store, [store.ErrNotFound] where no event of the target is known, [store.ErrTruncated] for a stream whose first events are
// gone and for a tag where some may be, and errors of the store and the reducer. The state's Fold is closed.
func FoldState(ctx context.Context, s store.Store, sel Selection, o StateOptions) (*State, error) {
	st, err := newState(ctx, s, sel, o)
	if err != nil {
		return nil, err
	}
	for _, err := range st.Steps(ctx, s, reducer.Want{}) {
		if err != nil {
			return nil, err
		}
	}
	return st, nil
}

// newState begins the state of a selection; Steps makes it.
func newState(ctx context.Context, s store.Store, sel Selection, o StateOptions) (*State, error) {
	if sel.Subject == WholeStore {
		return nil, invalidf("a state is of a stream or a tag, not of the whole store")
	}
	if o.Reducer == nil {
		o.Reducer = reducer.MergePatch()
		if o.Choose != nil {
			var err error
			if o.Reducer, err = o.Choose(ctx, sel.Target()); err != nil {
				return nil, err
			}
		}
	}
	if err := sel.Narrow(ctx, s, o.Known); err != nil {
		return nil, err
	}
	sel.After, sel.Explicit, sel.Filter, sel.Whole = 0, false, nil, true
	st := &State{Target: sel.Target(), Reducer: o.Reducer.Identity(), selection: sel, options: o}
	if sel.Subject == Stream {
		st.Stream = sel.Name
	}
	return st, nil
}

// placedError is what is wrong with the source of a rule, where that has one.
type placedError interface {
	error
	Place() (file string, line int)
}

// begin begins the fold. What is wrong with the rule is an error of the reducer.
func (st *State) begin(ctx context.Context) error {
	fold, err := st.options.Reducer.New(ctx)
	if err != nil && ctx.Err() == nil {
		e := &eventjson.Error{Code: eventjson.CodeReducer, Stream: st.Stream, Message: "begin to fold " + st.Target + ": " + err.Error()}
		if placed, ok := errors.AsType[placedError](err); ok {
			file, line := placed.Place()
			e.File, e.Line = file, int64(line)
		}
		return e
	}
	st.Fold = fold
	return err
}

// Steps folds the events, once, and yields what each of them did. An error is yielded once, last, with a nil Step.
func (st *State) Steps(ctx context.Context, s store.Store, w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		if err := st.begin(ctx); err != nil {
			yield(nil, err)
			return
		}
		left := false
		for step, err := range st.Fold.Steps(st.events(ctx, s), w) {
			if err != nil {
				_ = st.Fold.Close() // that error says more
				yield(nil, st.failed(err))
				return
			}
			st.Events++
			if !step.Applied {
				st.Skipped++
			}
			if left = !yield(step, nil); left {
				break
			}
		}
		err := st.Fold.Close()
		switch {
		case left:
		case err != nil:
			yield(nil, err)
		case st.Position == 0:
			yield(nil, st.nothing(ctx, s))
		}
	}
}

// failed says whose fold an error ended.
func (st *State) failed(err error) error {
	if at, ok := errors.AsType[*reducer.EventError](err); ok {
		return &eventjson.Error{
			Code: eventjson.CodeReducer, File: at.File, Line: int64(at.Line), Position: at.Position, Stream: at.Stream,
			Message: "fold " + st.Target + ": " + err.Error(),
		}
	}
	if _, ok := errors.AsType[*eventjson.Error](err); ok {
		return err // it says whose
	}
	return fmt.Errorf("fold %s: %w", st.Target, err)
}

// unknown says that there is nothing to fold. Where the first events of the store are gone, that of the stream may be too.
func (st *State) unknown(firstGone bool) error {
	hint := "gesta show " + st.Target + "@1 shows its first event"
	switch {
	case st.Stream == "": // a tag may have none at all
		hint = "gesta log " + st.Target + " shows the events that have the tag"
	case firstGone:
		hint = "gesta log " + st.Target + " shows the events that are left"
	}
	return &eventjson.Error{
		Code: eventjson.CodeNotFound, Stream: st.Stream, Hint: hint,
		Message: "no event of " + st.Target + " is known at that point",
	}
}

// events yields those to fold, in the order in which they are folded.
func (st *State) events(ctx context.Context, s store.Store) iter.Seq2[store.Recorded, error] {
	if st.options.EffectiveAt.IsZero() {
		return st.watch(st.selection.Events(ctx, s, false, st.truncated))
	}
	return func(yield func(store.Recorded, error) bool) {
		if err := st.look(ctx, s); err != nil {
			yield(store.Recorded{}, err)
			return
		}
		st.effective.read(ctx, s, false, func(store.Position) bool { return true })(yield)
	}
}

// look finds the order of the events, once, and notes the last one that is known.
func (st *State) look(ctx context.Context, s store.Store) (err error) {
	if st.effective != nil {
		return nil
	}
	e := st.options.Effective
	if !e.isOf(&st.selection, st.options.EffectiveAt) {
		if e, err = st.selection.Effective(ctx, s, st.options.EffectiveAt, nil); err != nil {
			return err
		}
	}
	if st.gone = e.truncated; e.events > 0 {
		if err := st.complete(&store.Recorded{Position: e.first.Position, Version: e.first.Version}); err != nil {
			return err
		}
	}
	st.effective, st.Ignored, st.Position = e, e.Ignored, e.last.Position
	if st.Version = e.events; st.Stream != "" {
		st.Version = e.last.Version
	}
	return nil
}

// truncated notes that the oldest events of the store are gone.
func (st *State) truncated(first store.Position) { st.gone = first }

// watch notes the last event that passes by, and stops at the first one where events before it are gone.
func (st *State) watch(events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range events {
			if err == nil {
				if st.Version == 0 {
					if err := st.complete(&r); err != nil {
						yield(store.Recorded{}, err)
						return
					}
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
