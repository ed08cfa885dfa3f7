package answers

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Question is a store that is asked, and what its answers rest on. It is used by one goroutine.
type Question struct {
	Asked
	Store store.Store
	Basis eventjson.Basis
	Until store.Position // the last position that is known
}

// Ask begins a question: it looks up the head, and what is known.
func Ask(ctx context.Context, s store.Store, a Asked) (*Question, error) {
	basis, err := Basis(ctx, s)
	if err != nil {
		return nil, err
	}
	until, err := a.Known.Bound(ctx, s, basis.Head)
	if err != nil {
		return nil, err
	}
	basis.EffectiveAt = a.EffectiveAt
	basis.KnownAt = a.Known.At
	if basis.KnownAtStart = a.Known.Nothing; a.Known.Position != 0 {
		basis.KnownAtPosition = until
	}
	return &Question{Asked: a, Store: s, Basis: basis, Until: until}, nil
}

// Basis says what an answer about s rests on: its id and its head now.
func Basis(ctx context.Context, s store.Store) (eventjson.Basis, error) {
	var b eventjson.Basis
	if identity, ok := store.As[store.Identity](s); ok {
		b.Store = identity.StoreID()
	}
	head, err := s.Head(ctx)
	if err != nil {
		return b, fmt.Errorf("read head: %w", err)
	}
	b.Head = head
	return b, nil
}

// LookUp looks up an address or range as if the store ended with what is known; empty is the whole store. It returns errors as of
// [history.Resolve]; a stream that the caller may not read is denied where it is not found.
func (q *Question) LookUp(ctx context.Context, text string) (history.Selection, error) {
	if text == "" {
		return history.Selection{Until: q.Until}, nil
	}
	sel, err := history.ResolveAt(ctx, q.Store, text, q.Clock, q.Until)
	return sel, q.hiding(ctx, err)
}

// StateOptions say how states are folded.
func (q *Question) StateOptions() history.StateOptions {
	return history.StateOptions{EffectiveAt: q.EffectiveAt, Choose: q.Rules.Choose}
}

// past is the position up to which history is asked, 0 for a question about now.
func (q *Question) past() store.Position {
	if q.Known == (history.Known{}) {
		return 0
	}
	return q.Until
}

// nothing says that a question about the past is about the time before the first event.
func (q *Question) nothing() bool { return q.Known != (history.Known{}) && q.Until == 0 }
