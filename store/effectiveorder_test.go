package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// corrections are the events of a stream, each of which supersedes one before it, and took effect at any time.
func corrections(n int) func(yield func(*store.Recorded) bool) {
	return func(yield func(*store.Recorded) bool) {
		rnd := rand.New(rand.NewPCG(3, 4))
		base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for i := range n {
			r := store.Recorded{Position: store.Position(i + 1), Version: uint64(i + 1), RecordedAt: base}
			r.Stream, r.ID = "a-1", fmt.Sprintf("00000000-0000-4000-8000-%012x", i)
			r.EffectiveAt = base.Add(time.Duration(rnd.IntN(n/2)) * time.Second)
			r.Metadata = fmt.Appendf(nil, `{"supersedes":"00000000-0000-4000-8000-%012x"}`, rnd.IntN(i+1))
			if !yield(&r) {
				return
			}
		}
	}
}

// A long order is what sorting gives, and takes as little as it says.
func TestEffectiveOrderLong(t *testing.T) {
	const events = 70_000 // some chunks
	var kept []store.Recorded
	for r := range corrections(events) {
		kept = append(kept, store.Recorded{Position: r.Position, Event: store.Event{Stream: r.Stream, ID: r.ID, EffectiveAt: r.EffectiveAt}})
	}
	before := heap()
	o := store.NewEffectiveOrder(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	for r := range corrections(events) {
		o.Add(r)
	}
	if took := heap() - before; took > (16+32+4)*events+1<<20 { // parts of chunks may be empty
		t.Errorf("%d bytes an event are held", took/events)
	}
	o.Sort()
	slices.SortStableFunc(kept, func(a, b store.Recorded) int {
		return cmp.Or(a.EffectiveAt.Compare(b.EffectiveAt), cmp.Compare(a.Position, b.Position))
	})
	if o.Len() != events {
		t.Fatalf("%d events hold, want %d", o.Len(), events)
	}
	for i := range kept {
		if got := o.Position(i); got != kept[i].Position {
			t.Fatalf("event %d stands at %d, want %d", i, got, kept[i].Position)
		}
	}
	superseded := map[string]store.Position{}
	for r := range corrections(events) {
		for _, id := range store.Supersedes(&r.Event) {
			superseded[id] = r.Position
		}
	}
	for i := range kept {
		if want, got := superseded[kept[i].ID] > kept[i].Position, o.Superseded(&kept[i]); got != want {
			t.Fatalf("event %s superseded: %v, want %v", kept[i].ID, got, want)
		}
	}
	runtime.KeepAlive(o)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
