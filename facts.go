package gesta

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// Facts are what the views of a [Decision] amount to; [View.In] reads them.
type Facts struct{ facts *facts }

// facts are the states of the views, and what went wrong in asking for them.
type facts struct {
	states  map[AnyView]any
	problem error
}

func (f Facts) of(v AnyView) any {
	if f.facts == nil {
		return nil
	}
	return f.facts.states[v]
}

// missing notes that a view was asked for that is not part of the decision.
func (f Facts) missing(v AnyView) {
	if f.facts != nil {
		f.facts.problem = errors.Join(f.facts.problem, fmt.Errorf("%w: the decision asks a %v, which is not among its Views", store.ErrInvalid, v))
	}
}

// newFacts returns the facts before any event.
func newFacts(views []AnyView) *facts {
	f := &facts{states: make(map[AnyView]any, len(views))}
	for _, v := range views {
		f.states[v] = v.begin()
	}
	return f
}

// read folds the views over what the store holds now, and returns up to where that is.
func (f *facts) read(ctx context.Context, db *DB, views []AnyView, q store.Query) (store.Position, error) {
	head, err := db.store.Head(ctx)
	if err != nil {
		return 0, err
	}
	var folded []int // the views that take all of their events
	var union store.Query
	for i, v := range views {
		if v.onlyLast() {
			if err := f.readLast(ctx, db, v, q[i], head); err != nil {
				return 0, err
			}
			continue
		}
		kept, err := f.readKept(ctx, db, v, q[i], head)
		if err != nil {
			return 0, err
		}
		if kept {
			continue
		}
		folded, union = append(folded, i), append(union, q[i])
	}
	if len(folded) == 0 || head == 0 {
		return head, nil
	}
	for e, err := range Read[any](ctx, db, union, ReadOptions{ReadOptions: store.ReadOptions{Until: head, Whole: true}}) {
		if err != nil {
			return 0, err
		}
		for _, i := range folded {
			if q[i].Matches(&e.Recorded.Event) {
				views[i].fold(f.states[views[i]], &e)
			}
		}
	}
	return head, nil
}

// readLast folds a view over the last event that it has a case for. What is stored may have become something else that has its name.
func (f *facts) readLast(ctx context.Context, db *DB, v AnyView, it store.Item, head store.Position) error {
	if head == 0 {
		return nil
	}
	for r, err := range db.store.Read(ctx, store.Query{it}, store.ReadOptions{Until: head, Backward: true, Whole: true}) {
		var events []Event[any]
		if err == nil {
			events, err = typed[any](db, &r)
		}
		if err != nil {
			return err
		}
		for i := len(events) - 1; i >= 0; i-- {
			if v.takes(events[i].Body) {
				v.fold(f.states[v], &events[i])
				return nil
			}
		}
	}
	return nil
}
