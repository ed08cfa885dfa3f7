package gesta

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Decider says what the events of one stream amount to, and lets commands decide on it. Its functions are pure: they use nothing but their arguments and change none of them; what
// Evolve returns may share memory with what it was given.
//
//	var Account = gesta.Decider[State, Event]{Category: "account", Evolve: evolve}
//
// A Decider is a value that may be used by any number of goroutines.
type Decider[S, E any] struct {
	// Name tells deciders of one category apart where their states are kept; see [Keep]. Defaults to Category.
	Name string

	// Category is the first part of the names of its streams: the stream of id "42" is Category-42. It has no hyphen.
	Category string

	// Initial returns the state of a stream without events. Defaults to the zero S.
	Initial func() S

	// Evolve returns the state after an event. It takes every event that was recorded: what happened is not refused any more.
	Evolve func(S, E) S

	// EvolveEvent takes the place of Evolve for states that need times, versions or metadata.
	EvolveEvent func(S, Event[E]) S

	// Envelope, unless nil, says of an event what is not in its fields.
	Envelope func(E) Envelope

	// Version is that of Evolve: it is raised when that makes something else of the same events, so that what was kept of its states is not used any more.
	Version uint32
}

// Envelope is what a decider or a decision says of an event beside its body. The zero Envelope says nothing.
type Envelope struct {
	Stream      string         // where it goes instead of the stream that decides
	EffectiveAt time.Time      // when it holds in the world, unless that is when it is recorded
	Tags        []string       // beside those of its fields
	Metadata    map[string]any // beside that of the call
}

// Loaded is a state, with where it stands.
type Loaded[S any] struct {
	State S

	// Version is that of the stream, 0 when there is none.
	Version uint64

	// Position is up to where the store was read.
	Position store.Position
}

// Result is what a command led to. The state is that after its events, or that in which it changed nothing.
type Result[S, E any] struct {
	Loaded[S]

	// Events are those that were recorded, none when the command changed nothing.
	Events []Event[E]

	// Duplicate says that they were recorded before, under the same [Key].
	Duplicate bool
}

// Changed says whether this call recorded anything.
func (r Result[S, E]) Changed() bool { return len(r.Events) > 0 && !r.Duplicate }

// Step is one event of a [Decider.History], with the state before and after it.
type Step[S, E any] struct {
	Event[E]
	Before, After S
}

// Stream returns the name of the stream of an id.
func (d Decider[S, E]) Stream(id string) string { return d.Category + "-" + id }

// Handle loads the state of id, lets decide say what happens, and records that, unless others have written to the stream meanwhile: then it decides again on what they
// have written, up to three more times (see [Retries]), and returns the [*store.ConflictError] after that. Decide is pure; an error of it is returned as it is, and nothing is
// recorded.
//
// It returns the errors of [store.Store], and those of [Read] for what is in the stream. After a [*store.UnknownError] repeat the same call with the same [Key]: it returns
// what was recorded, or records it.
func (d Decider[S, E]) Handle(ctx context.Context, db *DB, id string, decide func(S) ([]E, error), options ...CallOption) (Result[S, E], error) {
	h := d.Handling(id, decide, options...)
	if err := run(ctx, db, h); err != nil {
		return Result[S, E]{}, err
	}
	return h.Result(), nil
}

// Load returns the state of id, now or as options say. A stream without events has the initial state and version 0, unless [MustExist] is among them.
func (d Decider[S, E]) Load(ctx context.Context, db *DB, id string, options ...CallOption) (Loaded[S], error) {
	c := newCall(metadata{}, options)
	past, err := c.past()
	if err != nil {
		return Loaded[S]{}, err
	}
	var l folded[S]
	if *past == (asOf{}) {
		l, err = d.load(ctx, db, id, c.stale)
	} else {
		l, err = d.fold(ctx, db, id, past)
	}
	if err == nil && c.exists && l.Version == 0 {
		err = fmt.Errorf("%w: %q", ErrNoStream, d.Stream(id))
	}
	return l.Loaded, err
}

// folded is a state with what keeping it takes.
type folded[S any] struct {
	Loaded[S]
	last   lastFolded
	events int            // that were folded since it was loaded
	sure   store.Position // up to where is known what of it was erased; 0 for Position
}

// passed takes note of a recorded event, all of whose parts were folded.
func (l *folded[S]) passed(r *store.Recorded) {
	l.Version, l.Position = max(l.Version, r.Version), max(l.Position, r.Position)
	l.last = lastOf(r)
	l.events++
}

// load returns the state as it is, or was within stale.
func (d *Decider[S, E]) load(ctx context.Context, db *DB, id string, stale time.Duration) (folded[S], error) {
	f, err := foldOf(db, d)
	if err != nil {
		return folded[S]{}, err
	}
	if f != nil {
		return d.loadKept(ctx, db, id, f, stale)
	}
	return d.fold(ctx, db, id, present)
}

