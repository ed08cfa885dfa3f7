package flight_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/internal/flight"
	"github.com/gestadb/gesta/store"
)

// field is a store on which commits stay until they are let go, each by its type.
type field struct {
	store.Store // none of it is called
	mu          sync.Mutex
	started     []string
	gates       map[string]chan struct{}
}

func newField(names ...string) *field {
	f := &field{gates: map[string]chan struct{}{}}
	for _, n := range names {
		f.gates[n] = make(chan struct{})
	}
	return f
}

func commit(name string) store.Commit { return store.Commit{Events: []store.Event{{Type: name}}} }

func (f *field) Start(ctx context.Context, c store.Commit) func() (store.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := c.Events[0].Type
	f.started = append(f.started, name)
	first := store.Position(len(f.started))
	return func() (store.Result, error) {
		select {
		case <-f.gates[name]:
			return store.Result{First: first}, nil
		case <-ctx.Done():
			return store.Result{}, ctx.Err()
		}
	}
}

func (f *field) let(names ...string) {
	for _, n := range names {
		close(f.gates[n])
	}
}

func (f *field) wantStarted(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if diff := cmp.Diff(want, f.started); diff != "" {
		t.Fatalf("started (-want +got):\n%s", diff)
	}
}

// landings is what was told of commits.
type landings struct {
	mu   sync.Mutex
	told []string
}

func (l *landings) land(name string, r store.Result, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, fmt.Sprint(name, " ", r.First, " ", err))
}

func (l *landings) want(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if diff := cmp.Diff(want, l.told); diff != "" {
		t.Fatalf("told (-want +got):\n%s", diff)
	}
}

// Commits land in their order, each when it and those before it have their outcomes, and what is refused in its turn.
func TestFlightLandsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told := newField("a", "b", "c"), &landings{}
		f := flight.New(s, 8, 1<<20, told.land)
		for _, name := range []string{"a", "b"} {
			f.Start(t.Context(), commit(name), name, 1)
		}
		f.Refuse(errors.New("no"), "refused", 1)
		f.Start(t.Context(), commit("c"), "c", 1)
		s.wantStarted(t, "a", "b", "c")
		s.let("b", "c")
		synctest.Wait()
		told.want(t)
		s.let("a")
		synctest.Wait() // nobody asks
		told.want(t, "a 1 <nil>", "b 2 <nil>", "refused 0 no", "c 3 <nil>")
		if n := f.End(); n != 4 {
			t.Errorf("%d landed", n)
		}
	})
}

// A commit for which there is no room waits for those before it, be it for their number or for what they hold; one that is larger than the whole room flies alone.
func TestFlightIsBounded(t *testing.T) {
	tests := []struct {
		name      string
		sizes     []int64 // of a, b, c
		atOnce    []string
		whenALeft []string
	}{
		{"bytes", []int64{60, 40, 1}, []string{"a", "b"}, []string{"a", "b", "c"}},
		{"large", []int64{101, 0, 0}, []string{"a"}, []string{"a", "b", "c"}},
		{"large one waits", []int64{1, 1, 101}, []string{"a", "b"}, []string{"a", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, told := newField("a", "b", "c"), &landings{}
				f := flight.New(s, 8, 100, told.land)
				go func() {
					for i, name := range []string{"a", "b", "c"} {
						f.Start(t.Context(), commit(name), name, tt.sizes[i])
					}
				}()
				synctest.Wait()
				s.wantStarted(t, tt.atOnce...)
				s.let("a")
				synctest.Wait()
				s.wantStarted(t, tt.whenALeft...)
				s.let("b", "c")
				synctest.Wait()
				f.End()
				s.wantStarted(t, "a", "b", "c")
			})
		})
	}
}

// No more than the bound are on their way, besides the one that lands and the one that was started last.
func TestFlightBoundsTheNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := strings.Fields("a b c d e f g")
		s, told := newField(names...), &landings{}
		f := flight.New(s, 2, 100, told.land)
		go func() {
			for _, name := range names {
				f.Start(t.Context(), commit(name), name, 1)
			}
		}()
		synctest.Wait()
		s.wantStarted(t, names[:4]...)
		s.let("a")
		synctest.Wait()
		s.wantStarted(t, names[:5]...)
		s.let(names[1:]...)
		synctest.Wait()
		f.End()
	})
}

// End waits for what was taken, from whichever goroutine it is called; afterwards nothing is taken.
func TestFlightEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told := newField("a", "b"), &landings{}
		f := flight.New(s, 8, 100, told.land)
		f.Start(t.Context(), commit("a"), "a", 1)
		var ended [2]uint64
		for i := range ended {
			go func() { ended[i] = f.End() }()
		}
		synctest.Wait()
		if f.Start(t.Context(), commit("b"), "b", 1) || f.Refuse(errors.New("no"), "b", 1) {
			t.Error("something was taken after the end")
		}
		if ended != [2]uint64{} {
			t.Errorf("it ended with %v before everything had landed", ended)
		}
		s.let("a")
		synctest.Wait()
		if ended != [2]uint64{1, 1} {
			t.Errorf("it ended with %v", ended)
		}
		s.wantStarted(t, "a")
		told.want(t, "a 1 <nil>")
	})
}

// A window lands the oldest when another would be too many, or too much, on the goroutine that starts.
func TestWindow(t *testing.T) {
	s, told := newField("a", "b", "c", "large", "d"), &landings{}
	s.let("a", "b", "c", "large", "d")
	w := flight.NewWindow(s, 3, 100, told.land)
	w.Start(t.Context(), commit("a"), "a", 1)
	w.Start(t.Context(), commit("b"), "b", 2)
	told.want(t)
	w.Start(t.Context(), commit("c"), "c", 98)
	told.want(t, "a 1 <nil>")
	w.Start(t.Context(), commit("large"), "large", 101)
	told.want(t, "a 1 <nil>", "b 2 <nil>", "c 3 <nil>", "large 4 <nil>")
	w.Start(t.Context(), commit("d"), "d", 100)
	told.want(t, "a 1 <nil>", "b 2 <nil>", "c 3 <nil>", "large 4 <nil>")
	w.Land()
	told.want(t, "a 1 <nil>", "b 2 <nil>", "c 3 <nil>", "large 4 <nil>", "d 5 <nil>")
}

// appender is a store that cannot start: it appends.
type appender struct {
	store.Store // none of it is called
	field       *field
}

func (a appender) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	return a.field.Start(ctx, c)()
}

// A store that cannot start commits appends each before the next is taken.
func TestOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told := newField("a", "b"), &landings{}
		f := flight.New(appender{field: s}, 8, 100, told.land)
		go func() {
			f.Start(t.Context(), commit("a"), "a", 1)
			f.Start(t.Context(), commit("b"), "b", 1)
		}()
		synctest.Wait()
		s.wantStarted(t, "a")
		s.let("a")
		synctest.Wait()
		s.wantStarted(t, "a", "b")
		s.let("b")
		synctest.Wait()
		f.End()
		told.want(t, "a 1 <nil>", "b 2 <nil>")
	})
}
