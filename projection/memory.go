package projection

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
)

// Cloner is a read model in memory: a pointer or a map, so that handlers can change it. Clone returns a copy that shares nothing with it that handlers change.
type Cloner[S any] interface{ Clone() S }

// Memory is a target in memory, for one projection: a model, with the checkpoint beside it. A transaction works on a clone of the model, which takes its place at the commit: readers
// need no lock, and see whole batches. It may be used by many goroutines.
type Memory[S Cloner[S]] struct {
	clock     func() time.Time
	turn      chan struct{} // of one: has the transaction
	committed atomic.Pointer[image[S]]
}

// Skipped is an event that was given up.
type Skipped struct {
	Parked
	Skip
}

// image is all that a Memory holds. One that was committed does not change any more.
type image[S Cloner[S]] struct {
	id      ID
	model   S
	own     bool // model is a clone that may be changed
	state   State
	holder  string
	until   time.Time // end of the lease
	parked  []Parked  // by position
	skipped []Skipped
}

// NewMemory returns a target that begins with a model, which it takes over. Leases are timed by clock; nil is time.Now.
func NewMemory[S Cloner[S]](model S, clock func() time.Time) *Memory[S] {
	if clock == nil {
		clock = time.Now //nolint:forbidigo // the default
	}
	m := &Memory[S]{clock: clock, turn: make(chan struct{}, 1)}
	m.committed.Store(&image[S]{model: model})
	return m
}

// Model returns the model as it was committed last. It must not be changed.
func (m *Memory[S]) Model() S { return m.committed.Load().model }

// Skipped returns the events that were given up, in the order in which they were.
func (m *Memory[S]) Skipped() []Skipped { return slices.Clone(m.committed.Load().skipped) }

// Begin waits until no transaction is open, and begins one. A second projection, and a model that handlers could not change, are errors.
func (m *Memory[S]) Begin(ctx context.Context, id ID) (Tx[S], error) {
	if k := reflect.TypeFor[S]().Kind(); k != reflect.Pointer && k != reflect.Map {
		return nil, fmt.Errorf("a model in memory is a pointer or a map, not %v", reflect.TypeFor[S]())
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := *m.committed.Load()
	if now.state.Known && now.id != id {
		<-m.turn
		return nil, fmt.Errorf("the target in memory belongs to projection %v: give %v its own", now.id, id)
	}
	now.id, now.own = id, false
	return &memoryTx[S]{target: m, now: now}, nil
}

// State returns the state that was committed last.
func (m *Memory[S]) State(ctx context.Context, id ID) (State, error) {
	now := m.committed.Load()
	if now.id != id {
		return State{}, ctx.Err()
	}
	return now.state, ctx.Err()
}

// Lease returns who has the lease, and for how long.
func (m *Memory[S]) Lease(ctx context.Context, id ID) (string, time.Duration, error) {
	now := m.committed.Load()
	if left := now.until.Sub(m.clock()); now.id == id && left > 0 {
		return now.holder, left, ctx.Err()
	}
	return "", 0, ctx.Err()
}

// Transient returns false: memory has no trouble that passes.
func (m *Memory[S]) Transient(error) bool { return false }

// memoryTx is a transaction of a Memory. Slices of its images are never changed in place.
type memoryTx[S Cloner[S]] struct {
	target    *Memory[S]
	now, mark image[S]
	ended     bool
}

func (tx *memoryTx[S]) Handle() S {
	if !tx.now.own {
		tx.now.model, tx.now.own = tx.now.model.Clone(), true
	}
	return tx.now.model
}

func (tx *memoryTx[S]) Handled(context.Context) error { return nil }

func (tx *memoryTx[S]) Savepoint(context.Context) error {
	tx.now.own = false // the next handler gets a clone, and leaves this one
	tx.mark = tx.now
	return nil
}

func (tx *memoryTx[S]) RollbackTo(context.Context) error {
	tx.now = tx.mark
	return nil
}

func (tx *memoryTx[S]) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if tx.ended {
		return fmt.Errorf("the transaction has ended")
	}
	now := tx.now
	tx.target.committed.Store(&now)
	tx.Rollback()
	return nil
}

func (tx *memoryTx[S]) Rollback() {
	if !tx.ended {
		tx.ended = true
		<-tx.target.turn
	}
}

func (tx *memoryTx[S]) Load(ctx context.Context) (State, error) { return tx.now.state, ctx.Err() }

func (tx *memoryTx[S]) Save(_ context.Context, from, to State) error {
	if tx.now.state != from {
		return ErrChanged
	}
	to.Fence = from.Fence
	if from.Known {
		to.Start = from.Start
	}
	tx.now.state = to
	return nil
}

func (tx *memoryTx[S]) Take(_ context.Context, holder string, d time.Duration, seize bool) (uint64, error) {
	now := tx.target.clock()
	if left := tx.now.until.Sub(now); left > 0 && tx.now.holder != holder && !seize {
		return 0, &LeasedError{Holder: tx.now.holder, Left: left}
	}
	tx.now.state.Fence++
	tx.now.holder, tx.now.until = holder, now.Add(d)
	return tx.now.state.Fence, nil
}

func (tx *memoryTx[S]) Hold(_ context.Context, fence uint64, d time.Duration) error {
	now := tx.target.clock()
	if tx.now.state.Fence != fence || !tx.now.until.After(now) {
		return ErrFenced
	}
	tx.now.until = now.Add(d)
	return nil
}

// place returns where an event is among the parked ones, or would be.
func (tx *memoryTx[S]) place(p store.Position) (int, bool) {
	return slices.BinarySearchFunc(tx.now.parked, p, func(e Parked, p store.Position) int { return cmp.Compare(e.Position, p) })
}

func (tx *memoryTx[S]) Park(_ context.Context, p Parked) error {
	i, found := tx.place(p.Position)
	tx.now.parked = slices.Clone(tx.now.parked)
	if found {
		tx.now.parked[i] = p
	} else {
		tx.now.parked = slices.Insert(tx.now.parked, i, p)
	}
	return nil
}

func (tx *memoryTx[S]) Parked(_ context.Context, key string, after store.Position, limit int) ([]Parked, error) {
	var out []Parked
	for _, p := range tx.now.parked {
		if p.Position > after && (key == "" || p.Key == key) && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, nil
}

func (tx *memoryTx[S]) Settle(_ context.Context, p store.Position, skip *Skip) error {
	i, found := tx.place(p)
	if !found {
		for _, s := range tx.now.skipped {
			if skip != nil && s.Position == p && s.Skip == *skip {
				return ErrSkipped
			}
		}
		return ErrNotParked
	}
	if skip != nil {
		tx.now.skipped = append(slices.Clone(tx.now.skipped), Skipped{Parked: tx.now.parked[i], Skip: *skip})
	}
	tx.now.parked = slices.Delete(slices.Clone(tx.now.parked), i, i+1)
	return nil
}
