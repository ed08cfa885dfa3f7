package gesta_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta"
)

// The files dcb_*_test.go have the examples of https://dcb.events as decisions.

// dcbNoon is a time to count from.
var dcbNoon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// dcbAccepts makes decisions, each of which is recorded.
func dcbAccepts[E any](t *testing.T, db *gesta.DB, decisions ...gesta.Decision[E]) {
	t.Helper()
	for i, d := range decisions {
		if res, err := gesta.Decide(t.Context(), db, d); err != nil || len(res.Events) != 1 {
			t.Fatalf("decision %d: %+v, %v", i+1, res.Events, err)
		}
	}
}

// dcbRefuses makes a decision that is refused.
func dcbRefuses[E any](t *testing.T, db *gesta.DB, want error, d gesta.Decision[E]) {
	t.Helper()
	if res, err := gesta.Decide(t.Context(), db, d); !errors.Is(err, want) {
		t.Fatalf("%+v, %v; want %v", res.Events, err, want)
	}
}

// dcbRace makes decisions at once: each has looked at the store, and decided, before any is recorded. One is, the others return the error lost.
func dcbRace[E any](t *testing.T, db *gesta.DB, lost error, decisions []gesta.Decision[E], options ...gesta.CallOption) gesta.Event[E] {
	t.Helper()
	var waiting atomic.Int64
	waiting.Store(int64(len(decisions)))
	decided := make(chan struct{})
	var wg sync.WaitGroup
	errs, won := make([]error, len(decisions)), make([][]gesta.Event[E], len(decisions))
	for i, d := range decisions {
		var once sync.Once
		arrive := func() {
			once.Do(func() {
				if waiting.Add(-1) == 0 {
					close(decided)
				}
			})
		}
		inner := d.Decide
		d.Decide = func(f gesta.Facts) ([]E, error) {
			arrive()
			<-decided
			return inner(f)
		}
		wg.Go(func() {
			defer arrive() // also when it was refused before it could decide
			res, err := gesta.Decide(t.Context(), db, d, options...)
			errs[i], won[i] = err, res.Events
		})
	}
	wg.Wait()
	var events []gesta.Event[E]
	for i, err := range errs {
		if err != nil && !errors.Is(err, lost) {
			t.Fatalf("decision %d: %v; want %v", i+1, err, lost)
		}
		events = append(events, won[i]...)
	}
	if len(events) != 1 {
		t.Fatalf("%d decisions were recorded: %+v", len(events), events)
	}
	return events[0]
}

// dcbOvertaken makes a decision, and another one between what it looked at and what it records. It returns the error of the first.
func dcbOvertaken[E any](t *testing.T, db *gesta.DB, slow, fast gesta.Decision[E]) error {
	t.Helper()
	var once sync.Once
	inner := slow.Decide
	slow.Decide = func(f gesta.Facts) ([]E, error) {
		events, err := inner(f)
		once.Do(func() { dcbAccepts(t, db, fast) })
		return events, err
	}
	_, err := gesta.Decide(t.Context(), db, slow)
	return err
}
