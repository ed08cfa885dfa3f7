package feed_test

import (
	"encoding/json"
	"testing"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/rival"
)

func TestEvents(t *testing.T) {
	data, ids := map[string]bool{}, map[[16]byte]bool{}
	types, tags := map[string]bool{}, map[string]bool{}
	const n = 20_000
	for i := range uint64(n) {
		var e rival.Event
		feed.Set(&e, i)
		if len(e.Data) != feed.DataBytes || !json.Valid(e.Data) {
			t.Fatalf("event %d: %d bytes, %s", i, len(e.Data), e.Data)
		}
		data[string(e.Data)], ids[e.ID], types[e.Type], tags[e.Tag] = true, true, true, true
	}
	if len(data) != n || len(ids) != n || len(types) != feed.Types || len(tags) < n*3/4 {
		t.Errorf("%d payloads, %d ids, %d types, %d tags of %d events", len(data), len(ids), len(types), len(tags), n)
	}
}

// TestPlan plays plans and looks that each stream has its versions in order, all of them, and that writers share none.
func TestPlan(t *testing.T) {
	for _, p := range []feed.Plan{
		{Streams: 1000, PerStream: 10, Batch: 100, Writers: 16, Long: 3},
		{Streams: 1000, PerStream: 10, Batch: 100, Writers: 1, Long: 1},
		{Streams: 7, PerStream: 3, Batch: 2, Writers: 3},
		{Streams: 5, PerStream: 2, Batch: 1, Writers: 1},
	} {
		versions, owner, seen := map[string]uint64{}, map[string]int{}, map[string]bool{}
		for w := range p.Writers {
			for c := p.Writer(w); c.Next(); {
				for _, e := range c.Commit() {
					if versions[e.Stream]++; e.Version != versions[e.Stream] {
						t.Fatalf("%+v: stream %s has version %d after %d", p, e.Stream, e.Version, versions[e.Stream]-1)
					}
					if o, ok := owner[e.Stream]; ok && o != w {
						t.Fatalf("%+v: writers %d and %d have stream %s", p, o, w, e.Stream)
					}
					owner[e.Stream], seen[string(e.Data)] = w, true
				}
			}
		}
		if int64(len(seen)) != p.Events() || len(versions) != p.Streams+p.Long {
			t.Errorf("%+v: %d events in %d streams; want %d", p, len(seen), len(versions), p.Events())
		}
		for i := range p.Streams {
			if v := versions[p.Stream(i)]; v != uint64(p.PerStream) {
				t.Errorf("%+v: stream %s has %d events", p, p.Stream(i), v)
			}
		}
		for i := range p.Long {
			if v := versions[p.LongStream(i)]; v != feed.LongEvents {
				t.Errorf("%+v: stream %s has %d events", p, p.LongStream(i), v)
			}
		}
	}
}

func BenchmarkSet(b *testing.B) {
	var e rival.Event
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		feed.Set(&e, uint64(i))
	}
}
