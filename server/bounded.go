package server

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// bounded is the store that is served, within the limits of the server: reads that follow end when the server ends.
type bounded struct {
	store.Store
	limits Limits
	ending context.Context // done when the server ends
}

// Unwrap returns the store itself.
func (b *bounded) Unwrap() store.Store { return b.Store }

// Powers forwards what takes nothing that is bounded here.
func (b *bounded) Powers() map[store.Power]store.Answer {
	return map[store.Power]store.Answer{
		"store.Tracker": store.Forwards, "store.Keys": store.Forwards, "store.Starter": b.starter(), "store.Dumper": store.Forwards,
		"store.Restorer": store.Forwards, "store.Lister": store.Forwards, "store.Identity": store.Forwards, "store.IDs": store.Forwards,
		"store.Limiter": store.Provides, "store.Measurer": store.Forwards, "store.Checker": store.Forwards, "store.Eraser": store.Forwards,
		"store.Truncater": store.Refuses,
	}
}

// starter says whether the inner store can start appends, to which the same bounds apply.
func (b *bounded) starter() store.Answer {
	if _, ok := store.As[store.Starter](b.Store); ok {
		return store.Provides
	}
	return store.Refuses
}

// Limits returns the lower of the store's limits and those of the server.
func (b *bounded) Limits() store.Limits {
	l := store.DefaultLimits()
	if power, ok := store.As[store.Limiter](b.Store); ok {
		l = power.Limits()
	}
	l.EventBytes, l.CommitBytes, l.CommitEvents = b.limits.EventBytes, b.limits.CommitBytes, b.limits.CommitEvents
	return l
}

// Append refuses a commit beyond the limits with [store.ErrTooLarge].
func (b *bounded) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if err := b.check(&c); err != nil {
		return store.Result{}, err
	}
	return b.Store.Append(ctx, c)
}

// Start is Append that does not wait.
func (b *bounded) Start(ctx context.Context, c store.Commit) func() (store.Result, error) {
	refuse := func(err error) func() (store.Result, error) {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	if err := b.check(&c); err != nil {
		return refuse(err)
	}
	power, ok := store.As[store.Starter](b.Store)
	if !ok {
		return refuse(store.ErrUnsupported)
	}
	return power.Start(ctx, c)
}

func (b *bounded) check(c *store.Commit) error {
	if n := len(c.Events); n > b.limits.CommitEvents {
		return &store.TooLargeError{What: "commit", Unit: "events", Got: n, Max: b.limits.CommitEvents}
	}
	total := 0
	for i := range c.Events {
		size := store.EventBytes(&c.Events[i])
		if size > b.limits.EventBytes {
			return fmt.Errorf("event %d of the commit: %w", i+1, &store.TooLargeError{What: "event", Unit: "bytes", Got: size, Max: b.limits.EventBytes})
		}
		total += size
	}
	if total > b.limits.CommitBytes {
		return &store.TooLargeError{What: "commit", Unit: "bytes", Got: total, Max: b.limits.CommitBytes}
	}
	for _, g := range c.Guards {
		if none, ok := g.(store.NoneMatch); ok {
			if err := b.checkQuery(none.Query); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bounded) checkQuery(q store.Query) error {
	if len(q) > b.limits.QueryItems {
		return &store.TooLargeError{What: "query", Unit: "items", Got: len(q), Max: b.limits.QueryItems}
	}
	return nil
}

// errEnding is why a read that follows ends with the server.
var errEnding = &eventjson.Error{Code: eventjson.CodeUnavailable, Message: "the server ends", Hint: "connect again, and go on after the last position"}

// Read follows no longer than the server serves: then the error has the code unavailable. How long other reads may take is for the protocols to bound.
func (b *bounded) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	if err := b.checkQuery(q); err != nil {
		return func(yield func(store.Recorded, error) bool) { yield(store.Recorded{}, err) }
	}
	if !o.Follow {
		return b.Store.Read(ctx, q, o)
	}
	return func(yield func(store.Recorded, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(b.ending, func() { cancel(errEnding) })()
		for r, err := range b.Store.Read(ctx, q, o) {
			if err != nil && errors.Is(context.Cause(ctx), errEnding) {
				err = errEnding
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
