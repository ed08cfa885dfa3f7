package index_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

func TestTableReads(t *testing.T) {
	for n := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", n), func(t *testing.T) {
			w := newWorld(n, n%2 == 1)
			table := index.NewTable(seed, w.end)
			for range []int{1, 5, 60, 600}[n%4] {
				w.commit()
			}
			feed(table, w.frames)
			if len(w.events) == 0 {
				t.Skip("no events with this seed")
			}
			if got, want := table.Len(), len(w.events); got != want {
				t.Fatalf("Len() = %d, want %d", got, want)
			}
			if got := table.End(); got != w.end {
				t.Fatalf("End() = %+v, want %+v", got, w.end)
			}
			w.checkReads(t, table, 200)
			w.checkAnyMatch(t, table, 400)
			w.checkStreams(t, table)
			w.checkTrackings(t, table)
		})
	}
}

// TestTableAddAll adds commits whole, to one table after the other: they read like those that are filled event by event.
func TestTableAddAll(t *testing.T) {
	w := newWorld(20, true)
	one := index.NewTable(seed, w.end)
	table := index.NewTable(seed, w.end)
	for range 5 {
		begin := len(w.events)
		for range 400 {
			w.commit()
		}
		events := w.events[begin:]
		table.AddAll(events, hashesOf(events))
		table.SetEnd(w.end)
		for i := range events {
			one.Add(&events[i])
		}
		one.SetEnd(w.end)
		part := &world{rand: w.rand, events: events, versions: w.versions, streams: w.streams}
		if got := table.Len(); got != len(events) {
			t.Fatalf("Len() = %d, want %d", got, len(events))
		}
		part.checkReads(t, table, 100)
		part.checkAnyMatch(t, table, 100)
		table = table.Next(w.end)
		if first, last := table.Range(); table.Len() != 0 || first != last+1 || table.Start() != w.end {
			t.Fatalf("Next has %d events, from %d to %d", table.Len(), first, last)
		}
	}
	w.checkReads(t, one, 100)
}

func (w *world) checkAnyMatch(tb testing.TB, table *index.Table, queries int) {
	tb.Helper()
	for range queries {
		q, after, until := w.query(), w.position(), w.position()
		want := store.Position(0)
		if all := w.matches(q, after, until); len(all) > 0 {
			want = all[len(all)-1]
		}
		if got, ok := table.AnyMatch(q, after, until); got != want || ok != (want != 0) {
			tb.Fatalf("AnyMatch(%+v, %d, %d) = %d, %v; want %d", q, after, until, got, ok, want)
		}
	}
}

// checkStreams asks for each stream as of each position.
func (w *world) checkStreams(tb testing.TB, table *index.Table) {
	tb.Helper()
	versions, lasts := map[string]uint64{}, map[string]store.Position{}
	for i := range w.events {
		e := &w.events[i]
		if e.Stream != "" {
			versions[e.Stream], lasts[e.Stream] = e.Version, e.Position
		}
		for range 3 {
			name := w.streamName()
			version, last, ok := table.StreamAt(name, e.Position)
			if version != versions[name] || last != lasts[name] || ok != (version > 0) {
				tb.Fatalf("StreamAt(%q, %d) = %d, %d, %v; want %d, %d", name, e.Position, version, last, ok, versions[name], lasts[name])
			}
		}
	}
	for name, want := range versions {
		if version, last, ok := table.Stream(name); version != want || last != lasts[name] || !ok {
			tb.Fatalf("Stream(%q) = %d, %d, %v; want %d, %d", name, version, last, ok, want, lasts[name])
		}
	}
}

func (w *world) checkTrackings(tb testing.TB, table *index.Table) {
	tb.Helper()
	want := map[string]uint64{}
	for _, f := range w.frames {
		for source := range w.trackings {
			if got, ok := table.TrackingAt(source, f.end.Last); got != want[source] || ok != (got > 0) {
				tb.Fatalf("TrackingAt(%q, %x) = %d, %v; want %d", source, f.end.Last, got, ok, want[source])
			}
		}
		if f.source != "" {
			want[f.source] = f.position
		}
	}
	for source, want := range w.trackings {
		if got, ok := table.Tracking(source); got != want || !ok {
			tb.Fatalf("Tracking(%q) = %d, %v; want %d", source, got, ok, want)
		}
	}
	if got, ok := table.Tracking("account-0"); ok {
		tb.Fatalf("Tracking of a stream's name = %d", got)
	}
}

