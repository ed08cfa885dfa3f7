package flight

import (
	"context"

	"github.com/gestadb/gesta/store"
)

// Window has commits on their way into a store, and lands the oldest where it is full. T is what is known of a commit besides. It is for one goroutine, on which
// everything happens.
type Window[T any] struct {
	start      start
	land       Land[T]
	most       int
	size, used int64
	aloft      []begun[T] // oldest first
}

// NewWindow returns a Window into s of less than most commits, which hold up to size bytes together.
func NewWindow[T any](s store.Store, most int, size int64, land Land[T]) *Window[T] {
	return &Window[T]{start: starting(s), land: land, most: most, size: size}
}

// Start starts a commit that holds size bytes, and then lands the oldest until there is room for another.
func (w *Window[T]) Start(ctx context.Context, c store.Commit, what T, size int64) {
	w.aloft = append(w.aloft, begun[T]{what: what, size: size, wait: w.start(ctx, c)})
	w.used += size
	for len(w.aloft) >= w.most || w.used > w.size {
		w.landOldest()
	}
}

// Land lands all.
func (w *Window[T]) Land() {
	for len(w.aloft) > 0 {
		w.landOldest()
	}
}

func (w *Window[T]) landOldest() {
	b := w.aloft[0]
	w.aloft[0], w.aloft = begun[T]{}, w.aloft[1:] // what has landed is not held on to
	w.used -= b.size
	result, err := b.wait()
	w.land(b.what, result, err)
}
