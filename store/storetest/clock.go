package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// runClock checks the times of recording under clocks that no one would want.
func runClock(t *testing.T, h Harness) {
	t.Run("steps back and forward under many writers", func(t *testing.T) {
		var mu sync.Mutex
		rnd := rand.New(rand.NewPCG(3, 4))
		now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.FixedZone("far", 5*3600+1800))
		shown := map[time.Time]bool{}
		s := h.openWith(t, Options{Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Duration(rnd.Int64N(int64(2*time.Second))) - time.Second + 37*time.Nanosecond)
			shown[store.Time(now)] = true
			return now
		}})
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for range 50 {
					r, err := s.Append(bounded(t), store.Commit{Events: numbered(2, fmt.Sprintf("a-%d", w), "T")})
					if err != nil || r.RecordedAt.IsZero() {
						t.Errorf("got %+v, %v", r, err)
					}
				}
			})
		}
		wg.Wait()
		var last time.Time
		commits := map[store.Position]time.Time{}
		for _, e := range read(t, s, nil, store.ReadOptions{}) {
			mu.Lock()
			known := shown[e.RecordedAt]
			mu.Unlock()
			if !known {
				t.Errorf("position %d was recorded at %s, which no clock showed", e.Position, e.RecordedAt)
			}
			if e.RecordedAt.Before(last) {
				t.Errorf("position %d was recorded at %s, before %s", e.Position, e.RecordedAt, last)
			}
			if at, ok := commits[e.Commit]; ok && !at.Equal(e.RecordedAt) {
				t.Errorf("position %d was recorded at %s, its commit at %s", e.Position, e.RecordedAt, at)
			}
			last, commits[e.Commit] = e.RecordedAt, e.RecordedAt
		}
	})
	t.Run("finer than a microsecond", func(t *testing.T) {
		now := time.Date(2026, 11, 1, 9, 0, 0, 999_999_999, time.UTC)
		s := h.openWith(t, Options{Clock: func() time.Time { return now }})
		r := write(t, s, event("a-1", "T"))
		want := time.Date(2026, 11, 1, 9, 0, 0, 999_999_000, time.UTC)
		e := read(t, s, nil, store.ReadOptions{AsOf: want})
		if !r.RecordedAt.Equal(want) || len(e) != 1 || e[0].RecordedAt != want {
			t.Errorf("recorded at %s, and %v; want %s in UTC", r.RecordedAt, e, want)
		}
	})
	t.Run("a clock that went back is told of", func(t *testing.T) {
		now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
		s := h.openWith(t, Options{Clock: func() time.Time { return now }})
		m := power[store.Measurer](t, s)
		for _, step := range []struct{ clock, behind time.Duration }{{0, 0}, {-time.Hour, time.Hour}, {2 * time.Hour, 0}} {
			now = now.Add(step.clock)
			stats, err := m.Stats(bounded(t))
			if err != nil || stats.ClockBehind != step.behind {
				t.Errorf("the clock is %s behind, %v; want %s", stats.ClockBehind, err, step.behind)
			}
			write(t, s, event("a-1", "T"))
		}
	})
	t.Run("as of every time there is", func(t *testing.T) {
		now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
		s := h.openWith(t, Options{Clock: func() time.Time { return now }})
		rnd := rand.New(rand.NewPCG(5, 6))
		for range 200 {
			now = now.Add(time.Duration(rnd.IntN(3)) * time.Microsecond)
			write(t, s, numbered(1+rnd.IntN(2), fmt.Sprintf("a-%d", rnd.IntN(3)), "T")...)
		}
		all := read(t, s, nil, store.ReadOptions{})
		for at := all[0].RecordedAt.Add(-time.Microsecond); !at.After(now.Add(time.Microsecond)); at = at.Add(time.Microsecond) {
			want := 0
			for want < len(all) && !all[want].RecordedAt.After(at) {
				want++
			}
			got := read(t, s, nil, store.ReadOptions{AsOf: at, Backward: true, Limit: 1})
			if (want == 0) != (len(got) == 0) || want > 0 && got[0].Position != all[want-1].Position {
				t.Fatalf("as of %s the last event is %v, want number %d", at, positions(got), want)
			}
		}
	})
}
