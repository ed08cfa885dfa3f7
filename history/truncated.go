package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// FirstLeft returns the first position that was not truncated away, 1 where nothing was.
func FirstLeft(ctx context.Context, s store.Store) (store.Position, error) {
	for _, err := range s.Read(ctx, nil, store.ReadOptions{Limit: 1}) {
		if gone, ok := errors.AsType[*store.TruncatedError](err); ok {
			return gone.First, nil
		}
		if err != nil {
			return 0, fmt.Errorf("look for the first position: %w", err)
		}
	}
	return 1, nil
}

// gone is the error of a question that needs events which were truncated away: about a stream, with an empty target where none of its events is left, a tag with an empty stream, or the store
// with both empty.
func gone(target, stream string, first store.Position, why string) error {
	hint := "gesta log " + target + " shows the events that are left"
	switch {
	case target == "" && stream != "":
		hint = "a copy that was exported before may have them"
	case target == "":
		hint = fmt.Sprintf("ask from position %d on", first)
	}
	return &eventjson.Error{
		Code: eventjson.CodeTruncated, Stream: stream, Position: first, Hint: hint,
		Message: fmt.Sprintf("%s; the first position left is %d", why, first),
	}
}

// goneBefore is gone for what cannot be said of the store without its events before the first position left.
func goneBefore(p, first store.Position) error {
	why := "the beginning of the store was truncated away"
	if p > 0 {
		why = fmt.Sprintf("position %d was truncated away", p)
	}
	return gone("", "", first, why)
}

// checkStart returns an error where events after a position were truncated away.
func checkStart(ctx context.Context, s store.Store, after store.Position) error {
	first, err := FirstLeft(ctx, s)
	if err == nil && after+1 < first {
		err = goneBefore(after, first)
	}
	return err
}

// CheckStart returns [store.ErrTruncated] where the selection has a start that was asked for, and events after it were truncated away.
func (sel *Selection) CheckStart(ctx context.Context, s store.Store) error {
	if !sel.Explicit {
		return nil
	}
	return checkStart(ctx, s, sel.After)
}

// isGone says whether err is that of a question that needs events which were truncated away.
func isGone(err error) bool { return errors.Is(err, store.ErrTruncated) }

// upTo is PositionAt for an end: the last position that was truncated away where nothing that is left was recorded by then, so that who reads up to there
// is told so.
func upTo(ctx context.Context, s store.Store, t time.Time) (store.Position, error) {
	p, err := PositionAt(ctx, s, t)
	if err != nil || p > 0 {
		return p, err
	}
	first, err := FirstLeft(ctx, s)
	return first - min(first, 1), err
}

// CheckWhole returns [store.ErrTruncated] where the first events of the stream that the selection is of were truncated away, and where some of the tag may have been, so that there is no state of it.
func (sel *Selection) CheckWhole(ctx context.Context, s store.Store) error {
	if sel.Subject == WholeStore || sel.none() {
		return nil
	}
	st := State{Target: sel.Target()}
	first, err := FirstLeft(ctx, s)
	if err != nil || first == 1 {
		return err
	}
	if st.gone = first; sel.Subject == Tag {
		return st.complete(nil)
	}
	st.Stream = sel.Name
	for r, err := range Read(ctx, s, sel.subject(), store.ReadOptions{Until: sel.Until, Limit: 1}, nil) {
		if err != nil {
			return fmt.Errorf("look up the first event of %s: %w", st.Target, err)
		}
		return st.complete(&r)
	}
	return nil
}

// complete returns an error unless the first event that is left of the target is the first that it ever had. Which events had a tag is known of none that
// was truncated away.
func (st *State) complete(first *store.Recorded) error {
	switch {
	case st.Stream == "" && st.gone > 0:
		return gone(st.Target, "", st.gone, "events of "+st.Target+" may have been truncated away, and no state can be told without them")
	case st.Stream != "" && first != nil && first.Version > 1:
		why := fmt.Sprintf("the events of %s before version %d were truncated away, and no state can be told without them", st.Target, first.Version)
		return gone(st.Target, st.Stream, cmp.Or(st.gone, first.Position), why)
	}
	return nil
}

// nothing returns the error of a state without events: there never were any, or they were truncated away.
func (st *State) nothing(ctx context.Context, s store.Store) error {
	if st.gone == 0 {
		first := store.Position(1)
		if st.selection.none() { // nothing was read
			var err error
			if first, err = FirstLeft(ctx, s); err != nil {
				return err
			}
		}
		return st.unknown(first > 1)
	}
	if err := st.complete(nil); err != nil {
		return err
	}
	for r, err := range s.Read(ctx, store.Query{{Stream: st.Stream}}, store.ReadOptions{After: st.gone - 1, Limit: 1}) {
		if err != nil {
			return fmt.Errorf("look up the first event of %s: %w", st.Target, err)
		}
		if r.Version == 1 {
			return st.unknown(false) // it came later
		}
	}
	return gone(st.Target, st.Stream, st.gone, "the events of "+st.Target+" up to that point were truncated away")
}
