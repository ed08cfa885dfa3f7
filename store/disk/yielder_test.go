package disk

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestYielder has yields that take as long as it says: when long ones have taken more than their part of the time, there are none for a while.
func TestYielder(t *testing.T) {
	const ms = time.Millisecond
	var clock, takes time.Duration
	yields := 0
	y := yielder{now: func() time.Duration { return clock }, gosched: func() { yields, clock = yields+1, clock+takes }, credit: maxCredit}
	for i, step := range []struct {
		after, takes time.Duration // how long after the step before, and how long a yield takes
		again        bool
		yields       int           // so far
		credit       time.Duration // then
	}{
		{0, 0, true, 1, 100 * ms},
		{0, usualYield, true, 2, 100 * ms},
		{0, 40 * ms, false, 3, 60 * ms},
		{0, 0, true, 4, 62 * ms},
		{2000 * ms, 0, true, 5, 100 * ms},
		{0, 120 * ms, false, 6, -20 * ms},
		{0, 0, false, 6, -14 * ms},
		{280 * ms, 0, false, 6, 0},
		{20 * ms, 0, true, 7, 1 * ms},
		{0, time.Hour, false, 8, -maxDebt},
		{0, 0, true, 9, maxCredit},
	} {
		clock, takes = clock+step.after, step.takes
		again := y.yield()
		if diff := cmp.Diff([]any{step.again, step.yields, step.credit}, []any{again, yields, y.credit}); diff != "" {
			t.Errorf("step %d: again, yields, credit (-want +got):\n%s", i, diff)
		}
	}
}

// TestYielderBesideBusyGoroutines yields whenever it may for a minute in which each yield takes long.
func TestYielderBesideBusyGoroutines(t *testing.T) {
	var clock, spent time.Duration
	const takes = 10 * time.Millisecond
	y := yielder{now: func() time.Duration { return clock }, gosched: func() { clock, spent = clock+takes, spent+takes }, credit: maxCredit}
	for clock < time.Minute {
		clock += time.Microsecond
		y.yield()
	}
	if most := time.Minute/yieldShare + maxCredit + takes; spent > most || spent < most/2 {
		t.Errorf("the yields of a minute take %v, want at most %v", spent, most)
	}
}

// TestYielderReal yields with the clock of the machine.
func TestYielderReal(t *testing.T) {
	y := newYielder()
	before := y.when
	y.yield()
	if before < 0 || y.when < before {
		t.Errorf("the clock goes from %v to %v", before, y.when)
	}
}