func TestTableKey(t *testing.T) {
	w := newWorld(3, true)
	table := index.NewTable(seed, w.end)
	for range 200 {
		w.commit()
	}
	feed(table, w.frames)
	for i := range w.events {
		e := &w.events[i]
		if got, ok := table.Key(e.Key); e.Key != "" && (got != e.Position || !ok) {
			t.Fatalf("Key(%q) = %d, %v; want %d", e.Key, got, ok, e.Position)
		}
	}
	if got, ok := table.Key("type1"); ok {
		t.Fatalf("Key of a type's name = %d", got)
	}
}

func TestTablePlacesOfHoles(t *testing.T) {
	table := index.NewTable(seed, index.End{Position: 6})
	table.Add(&index.Entry{Position: 7, Type: "a", Place: 1})
	table.Add(&index.Entry{Position: 9, Type: "a", Place: 2})
	for _, p := range []store.Position{1, 6, 8, 10} {
		if got, err := table.Places(nil, []store.Position{p}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Places(%d) = %v, %v; want ErrNotFound", p, got, err)
		}
	}
}

// TestTableLongLists has lists of many chunks, so that walks cross them in both directions.
func TestTableLongLists(t *testing.T) {
	const events = 30_000
	table := index.NewTable(seed, index.End{})
	for n := range events {
		e := index.Entry{Position: store.Position(n + 1), Type: "even", Stream: "all-1", Version: uint64(n + 1)}
		if n%2 == 1 {
			e.Type = "odd"
		}
		if n%997 == 0 {
			e.Tags = []string{"rare"}
		}
		table.Add(&e)
	}
	for _, tt := range []struct {
		name string
		item store.Item
		step int
	}{
		{"stream", store.Item{Stream: "all-1"}, 1},
		{"category", store.Item{Category: "all"}, 1},
		{"type", store.Item{Types: []string{"even"}}, 2},
		{"rare", store.Item{Stream: "all-1", Tags: []string{"rare"}}, 997},
		{"rare and type", store.Item{Types: []string{"even"}, Tags: []string{"rare"}}, 2 * 997},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []store.Position
			for after, done := store.Position(0), false; !done; {
				var err error
				if got, done, err = table.Candidates(got, store.Query{tt.item}, after, events, false, 300); err != nil {
					t.Fatal(err)
				}
				after = got[len(got)-1]
			}
			var down []store.Position
			for until, done := store.Position(events), false; !done; {
				down, done, _ = table.Candidates(down, store.Query{tt.item}, 0, until, true, 300)
				until = down[len(down)-1] - 1
			}
			for i, p := range got {
				if want := store.Position(i*tt.step + 1); p != want || down[len(down)-1-i] != want {
					t.Fatalf("candidate %d is %d, backward %d, want %d", i, p, down[len(down)-1-i], want)
				}
			}
			if want := (events + tt.step - 1) / tt.step; len(got) != want || len(down) != want {
				t.Fatalf("%d candidates, %d backward, want %d", len(got), len(down), want)
			}
		})
	}
	for p := store.Position(1); p <= events; p += 77 {
		if version, last, ok := table.StreamAt("all-1", p); version != uint64(p) || last != p || !ok {
			t.Fatalf("StreamAt(%d) = %d, %d, %v", p, version, last, ok)
		}
	}
}

// TestTableListsThatNeverMeet finds nothing in lists that alternate: Candidates may give up now and then, AnyMatch may not.
func TestTableListsThatNeverMeet(t *testing.T) {
	const events = 60_000
	table := index.NewTable(seed, index.End{})
	for n := range store.Position(events) {
		table.Add(&index.Entry{Position: n + 1, Type: "t", Tags: []string{[]string{"a", "b"}[n%2]}})
	}
	q := store.Query{{Tags: []string{"a", "b"}}}
	if p, ok := table.AnyMatch(q, 0, events); ok {
		t.Fatalf("AnyMatch = %d", p)
	}
	calls := 0
	for after, done := store.Position(0), false; !done; calls++ {
		var got []store.Position
		if got, done, _ = table.Candidates(nil, q, after, events, false, 10); len(got) > 0 {
			after = got[len(got)-1]
		}
	}
	if calls < 2 {
		t.Fatalf("Candidates looked at %d events in one call", events)
	}
}

