package pool_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/gestadb/gesta/bench/rival/pool"
)

// TestPool has more reads than readers: each reader serves one at a time, and all are there in the end.
func TestPool(t *testing.T) {
	type reader struct{ busy sync.Mutex }
	p := pool.New[*reader](2)
	for range 2 {
		p.Add(new(reader))
	}
	var reads sync.WaitGroup
	for range 50 {
		reads.Go(func() {
			if err := p.With(t.Context(), func(r *reader) error {
				if !r.busy.TryLock() {
					return errors.New("the reader is in use")
				}
				r.busy.Unlock()
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	reads.Wait()
	ended := 0
	p.Close(func(*reader) { ended++ })
	if ended != 2 {
		t.Errorf("%d readers were ended, want 2", ended)
	}
}

func TestPoolEnds(t *testing.T) {
	p := pool.New[int](1)
	p.Add(7)
	failed := errors.New("read failed")
	ctx, cancel := context.WithCancel(t.Context())
	if err := p.With(ctx, func(int) error {
		cancel()
		// Nobody has a reader left for this one.
		if err := p.With(ctx, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("a read without a reader: %v", err)
		}
		return failed
	}); !errors.Is(err, failed) {
		t.Errorf("read: %v, want %v", err, failed)
	}
	var ended []int
	p.Close(func(r int) { ended = append(ended, r) })
	if !slices.Equal(ended, []int{7}) {
		t.Errorf("ended %v, want 7", ended)
	}
	var none *pool.Pool[int]
	none.Close(func(int) { t.Error("a reader of no pool") })
}
