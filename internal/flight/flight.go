package flight

import (
	"context"
	"sync"

	"github.com/gestadb/gesta/store"
)

// Flight has commits on their way into a store, and lands each on a goroutine of its own as soon as it has its outcome and those before it have landed. T is what is
// known of a commit besides.
//
// Its methods may be called from any goroutine; where two start commits at once, the order is that of the calls. A Flight that is not ended leaks its goroutine.
type Flight[T any] struct {
	start  start
	land   Land[T]
	room   *room
	landed chan struct{} // closed when everything has landed

	mu    sync.Mutex
	taken uint64        // guarded by mu; how many have landed or will land
	ended bool          // guarded by mu; no more are taken
	aloft chan begun[T] // closed when ended
}

// New returns a Flight into s. Up to most commits wait behind the one that is to land next, and one more where Start waits for room; together they hold up to size
// bytes, or one of them holds more and flies alone. land is called on one goroutine.
func New[T any](s store.Store, most int, size int64, land Land[T]) *Flight[T] {
	f := &Flight[T]{start: starting(s), land: land, room: newRoom(size), landed: make(chan struct{}), aloft: make(chan begun[T], most)}
	go f.landAll()
	return f
}

func (f *Flight[T]) landAll() {
	defer close(f.landed)
	for b := range f.aloft {
		result, err := b.wait()
		f.land(b.what, result, err)
		f.room.give(b.size)
	}
}

// Start starts a commit that holds size bytes, once there is room for it. What was started lands, whatever becomes of ctx, unless the store gives it up with ctx. After
// End, Start does nothing and returns false.
func (f *Flight[T]) Start(ctx context.Context, c store.Commit, what T, size int64) bool {
	return f.take(what, size, func() func() (store.Result, error) { return f.start(ctx, c) })
}

// Refuse lands err in the turn of a commit that cannot be started. After End, Refuse does nothing and returns false.
func (f *Flight[T]) Refuse(err error, what T, size int64) bool {
	return f.take(what, size, func() func() (store.Result, error) {
		return func() (store.Result, error) { return store.Result{}, err }
	})
}

func (f *Flight[T]) take(what T, size int64, begin func() func() (store.Result, error)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return false
	}
	f.room.take(size)
	f.taken++
	f.aloft <- begun[T]{what: what, size: size, wait: begin()}
	return true
}

// End lets no more start, waits until all that were have landed, and returns how many that are. It may be called again.
func (f *Flight[T]) End() (taken uint64) {
	f.mu.Lock()
	if !f.ended {
		f.ended = true
		close(f.aloft)
	}
	taken = f.taken
	f.mu.Unlock()
	<-f.landed
	return taken
}

// room bounds what is held in memory. One that is larger than the whole of it is let through alone.
type room struct {
	mu         sync.Mutex
	free       sync.Cond
	size, used int64
}

func newRoom(size int64) *room {
	r := &room{size: size}
	r.free.L = &r.mu
	return r
}

func (r *room) take(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.used > 0 && r.used+n > r.size {
		r.free.Wait()
	}
	r.used += n
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	r.free.Broadcast()
}