func TestTableManyParts(t *testing.T) {
	w := newWorld(9, false)
	table := index.NewTable(seed, w.end)
	for range 300 {
		w.commit()
	}
	feed(table, w.frames)
	var q store.Query
	for n := range 1300 {
		q = append(q, store.Item{Stream: fmt.Sprintf("account-%d", n), Types: []string{"type1", fmt.Sprintf("type%d", n)}})
	}
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	first, last := table.Range()
	got, want := w.read(t, table, q, first-1, last, false, 5), w.matches(q, first-1, last)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestTableBytes holds the promise of the size of an event: one with a stream of its own, an id, a type and a tag that one in three events has alone.
func TestTableBytes(t *testing.T) {
	const events = 200_000
	table := index.NewTable(seed, index.End{})
	for n := range events {
		e := index.Entry{
			Position: store.Position(n + 1), Place: index.Place(n * 256), Type: fmt.Sprintf("type-%d", n%20), Stream: fmt.Sprintf("account-%07d", n),
			Version: 1, Tags: []string{fmt.Sprintf("customer:%d", n/3)}, HasID: true, RecordedAt: int64(n / 100),
		}
		e.ID[0], e.ID[1], e.ID[2] = byte(n), byte(n>>8), byte(n>>16)
		table.Add(&e)
	}
	if got := table.Bytes() / events; got > 125 {
		t.Errorf("%d bytes an event", got)
	}
}

// TestTableConcurrent reads while events are added: readers see what was published to them, and nothing else within their bounds.
func TestTableConcurrent(t *testing.T) {
	w := newWorld(11, true)
	for range 3000 {
		w.commit()
	}
	table := index.NewTable(seed, index.End{})
	var published atomic.Uint64 // the number of frames that readers may see
	var wg sync.WaitGroup
	for r := range 3 {
		wg.Go(func() {
			x := newWorld(uint64(r), true)
			for {
				frames := published.Load()
				if frames > 0 {
					until := w.frames[frames-1].end
					mine := &world{rand: x.rand, events: w.events, streams: 40}
					q := mine.query()
					after := min(mine.position(), until.Position)
					got, want := w.read(t, table, q, after, until.Position, frames%2 == 0, 7), w.matches(q, after, until.Position)
					if len(got) != len(want) {
						t.Errorf("(%d, %d] of %+v: %d, want %d", after, until.Position, q, got, want)
						return
					}
					if _, ok := table.AnyMatch(q, after, until.Position); ok != (len(want) > 0) {
						t.Errorf("AnyMatch(%+v, %d, %d) = %v", q, after, until.Position, ok)
						return
					}
					table.TrackingAt("source-1", until.Next)
					table.Key("key-1")
					table.StreamAt("account-0", until.Position)
					table.Bytes()
				}
				if frames == uint64(len(w.frames)) {
					return
				}
			}
		})
	}
	for i := range w.frames {
		feed(table, w.frames[i:i+1])
		published.Store(uint64(i + 1))
	}
	wg.Wait()
}

// TestTableNextShrinks follows a table with many names by ones with few: they come to take little memory, while one that needs what it has keeps it.
func TestTableNextShrinks(t *testing.T) {
	fill := func(table *index.Table, streams int) *index.Table {
		for i := range streams {
			table.Add(&index.Entry{Position: store.Position(i + 1), Place: index.MakePlace(1, uint32(64+8*i)), Stream: fmt.Sprintf("a-%d", i), Version: 1, Type: "T"})
		}
		return table
	}
	const many, few = 20_000, 10
	small := fill(index.NewTable(seed, index.End{}), few).Bytes()
	table := fill(index.NewTable(seed, index.End{}), many)
	for range 3 {
		before := table.Bytes()
		if table = fill(table.Next(index.End{}), many); table.Bytes() != before {
			t.Fatalf("a table takes %d bytes, one like it before %d", table.Bytes(), before)
		}
	}
	for range 12 {
		table = fill(table.Next(index.End{}), few)
	}
	if table.Bytes() != small {
		t.Errorf("a table with few names takes %d bytes after some like it, the first one %d", table.Bytes(), small)
	}
}
