package gesta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/gestadb/gesta/store"
)

// ReadOptions say what a [Read] covers, and what it does with events that are no E.
type ReadOptions struct {
	store.ReadOptions

	// Skip, unless nil, is called with each event that cannot be read as an E because its type is unknown or of another union, and with the
	// error that would have ended the read otherwise.
	Skip func(r *store.Recorded, err error)
}

// Read yields the events that match q as values of E: a union, or one type of events. Events of gesta's own, such as erasures, are left
// out unless q asks for them by name. Options are those of a store's read: it goes backwards, as of a time, or follows. An
// error is yielded once, last: an [*UnknownTypeError], a [*DecodeError], an [*ErasedError], or one of the store.
func Read[E any](ctx context.Context, db *DB, q store.Query, o ReadOptions) iter.Seq2[Event[E], error] {
	return func(yield func(Event[E], error) bool) {
		var bodies []any
		system := asksForSystem(q)
		for r, err := range db.store.Read(ctx, q, o.ReadOptions) {
			if err != nil {
				yield(Event[E]{}, err)
				return
			}
			if !system && (store.IsSystem(r.Type) || store.IsSystem(r.Stream)) {
				continue
			}
			if bodies, err = db.catalog.decode(bodies[:0], &r); err == nil {
				err = allOf[E](bodies, &r)
			}
			if err != nil && o.Skip != nil && errors.Is(err, ErrUnknownType) {
				skipped := r // of its own: r is not to be on the heap for it
				o.Skip(&skipped, err)
				continue
			}
			if err != nil {
				yield(Event[E]{}, err)
				return
			}
			for part, body := range bodies {
				if !yield(Event[E]{Recorded: r, Body: body.(E), Part: part}, nil) { //nolint:errcheck // allOf has looked
					return
				}
			}
		}
	}
}

// asksForSystem says whether a query names something of gesta's own.
func asksForSystem(q store.Query) bool {
	for i := range q {
		it := &q[i]
		if store.IsSystem(it.Stream) || store.IsSystem(it.Category) || slices.ContainsFunc(it.Types, store.IsSystem) {
			return true
		}
	}
	return false
}

// Decode returns what a recorded event is to the program: one event, unless a [Split] makes it several. It is for those who read the store themselves. It returns an
// [*UnknownTypeError], a [*DecodeError] or an [*ErasedError].
func (db *DB) Decode(r *store.Recorded) ([]Event[any], error) { return typed[any](db, r) }

// StoredAs returns the names under which events are stored that become events of type t: its own, and those of older ones that are renamed, upcast or split into it. A
// type that the DB does not have is [ErrUnknownType].
func (db *DB) StoredAs(t reflect.Type) ([]string, error) {
	k := db.catalog.kinds[t]
	if k == nil {
		return nil, fmt.Errorf("%w: %v is in no Types of the DB", ErrUnknownType, t)
	}
	return db.catalog.storedAs(k), nil
}

// allOf returns an error unless all bodies of a recorded event are members of E.
func allOf[E any](bodies []any, r *store.Recorded) error {
	for _, body := range bodies {
		if _, ok := body.(E); !ok {
			return fmt.Errorf("%w: the %T at position %d is no %v", ErrUnknownType, body, r.Position, reflect.TypeFor[E]())
		}
	}
	return nil
}
