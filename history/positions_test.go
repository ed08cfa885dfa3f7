package history_test

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

// A set of positions has those that were added, in whatever order, whether they lie far apart or close together.
func TestPositions(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 2))
	for _, span := range []int{50_000, 400_000, 1 << 40} {
		var set history.Positions
		added := map[store.Position]bool{}
		for range 20_000 {
			p := store.Position(1 + rnd.IntN(span))
			if set.Has(p) != added[p] {
				t.Fatalf("of %d: %d is there: %v", span, p, set.Has(p))
			}
			if !added[p] {
				set.Add(p)
				added[p] = true
			}
		}
		for p := range added {
			if !set.Has(p) || set.Has(p+1) != added[p+1] {
				t.Fatalf("of %d: %d is not there, or the one behind it is", span, p)
			}
		}
	}
}

// A set of the events of one stream among many takes a few bytes for each.
func TestPositionsAreSmall(t *testing.T) {
	const events = 500_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var set history.Positions
	for i := range events {
		set.Add(store.Position(1 + 17*i))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := (int(after.HeapAlloc) - int(before.HeapAlloc)) / events; each > 4 {
		t.Errorf("an event takes %d bytes", each)
	}
	runtime.KeepAlive(&set)
}
