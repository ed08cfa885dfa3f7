package group_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
)

// commit is one event of a stream.
func commit(stream string, version uint64) []rival.Event {
	return []rival.Event{{Stream: stream, Version: version}}
}

// While a group is being committed, what arrives forms the next; each request gets its own answer.
func TestGroups(t *testing.T) {
	const waiting = 20
	entered, release := make(chan struct{}), make(chan struct{})
	var sizes []int
	c := group.New(0, func(requests []*group.Request) error {
		sizes = append(sizes, len(requests)) // one group at a time, or the race detector complains
		if len(sizes) == 1 {
			close(entered)
			<-release
		}
		for _, r := range requests {
			if r.Guards[0].Before == 1 {
				r.Err = rival.ErrConflict
			}
		}
		return nil
	})
	var all sync.WaitGroup
	errs := make([]error, waiting+1)
	all.Go(func() { errs[waiting] = c.Append(t.Context(), commit("first", 1)) })
	<-entered
	for i := range waiting {
		all.Go(func() { errs[i] = c.Append(t.Context(), commit("later", uint64(1+i%2))) })
	}
	for c.Waiting() < waiting {
		runtime.Gosched() // the others are on their way
	}
	close(release)
	all.Wait()
	if len(sizes) != 2 || sizes[0] != 1 || sizes[1] != waiting {
		t.Errorf("groups of %v, want of 1 and %d", sizes, waiting)
	}
	for i, err := range errs {
		if want := i < waiting && i%2 == 1; errors.Is(err, rival.ErrConflict) != want {
			t.Errorf("request %d: %v, want a conflict: %t", i, err, want)
		}
	}
}

// A group that fails fails all its requests, and the next is committed all the same.
func TestFailure(t *testing.T) {
	broken := errors.New("broken")
	fail := true
	c := group.New(0, func([]*group.Request) error {
		if fail {
			return broken
		}
		return nil
	})
	if err := c.Append(t.Context(), commit("a", 1)); !errors.Is(err, broken) {
		t.Errorf("append: %v, want %v", err, broken)
	}
	fail = false
	if err := c.Append(t.Context(), commit("a", 1)); err != nil {
		t.Errorf("append after a failure: %v", err)
	}
}

// What cannot be a commit, and what comes with a context that is over, is not committed.
func TestRefused(t *testing.T) {
	c := group.New(0, func([]*group.Request) error {
		t.Error("committed")
		return nil
	})
	if err := c.Append(t.Context(), commit("a", 0)); err == nil {
		t.Error("version 0 was appended")
	}
	if err := c.Append(t.Context(), nil); err != nil {
		t.Errorf("append of nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Append(ctx, commit("a", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v, want %v", err, context.Canceled)
	}
}

// A group holds no more events than it may, but for a request that alone has more.
func TestLimit(t *testing.T) {
	const limit = 10
	var mu sync.Mutex
	largest := 0
	c := group.New(limit, func(requests []*group.Request) error {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, r := range requests {
			n += len(r.Events)
		}
		if len(requests) > 1 {
			largest = max(largest, n)
		}
		return nil
	})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 20 {
				if err := c.Append(t.Context(), append(commit("a", 1), rival.Event{Stream: "b", Version: 1}, rival.Event{Stream: "c", Version: 1})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		long := make([]rival.Event, 3*limit)
		for i := range long {
			long[i] = rival.Event{Stream: "long", Version: uint64(i + 1)}
		}
		if err := c.Append(t.Context(), long); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if largest > limit {
		t.Errorf("a group of several requests has %d events, want at most %d", largest, limit)
	}
}
