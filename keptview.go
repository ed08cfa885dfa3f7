package gesta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/gestadb/gesta/store"
)

// readKept folds a view that is kept over what the store holds up to head. It returns false for one that is not.
func (f *facts) readKept(ctx context.Context, db *DB, v AnyView, it store.Item, head store.Position) (bool, error) {
	fold, subject, err := v.kept(db)
	if fold == nil || err != nil {
		return false, err
	}
	began := db.clock()
	k := keptView{view: v, query: store.Query{it}, head: head}
	was, found, err := k.goOn(ctx, db, fold, subject)
	if err != nil {
		return false, err
	}
	cost := Cost{}
	switch {
	case !found:
		db.kept.counts.misses.Add(1)
		err = k.fresh(ctx, db)
	case db.kept.share > 0 && rand.Float64() < db.kept.share:
		db.kept.counts.hits.Add(1)
		cost.due, err = k.verify(ctx, db)
	default:
		db.kept.counts.hits.Add(1)
		cost.Age = began.Sub(was.At)
	}
	if err != nil {
		return false, err
	}
	f.states[v] = k.state
	cost.Events, cost.Took = k.events, db.clock().Sub(began)
	if k.last.Position > 0 {
		fold.put(ctx, db, subject, &keptState{Position: head, Last: k.last}, k.state, cost)
	}
	return true, nil
}

// keptView is a view that is being folded from what was kept of it, or from nothing.
type keptView struct {
	view  AnyView
	query store.Query
	head  store.Position

	state  any // a *S
	last   lastFolded
	events int
}

// goOn folds what has come since a state was kept. It returns false where none was kept, or the store has another history than that was folded from.
func (k *keptView) goOn(ctx context.Context, db *DB, fold *foldKept, subject string) (keptState, bool, error) {
	was, found := fold.get(ctx, db, subject, func(state []byte) error {
		k.state = k.view.blank()
		return json.Unmarshal(state, k.state)
	})
	if !found || was.Last.Position > k.head {
		return was, false, nil
	}
	k.last = was.Last
	same, err := db.since(ctx, k.query, store.ReadOptions{Until: k.head}, &was, func(r *store.Recorded) error { return k.take(db, r) })
	if err == nil && !same {
		db.kept.counts.unusable.Add(1)
	}
	return was, same, err
}

// fresh folds all events.
func (k *keptView) fresh(ctx context.Context, db *DB) error {
	k.state, k.last, k.events = k.view.begin(), lastFolded{}, 0
	if k.head == 0 {
		return nil
	}
	for r, err := range db.store.Read(ctx, k.query, store.ReadOptions{Until: k.head, Whole: true}) {
		if err != nil {
			return err
		}
		if err := k.take(db, &r); err != nil {
			return err
		}
	}
	return nil
}

func (k *keptView) take(db *DB, r *store.Recorded) error {
	events, err := typed[any](db, r)
	if err != nil {
		return err
	}
	for i := range events {
		k.view.fold(k.state, &events[i])
	}
	k.last = lastOf(r)
	k.events++
	return nil
}

// verify folds afresh, and returns true where that came to something else than what was kept.
func (k *keptView) verify(ctx context.Context, db *DB) (bool, error) {
	was, errWas := json.Marshal(k.state)
	if err := k.fresh(ctx, db); err != nil {
		return false, err
	}
	db.kept.counts.verified.Add(1)
	is, errIs := json.Marshal(k.state)
	if errWas != nil || errIs != nil {
		return false, fmt.Errorf("encode the state of a %v to compare it: %w", k.view, cmp.Or(errWas, errIs))
	}
	if bytes.Equal(was, is) {
		return false, nil
	}
	db.kept.counts.wrong.Add(1)
	return true, nil
}
