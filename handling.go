package gesta

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// Handling is a command of one stream that is not run yet, for [Atomic]. It is used once, by one goroutine.
type Handling[S, E any] struct {
	d      Decider[S, E]
	id     string
	decide func(S) ([]E, error)
	given  []CallOption
	own    call // what the options say of this stream

	name   string // of the stream
	loaded folded[S]
	result Result[S, E]
}

// Handling returns what [Decider.Handle] does, to be done together with others by [Atomic]. The options [ExpectVersion] and [MustExist] are about its stream, all others
// about the whole commit.
func (d Decider[S, E]) Handling(id string, decide func(S) ([]E, error), options ...CallOption) *Handling[S, E] {
	return &Handling[S, E]{d: d, id: id, name: d.Stream(id), decide: decide, given: options, own: newCall(metadata{}, options)}
}

// Result returns what the command led to, when [Atomic] has returned nil.
func (h *Handling[S, E]) Result() Result[S, E] { return h.result }

func (h *Handling[S, E]) stream() string { return h.name }

func (h *Handling[S, E]) decidesOn() string { return h.name }

func (h *Handling[S, E]) options() []CallOption { return h.given }

func (h *Handling[S, E]) load(ctx context.Context, db *DB) (err error) {
	if h.decide == nil {
		return fmt.Errorf("%w: there is no command for %q: the function is nil", store.ErrInvalid, h.stream())
	}
	if h.loaded, err = h.d.load(ctx, db, h.id, 0); err != nil {
		return err
	}
	if h.own.exists && h.loaded.Version == 0 {
		return fmt.Errorf("%w: %q", ErrNoStream, h.stream())
	}
	if h.own.expected == nil || *h.own.expected == h.loaded.Version {
		return nil
	}
	// A commit without events is judged all the same: the answer says who was faster.
	_, err = db.store.Append(ctx, store.Commit{Guards: []store.Guard{store.StreamAt{Stream: h.stream(), Version: *h.own.expected}}})
	return err
}

func (h *Handling[S, E]) catchUp(db *DB, conflict *store.ConflictError) bool {
	for i := range conflict.Failed {
		f := &conflict.Failed[i]
		if g, ok := f.Guard.(store.StreamAt); !ok || g.Stream != h.stream() {
			continue
		}
		if !f.Complete {
			return false
		}
		for j := range f.Events {
			if _, err := h.d.take(db, &h.loaded, nil, &f.Events[j]); err != nil {
				return false // loading says what is wrong
			}
		}
		return h.loaded.Version == f.ActualVersion
	}
	return true // others have written elsewhere
}

func (h *Handling[S, E]) decideOn(to *draft) error {
	events, err := h.decide(h.loaded.State)
	if err != nil {
		return err
	}
	if err := to.atVersion(h.stream(), h.loaded.Version); err != nil { // also where nothing happens here: something may elsewhere
		return err
	}
	return addAll(to, h.stream(), h.d.Envelope, events)
}

func (h *Handling[S, E]) owns(r *store.Recorded, body any) bool {
	e, ok := body.(E)
	return ok && r.Stream == streamOf(h.stream(), h.d.Envelope, e)
}

func (h *Handling[S, E]) recorded(ctx context.Context, db *DB, events []Event[any]) error {
	l := h.loaded
	own, err := as[E](events)
	for _, e := range own {
		if e.Stream == h.stream() {
			l.State = h.d.evolve(l.State, e)
			l.passed(&e.Recorded)
		}
		l.Position = max(l.Position, e.Position)
	}
	if f, _ := foldOf(db, &h.d); f != nil && len(own) > 0 {
		h.d.keep(ctx, db, h.id, f, &l, Cost{Events: l.events})
	}
	h.result = Result[S, E]{Loaded: l.Loaded, Events: own}
	return err
}

func (h *Handling[S, E]) repeated(ctx context.Context, db *DB, events []Event[any], last store.Position) error {
	own, err := as[E](events)
	if err != nil {
		return err
	}
	l, err := h.d.fold(ctx, db, h.id, &asOf{position: last})
	h.result = Result[S, E]{Loaded: l.Loaded, Events: own, Duplicate: true}
	return err
}
