// Package pool holds the readers of a rival whose connections serve one read at a time.
package pool

import "context"

// Pool is readers that nobody uses. Many goroutines may use it at once.
type Pool[T any] struct{ free chan T }

// New returns an empty pool with room for so many readers.
func New[T any](readers int) *Pool[T] { return &Pool[T]{free: make(chan T, readers)} }

// Add adds a reader. There must be room for it.
func (p *Pool[T]) Add(reader T) { p.free <- reader }

// With calls f with a reader that is free, and returns what f does. If none is free it waits for one; it returns the
// context's error if that ends first.
func (p *Pool[T]) With(ctx context.Context, f func(reader T) error) error {
	select {
	case r := <-p.free:
		defer func() { p.free <- r }()
		return f(r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close calls end with each reader. No reader is in use, and no other call follows. A pool that is nil has none.
func (p *Pool[T]) Close(end func(reader T)) {
	if p == nil {
		return
	}
	close(p.free)
	for r := range p.free {
		end(r)
	}
}