// fold makes a state from its events.
func (d *Decider[S, E]) fold(ctx context.Context, db *DB, id string, past *asOf) (folded[S], error) {
	l := folded[S]{Loaded: Loaded[S]{State: d.initial()}}
	if past != present {
		var bodies []any
		for r, err := range d.read(ctx, db, id, past, &l.Position) {
			if err == nil {
				bodies, err = d.take(db, &l, bodies, &r)
			}
			if err != nil {
				return l, err
			}
		}
		return l, nil
	}
	if err := d.check(id); err != nil {
		return l, err
	}
	o := store.ReadOptions{Whole: true, Progress: func(p store.Position, _ bool) { l.Position = p }}
	var bodies []any
	for r, err := range db.store.Read(ctx, store.Query{{Stream: d.Stream(id)}}, o) {
		if err == nil {
			bodies, err = d.take(db, &l, bodies, &r)
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

// take folds a recorded event, with bodies as the memory for what it is decoded to.
func (d *Decider[S, E]) take(db *DB, l *folded[S], bodies []any, r *store.Recorded) ([]any, error) {
	bodies, err := db.catalog.decode(bodies[:0], r)
	if err == nil {
		err = allOf[E](bodies, r)
	}
	if err != nil {
		return bodies, err
	}
	for part, body := range bodies {
		e := Event[E]{Recorded: *r, Body: body.(E), Part: part} //nolint:errcheck // allOf has looked
		l.State = d.evolve(l.State, e)
	}
	l.passed(r)
	return bodies, nil
}

// History yields each event of id with the state before and after it, as far as options say. An error is yielded once, last.
func (d Decider[S, E]) History(ctx context.Context, db *DB, id string, options ...CallOption) iter.Seq2[Step[S, E], error] {
	return func(yield func(Step[S, E], error) bool) {
		c := newCall(metadata{}, options)
		past, err := c.past()
		if err == nil && c.stale > 0 {
			err = fmt.Errorf("%w: AllowStale is of Load", store.ErrInvalid)
		}
		if err != nil {
			yield(Step[S, E]{}, err)
			return
		}
		var scanned store.Position
		s, found := d.initial(), false
		for r, err := range d.read(ctx, db, id, past, &scanned) {
			var events []Event[E]
			if err == nil {
				events, err = typed[E](db, &r)
			}
			if err != nil {
				yield(Step[S, E]{}, err)
				return
			}
			found = true
			for _, e := range events {
				step := Step[S, E]{Event: e, Before: s, After: d.evolve(s, e)}
				s = step.After
				if !yield(step, nil) {
					return
				}
			}
		}
		if c.exists && !found {
			yield(Step[S, E]{}, fmt.Errorf("%w: %q", ErrNoStream, d.Stream(id)))
		}
	}
}

func (d *Decider[S, E]) initial() S {
	if d.Initial == nil {
		var zero S
		return zero
	}
	return d.Initial()
}

func (d *Decider[S, E]) evolve(s S, e Event[E]) S {
	if d.EvolveEvent != nil {
		return d.EvolveEvent(s, e)
	}
	return d.Evolve(s, e.Body)
}

// check says what is wrong with the decider or an id.
func (d *Decider[S, E]) check(id string) error {
	switch {
	case d.Category == "" || strings.Contains(d.Category, "-") || store.IsSystem(d.Category):
		return fmt.Errorf("%w: a decider's category is a name without a hyphen that does not begin with $, not %q", store.ErrInvalid, d.Category)
	case d.Evolve == nil && d.EvolveEvent == nil:
		return fmt.Errorf("%w: the decider of %q has no Evolve", store.ErrInvalid, d.Category)
	case d.Evolve != nil && d.EvolveEvent != nil:
		return fmt.Errorf("%w: the decider of %q has both Evolve and EvolveEvent", store.ErrInvalid, d.Category)
	case id == "":
		return fmt.Errorf("%w: the id of a %s is empty", store.ErrInvalid, d.Category)
	}
	return nil
}

// read yields the events of a stream, in the order in which they are folded. Scanned follows up to where the store was read.
func (d *Decider[S, E]) read(ctx context.Context, db *DB, id string, past *asOf, scanned *store.Position) iter.Seq2[store.Recorded, error] {
	if err := d.check(id); err != nil {
		return func(yield func(store.Recorded, error) bool) { yield(store.Recorded{}, err) }
	}
	if past.nothing {
		return func(func(store.Recorded, error) bool) {}
	}
	o := store.ReadOptions{Until: past.position, AsOf: past.recorded, Whole: true, Progress: func(p store.Position, _ bool) { *scanned = p }}
	events := db.store.Read(ctx, store.Query{{Stream: d.Stream(id)}}, o)
	if past.version > 0 {
		events = upTo(past.version, events)
	}
	if !past.effective.IsZero() {
		events = effective(past.effective, events)
	}
	return events
}

// upTo yields the events of a stream up to a version.
func upTo(version uint64, events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range events {
			if err == nil && r.Version > version || !yield(r, err) {
				return
			}
		}
	}
}

// effective yields the events of a stream that hold at a time, in the order in which they took effect.
func effective(at time.Time, events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		var known []store.Recorded
		for r, err := range events {
			if err != nil {
				yield(r, err)
				return
			}
			known = append(known, r)
		}
		for _, r := range store.Effective(known, at) {
			if !yield(r, nil) {
				return
			}
		}
	}
}
