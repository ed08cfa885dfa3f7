package index_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

const seed = 0x5eed

// world is a log as the index sees it: random events, in commits, with holes between the positions.
type world struct {
	rand      *rand.Rand
	events    []index.Entry
	versions  map[string]uint64
	trackings map[string]uint64
	end       index.End
	holes     bool
	streams   int
	frames    []frame
}

// frame is a commit: its events, what it tracks, and the end after it.
type frame struct {
	events   []index.Entry
	source   string
	position uint64
	end      index.End
}

func newWorld(n uint64, holes bool) *world {
	return &world{
		rand: rand.New(rand.NewPCG(n, 7)), versions: map[string]uint64{}, trackings: map[string]uint64{}, holes: holes, streams: 40,
		end: index.End{Next: index.MakePlace(1, 64), RecordedAt: 1 << 50},
	}
}

// commit makes up the next frame.
func (w *world) commit() frame {
	r := w.rand
	f := frame{}
	if r.IntN(8) == 0 {
		f.source = fmt.Sprintf("source-%d", r.IntN(5))
		w.trackings[f.source] += 1 + r.Uint64N(1000)
		f.position = w.trackings[f.source]
	}
	events := r.IntN(6)
	if f.source == "" {
		events++
	}
	if r.IntN(3) > 0 {
		w.end.RecordedAt += r.Int64N(1 << 31)
	}
	if w.end.Next.Offset() > 4000 {
		w.end.Next = index.MakePlace(w.end.Next.Segment()+1+r.Uint32N(2), 64)
	}
	at := w.end.Next
	for i := range events {
		if w.end.Position++; w.holes && i == 0 && r.IntN(3) == 0 {
			w.end.Position += store.Position(r.IntN(5))
			if r.IntN(50) == 0 {
				w.end.Position += 1 << 33
			}
		}
		e := w.event()
		e.Place = at + index.Place(40+i*50)
		if i == 0 && r.IntN(2) == 0 {
			e.Key = fmt.Sprintf("key-%d", w.end.Position)
		}
		f.events = append(f.events, e)
	}
	w.end.Last, w.end.Next, w.end.Checksum = at, at+index.Place(48+events*50), r.Uint32()
	f.end = w.end
	w.events = append(w.events, f.events...)
	w.frames = append(w.frames, f)
	return f
}

func (w *world) event() index.Entry {
	r := w.rand
	e := index.Entry{Position: w.end.Position, RecordedAt: w.end.RecordedAt, Type: fmt.Sprintf("type%d", r.IntN(6))}
	if r.IntN(10) > 0 {
		e.Stream = w.streamName()
		w.versions[e.Stream]++
		e.Version = w.versions[e.Stream]
	}
	for range r.IntN(4) {
		e.Tags = append(e.Tags, fmt.Sprintf("tag:%d", r.IntN(1+r.IntN(30))))
	}
	if r.IntN(4) > 0 {
		e.HasID = true
		e.ID[3] = byte(r.IntN(256))
		e.ID[9] = byte(r.IntN(16))
	}
	return e
}

func (w *world) streamName() string {
	n := w.rand.IntN(1 + w.rand.IntN(w.streams))
	switch n % 4 {
	case 0:
		return fmt.Sprintf("account-%d", n)
	case 1:
		return fmt.Sprintf("ship-to-%d", n)
	case 2:
		return fmt.Sprintf("-%d", n)
	}
	return fmt.Sprintf("lone%d", n)
}

// query makes up a query, most often one that something matches.
func (w *world) query() store.Query {
	r := w.rand
	var q store.Query
	for range r.IntN(4) {
		e := &w.events[r.IntN(len(w.events))]
		it := store.Item{}
		if r.IntN(3) == 0 {
			it.Stream = e.Stream
		}
		if r.IntN(3) == 0 {
			it.Category = store.Category(e.Stream)
		}
		if r.IntN(2) == 0 {
			it.Types = append(it.Types, e.Type)
			for range r.IntN(3) {
				it.Types = append(it.Types, fmt.Sprintf("type%d", r.IntN(8)))
			}
		}
		for range r.IntN(3) {
			if len(e.Tags) > 0 {
				it.Tags = append(it.Tags, e.Tags[r.IntN(len(e.Tags))])
			}
		}
		if r.IntN(8) == 0 {
			it.Tags = append(it.Tags, fmt.Sprintf("tag:%d", r.IntN(40)))
		}
		if it.All() && r.IntN(10) > 0 {
			continue
		}
		q = append(q, it)
	}
	return q
}

// position makes up a bound: a position of an event, or near one.
func (w *world) position() store.Position {
	p := w.events[w.rand.IntN(len(w.events))].Position
	return p + store.Position(w.rand.IntN(3)) - 1
}

