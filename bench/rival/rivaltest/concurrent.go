package rivaltest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
)

// What the concurrent tests do: so many goroutines, each so many commits.
const (
	writers = 8
	commits = 60
)

// testWriters: eight writers, each on streams of its own. Versions have no gaps, and each event is in the
// global order once, after those that its writer had appended before it.
func testWriters(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	var group work
	for w := range writers {
		group.Go(func() error {
			for c := range uint64(commits) {
				one, two := fmt.Sprintf("one-%d", w), fmt.Sprintf("two-%d", w)
				commit := []rival.Event{event(one, c+1, "made", "x"), event(two, 2*c+1, "made", one), event(two, 2*c+2, "made", one)}
				if err := store.Append(t.Context(), commit); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Wait(t)
	for w := range writers {
		wantStream(t, store, fmt.Sprintf("one-%d", w), commits)
		wantStream(t, store, fmt.Sprintf("two-%d", w), 2*commits)
	}
	all := readAll(t, store)
	checkOnce(t, all, 3*writers*commits)
	checkTogether(t, all)
	if got := len(readTag(t, store, "x", 3*writers*commits)); got != writers*commits {
		t.Errorf("%d events with the tag, want %d", got, writers*commits)
	}
}

// checkOnce checks that there are so many events, none of them twice.
func checkOnce(t *testing.T, all []rival.Recorded, want int) {
	t.Helper()
	if len(all) != want {
		t.Errorf("%d events, want %d", len(all), want)
	}
	seen := map[string]uint64{}
	for i := range all {
		e := &all[i]
		if at, twice := seen[string(e.Data)]; twice {
			t.Errorf("twice, at %d and %d: %s", at, e.Position, e.Data)
		}
		seen[string(e.Data)] = e.Position
	}
}

// checkTogether checks that the three events of each commit of testWriters follow each other.
func checkTogether(t *testing.T, all []rival.Recorded) {
	t.Helper()
	seen := map[int]uint64{}
	for i := 0; i+2 < len(all); i += 3 {
		var w int
		if _, err := fmt.Sscanf(all[i].Stream, "one-%d", &w); err != nil {
			t.Fatalf("event %d begins no commit: %s", i, all[i].Data)
		}
		c := seen[w]
		seen[w]++
		one, two := fmt.Sprintf("one-%d", w), fmt.Sprintf("two-%d", w)
		wantEvents(t, "commit", all[i:i+3], event(one, c+1, "made", "x"), event(two, 2*c+1, "made", one), event(two, 2*c+2, "made", one))
	}
}

// testContention: eight writers append to the same stream, each at the version that it believes to be next;
// each version is won by one of them.
func testContention(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	const last = 100
	var mu sync.Mutex
	won := map[uint64]int{}
	var group work
	for w := range writers {
		group.Go(func() error {
			for v := uint64(1); v <= last; v++ {
				err := store.Append(t.Context(), []rival.Event{event("own-"+name(w), v, "made", "x"), event("shared", v, "made", "x")})
				switch {
				case err == nil:
					mu.Lock()
					won[v]++
					mu.Unlock()
				case !errors.Is(err, rival.ErrConflict):
					return err
				default:
					// Another was first. Its own stream does not move, so this writer is out of the race.
					return nil
				}
			}
			return nil
		})
	}
	group.Wait(t)
	var total int
	for v := uint64(1); v <= uint64(len(won)); v++ {
		if won[v] != 1 {
			t.Errorf("version %d was won %d times", v, won[v])
		}
		total += won[v]
	}
	if total == 0 {
		t.Error("nobody won")
	}
	wantStream(t, store, "shared", uint64(total))
	checkOnce(t, readAll(t, store), 2*total)
}

// testReaders: while writers append, what a reader of everything sees is always a beginning of what it sees
// later.
func testReaders(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	var group work
	for w := range writers {
		group.Go(func() error {
			for c := range uint64(commits) {
				if err := store.Append(t.Context(), events(name(w), 2*c+1, 2*c+2, "x")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var views [][]rival.Recorded
	for range 10 {
		views = append(views, readAll(t, store))
	}
	group.Wait(t)
	all := readAll(t, store)
	checkOnce(t, all, 2*writers*commits)
	for i, view := range views {
		same := func(a, b rival.Recorded) bool { return a.Position == b.Position && bytes.Equal(a.Data, b.Data) }
		if len(view) > len(all) || !slices.EqualFunc(view, all[:len(view)], same) {
			t.Errorf("view %d of %d events is no beginning of all %d", i, len(view), len(all))
		}
		if len(view)%2 != 0 {
			t.Errorf("view %d ends in the middle of a commit", i)
		}
	}
}

// work is goroutines that may fail.
type work struct {
	wait sync.WaitGroup
	mu   sync.Mutex
	errs []error // guarded by mu
}

// Go runs f on a goroutine of its own.
func (w *work) Go(f func() error) {
	w.wait.Go(func() {
		if err := f(); err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.errs = append(w.errs, err)
		}
	})
}

// Wait waits for all of them and fails the test with what went wrong.
func (w *work) Wait(t *testing.T) {
	t.Helper()
	w.wait.Wait()
	for _, err := range w.errs {
		t.Errorf("append: %v", err)
	}
}
