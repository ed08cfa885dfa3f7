package httpapi

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// budget bounds what answers have in memory of large events, all together. Who finds no room waits for a time. One that needs more than
// the whole of it is let through alone.
type budget struct {
	most     int64
	patience time.Duration
	waiting  atomic.Int64 // who waits

	mu    sync.Mutex
	used  int64         // guarded by mu
	freed chan struct{} // guarded by mu; closed when something is given back
}

func newBudget(most int64, patience time.Duration) *budget {
	return &budget{most: most, patience: patience, freed: make(chan struct{})}
}

// take takes n bytes, which the caller gives back before it takes others.
func (b *budget) take(ctx context.Context, n int64) error {
	freed, ok := b.try(n)
	if ok {
		return nil
	}
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	timer := time.NewTimer(b.patience)
	defer timer.Stop()
	for !ok {
		select {
		case <-freed:
			freed, ok = b.try(n)
		case <-ctx.Done():
			return because(ctx, ctx.Err())
		case <-timer.C:
			return crowded()
		}
	}
	return nil
}

func crowded() error {
	return &eventjson.Error{
		Code: eventjson.CodeRateLimited, Message: "the server is sending as much to others as it may", Hint: "repeat the request in a moment",
	}
}

// try takes n bytes, or returns what is closed when it may try again.
func (b *budget) try(n int64) (freed <-chan struct{}, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used > 0 && b.used+n > b.most {
		return b.freed, false
	}
	b.used += n
	return nil, true
}

func (b *budget) give(n int64) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	close(b.freed)
	b.freed = make(chan struct{})
}

// weight is about how much memory an event and the form of it that is sent take, and 0 for one that is not large.
func weight(r *store.Recorded) int64 {
	n := store.EventBytes(&r.Event)
	if n < pieceBytes {
		return 0
	}
	return 3 * int64(n)
}

// commitWeight is weight of a commit.
func commitWeight(c *store.RecordedCommit) int64 {
	n := 0
	for i := range c.Events {
		n += store.EventBytes(&c.Events[i].Event)
	}
	if n < pieceBytes {
		return 0
	}
	return 3 * int64(n)
}

// weighed yields items as there is room for them in a budget. What comes of one is sent when the yield of it returns. An error of the budget is the last that is yielded.
func weighed[T any](ctx context.Context, b *budget, weight func(*T) int64, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for it, err := range items {
			n := int64(0)
			if err == nil {
				n = weight(&it)
			}
			if n > 0 {
				if err := b.take(ctx, n); err != nil {
					var none T
					yield(none, err)
					return
				}
			}
			more := yield(it, err)
			b.give(n)
			if !more {
				return
			}
		}
	}
}
