package httpapi

import (
	"context"
	"errors"
	"iter"
	"runtime"

	"github.com/gestadb/gesta/store/eventjson"
)

// Walks bounds how many answers are worked at at once that fold history or walk through it: each takes a processor, and what it folds is in memory, for as long as it takes.
// Others wait in the order in which they came. It may be used by any number of requests at once.
type Walks struct{ places chan struct{} }

// NewWalks returns one with a number of places: below 1 as many as there are processors for the program, and at least 2, so that a long answer does not keep out all others.
func NewWalks(places int) *Walks {
	if places < 1 {
		places = max(2, runtime.GOMAXPROCS(0))
	}
	return &Walks{make(chan struct{}, places)}
}

// enter waits for a place as long as ctx allows. Who has one leaves it once. Without one the error has the code rateLimited, or is why ctx ended.
func (k *Walks) enter(ctx context.Context) error {
	select {
	case k.places <- struct{}{}:
		return nil
	default:
	}
	select {
	case k.places <- struct{}{}:
		return nil
	case <-ctx.Done():
	}
	err := because(ctx, ctx.Err())
	if known, ok := errors.AsType[*eventjson.Error](err); ok && known.Code == eventjson.CodeTimeout { // the time went by in waiting
		err = &eventjson.Error{
			Code: eventjson.CodeRateLimited, Message: "the server works at as many answers from history as it may at once", Hint: "repeat the request in a moment",
		}
	}
	return err
}

func (k *Walks) leave() { <-k.places }

// during calls do while it has a place.
func (k *Walks) during(ctx context.Context, do func() error) error {
	if err := k.enter(ctx); err != nil {
		return err
	}
	defer k.leave()
	return do()
}

// walking yields items while it has a place. Without one the error is all that it yields.
func walking[T any](ctx context.Context, k *Walks, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := k.enter(ctx); err != nil {
			var none T
			yield(none, err)
			return
		}
		defer k.leave()
		items(yield)
	}
}
