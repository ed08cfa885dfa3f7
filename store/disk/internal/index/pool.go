package index

import "sync"

// pool keeps the memory of values that were used for those that are needed next. The zero pool is empty and ready. Any number of
// goroutines may use it at once.
type pool[T any] struct{ kept sync.Pool }

// get returns a value that was put, as it was then, or a new one that is zero.
func (p *pool[T]) get() *T {
	if v, ok := p.kept.Get().(*T); ok {
		return v
	}
	return new(T)
}

// put keeps v, which the caller uses no more.
func (p *pool[T]) put(v *T) { p.kept.Put(v) }
