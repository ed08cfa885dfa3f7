package history

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

// Effective is in which order the events of a stream or a tag are read that hold at a time, by the rule of [store.Effective]. It keeps none of them: 16 bytes for each that holds and 32 for each name
// that is superseded, as [store.EffectiveOrder] does, and a bit for each event of a stream. The events are read when they are asked for, those up to the end of the selection whatever the store
// has taken in since; one whose payload was erased meanwhile comes without it. It may be used by any number of goroutines.
type Effective struct {
	// Ignored are the positions of events that claim to supersede what they do not, by the rule of [store.IgnoredSupersedes].
	Ignored []store.Position

	asked Selection // with what After and the filter leave out
	at    time.Time
	order *store.EffectiveOrder

	first     Place          // of the first event that is known
	last      Place          // of the last one; in these the version is that of the event
	events    uint64         // how many are known
	truncated store.Position // the first position left, where those before it were truncated away
	late      lateEvents
}

// Effective looks through the events of a stream or a tag, and finds the order of those that hold at a time. The
// rule looks at all that is known of the subject up to Until; After and the filter then leave some out. Where an event claims to supersede another they are looked through twice. It returns
// [store.ErrInvalid] for the whole store, and errors of the store; truncated is as for [Read].
func (sel *Selection) Effective(ctx context.Context, s store.Store, at time.Time, truncated func(store.Position)) (*Effective, error) {
	if sel.Subject == WholeStore {
		return nil, invalidf("an effective time needs a stream or a tag: it orders the events of one target")
	}
	e := &Effective{asked: *sel, at: at, order: store.NewEffectiveOrder(at), late: lateEvents{track: lateness{off: sel.Subject != Stream}}}
	tell := func(first store.Position) {
		if e.truncated = first; truncated != nil {
			truncated(first)
		}
	}
	if err := e.look(ctx, s, tell); err != nil {
		return nil, fmt.Errorf("read %s: %w", sel.Target(), err)
	}
	return e, nil
}

// whole selects all that is known of the subject.
func (e *Effective) whole() Selection {
	return Selection{Subject: e.asked.Subject, Name: e.asked.Name, Until: e.asked.Until, Whole: e.asked.Whole}
}

// isOf says whether it is the order of all events of the selection that hold at a time.
func (e *Effective) isOf(sel *Selection, at time.Time) bool {
	return e != nil && e.asked.Subject == sel.Subject && e.asked.Name == sel.Name && e.asked.Until == sel.Until && e.at.Equal(at)
}

func (e *Effective) look(ctx context.Context, s store.Store, truncated func(store.Position)) error {
	whole := e.whole()
	for r, err := range whole.Events(ctx, s, false, truncated) {
		if err != nil {
			return err
		}
		e.last = Place{Position: r.Position, Version: r.Version}
		if e.events++; e.events == 1 {
			e.first = e.last
		}
		e.order.Add(&r)
		e.late.add(&r)
	}
	e.order.Sort()
	if !e.order.Claims() {
		return nil
	}
	for r, err := range whole.Events(ctx, s, false, nil) {
		if err != nil {
			return err
		}
		if e.order.Ignores(&r) {
			e.Ignored = append(e.Ignored, r.Position)
		}
	}
	return nil
}

// Events reads the events of the selection, in their order or the other way round. An error is yielded once, last. Only, unless nil, are the positions of those that are wanted, sorted: others are
// not read.
func (e *Effective) Events(ctx context.Context, s store.Store, backward bool, only []store.Position) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		wanted := func(p store.Position) bool {
			if only != nil {
				if _, found := slices.BinarySearch(only, p); !found {
					return false
				}
			}
			return p > e.asked.After
		}
		for r, err := range e.read(ctx, s, backward, wanted) {
			if err == nil && !e.asked.Filter.Matches(&r.Event) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// read reads the events that hold and stand at a position that is wanted.
func (e *Effective) read(ctx context.Context, s store.Store, backward bool, wanted func(store.Position) bool) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		whole, n := e.whole(), e.order.Len()
		position := func(i int) store.Position {
			if backward {
				i = n - 1 - i
			}
			if p := e.order.Position(i); wanted(p) {
				return p
			}
			return 0
		}
		for r, err := range whole.EventsAt(ctx, s, n, position) {
			if err == nil && e.order.Superseded(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// lateEvents are the events of a stream that took effect before an earlier one.
type lateEvents struct {
	track lateness
	first uint64   // version
	bits  []uint64 // one for each version from the first on
}

// add takes the next event in.
func (l *lateEvents) add(r *store.Recorded) {
	if l.first == 0 {
		l.first = r.Version
	}
	if !l.track.of(r) {
		return
	}
	i := (r.Version - l.first) / 64
	if missing := i + 1 - min(i+1, uint64(len(l.bits))); missing > 0 {
		l.bits = append(l.bits, make([]uint64, missing)...)
	}
	l.bits[i] |= 1 << ((r.Version - l.first) % 64)
}

// has says whether an event that was added is late.
func (l *lateEvents) has(r *store.Recorded) bool {
	i := (r.Version - l.first) / 64
	return i < uint64(len(l.bits)) && l.bits[i]&(1<<((r.Version-l.first)%64)) != 0
}