// feed adds frames to a table.
func feed(t *index.Table, frames []frame) {
	for _, f := range frames {
		for i := range f.events {
			t.Add(&f.events[i])
		}
		if f.source != "" {
			t.AddTracking(f.source, f.position, f.end.Last)
		}
		t.SetEnd(f.end)
	}
}

// info is what the index says of a stream after its event e.
func info(e *index.Entry) store.StreamInfo {
	return store.StreamInfo{Stream: e.Stream, Version: e.Version, LastPosition: e.Position, LastRecordedAt: time.UnixMicro(e.RecordedAt).UTC()}
}

// matches is what a query selects from the events in (after, until], by the matching rule.
func (w *world) matches(q store.Query, after, until store.Position) []store.Position {
	var out []store.Position
	for i := range w.events {
		e := &w.events[i]
		if e.Position > after && e.Position <= until && q.Matches(event(e)) {
			out = append(out, e.Position)
		}
	}
	return out
}

func event(e *index.Entry) *store.Event {
	return &store.Event{Stream: e.Stream, Type: e.Type, Tags: e.Tags}
}

// at returns the event at a position.
func (w *world) at(p store.Position) *index.Entry {
	i, ok := slices.BinarySearchFunc(w.events, p, func(e index.Entry, p store.Position) int {
		switch {
		case e.Position < p:
			return -1
		case e.Position > p:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &w.events[i]
}

// read reads through candidates in pieces, as a store does, and returns the positions whose events match.
func (w *world) read(tb testing.TB, s index.Source, q store.Query, after, until store.Position, backward bool, limit int) []store.Position {
	tb.Helper()
	var out, piece []store.Position
	for {
		piece, done, err := s.Candidates(piece[:0], q, after, until, backward, limit)
		if err != nil {
			tb.Fatalf("Candidates: %v", err)
		}
		if len(piece) > limit {
			tb.Fatalf("Candidates: %d of at most %d", len(piece), limit)
		}
		for _, p := range piece {
			if p <= after || p > until {
				tb.Fatalf("Candidates(after %d, until %d, backward %v) has %d", after, until, backward, p)
			}
			if backward {
				until = p - 1
			} else {
				after = p
			}
			e := w.at(p)
			if e == nil {
				tb.Fatalf("Candidates has %d, which is no event", p)
			}
			if q.Matches(event(e)) {
				out = append(out, p)
			}
		}
		if done {
			return out
		}
		if len(piece) == 0 {
			tb.Fatal("Candidates appended nothing and is not done")
		}
	}
}

// checkReads compares reads of s with the events of the world in its range.
func (w *world) checkReads(tb testing.TB, s index.Source, queries int) {
	tb.Helper()
	first, last := s.Range()
	for range queries {
		q, after, until := w.query(), w.position(), w.position()
		if w.rand.IntN(3) == 0 {
			after, until = first-1, last
		}
		after, until = max(after, first-1), min(until, last)
		want := w.matches(q, after, until)
		limit := 1 + w.rand.IntN(10)
		if diff := cmp.Diff(want, w.read(tb, s, q, after, until, false, limit)); diff != "" {
			tb.Fatalf("reading (%d, %d] of %+v (-want +got):\n%s", after, until, q, diff)
		}
		slices.Reverse(want)
		if diff := cmp.Diff(want, w.read(tb, s, q, after, until, true, limit)); diff != "" {
			tb.Fatalf("reading (%d, %d] of %+v backward (-want +got):\n%s", after, until, q, diff)
		}
	}
	w.checkPoints(tb, s)
}

// checkPoints compares places and look-ups by id and key of s with the world.
func (w *world) checkPoints(tb testing.TB, s index.Source) {
	tb.Helper()
	first, last := s.Range()
	var positions []store.Position
	var places []index.Place
	for i := range w.events {
		e := &w.events[i]
		in := e.Position >= first && e.Position <= last
		if in {
			positions, places = append(positions, e.Position), append(places, e.Place)
		}
		keys, err := s.KeyCandidates(nil, e.Key)
		if err != nil || slices.Contains(keys, e.Position) != (in && e.Key != "") {
			tb.Fatalf("KeyCandidates(%q) = %d, %v; the event is at %d", e.Key, keys, err, e.Position)
		}
		if !e.HasID {
			continue
		}
		ids, err := s.IDCandidates(nil, e.ID, first-1, last)
		if err != nil || slices.Contains(ids, e.Position) != in || !slices.IsSorted(ids) {
			tb.Fatalf("IDCandidates(%x) = %d, %v; the event is at %d", e.ID, ids, err, e.Position)
		}
	}
	got, err := s.Places(nil, positions)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(places, got); diff != "" {
		tb.Fatalf("Places (-want +got):\n%s", diff)
	}
}
