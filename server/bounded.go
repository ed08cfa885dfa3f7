package server

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// bounded is the store that is served, within the limits of the server: reads that follow end when the server ends, others when they take too long.
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

// Why reads are ended by the server.
var (
	errEnding   = &eventjson.Error{Code: eventjson.CodeUnavailable, Message: "the server ends", Hint: "connect again, and go on after the last position"}
	errReadTime = &eventjson.Error{Code: eventjson.CodeTimeout, Message: "the read took longer than the server allows", Hint: "read less at once, with limit, and go on after the last position"}
)

// Read ends with [errEnding] or [errReadTime] where the server ends it.
func (b *bounded) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		if err := b.checkQuery(q); err != nil {
			yield(store.Recorded{}, err)
			return
		}
		ctx, end := b.bound(ctx, o.Follow)
		defer end()
		for r, err := range b.Store.Read(ctx, q, o) {
			if cause := context.Cause(ctx); err != nil && (errors.Is(cause, errEnding) || errors.Is(cause, errReadTime)) {
				err = cause
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// bound returns a context that ends with the server, for a read that follows, or when a read has had its time.
func (b *bounded) bound(ctx context.Context, follow bool) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var stop func() bool
	if follow {
		stop = context.AfterFunc(b.ending, func() { cancel(errEnding) })
	} else {
		stop = time.AfterFunc(b.limits.ReadTime, func() { cancel(errReadTime) }).Stop
	}
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
