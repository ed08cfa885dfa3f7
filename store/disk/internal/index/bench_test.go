package index_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// benchEvents are events of streams that go round, with an id and one tag of many.
func benchEvents(n, streams int) []index.Entry {
	out := make([]index.Entry, n)
	for i := range out {
		s := uint64(i) * 2654435761 % uint64(streams)
		out[i] = index.Entry{
			Position: store.Position(i + 1), Place: index.Place(i * 256), Type: fmt.Sprintf("type-%d", i%20), Stream: fmt.Sprintf("account-%07d", s),
			Version: uint64(i/streams + 1), Tags: []string{fmt.Sprintf("customer:%d", i*7919%100_000)}, HasID: true, RecordedAt: int64(i / 100),
		}
		for b := range 4 {
			out[i].ID[b] = byte(i >> (8 * b))
		}
	}
	return out
}

const benchTable = 100_000

func benchmarkTable(events []index.Entry) *index.Table {
	table := index.NewTable(seed, index.End{Position: events[0].Position - 1})
	for i := range events {
		table.Add(&events[i])
	}
	last := &events[len(events)-1]
	table.SetEnd(index.End{Position: last.Position, Next: last.Place + 256, Last: last.Place, RecordedAt: last.RecordedAt})
	return table
}

func BenchmarkTableAdd(b *testing.B) {
	for _, streams := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			events := benchEvents(benchTable, streams)
			b.ReportAllocs()
			var table *index.Table
			for i := 0; b.Loop(); i++ {
				if i%benchTable == 0 {
					table = index.NewTable(seed, index.End{})
				}
				table.Add(&events[i%benchTable])
			}
		})
	}
}

func BenchmarkTableStream(b *testing.B) {
	events := benchEvents(benchTable, 20_000)
	table := benchmarkTable(events)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Stream(events[i*7919%benchTable].Stream)
	}
}

func BenchmarkTableAnyMatch(b *testing.B) {
	events := benchEvents(benchTable, 20_000)
	table := benchmarkTable(events)
	for _, bb := range []struct {
		name string
		back int // how far below the head after lies
		item func(e *index.Entry) store.Item
	}{
		{"parts=tag/after=head-10", 10, func(e *index.Entry) store.Item { return store.Item{Tags: e.Tags} }},
		{"parts=type+tag/after=head-10", 10, func(e *index.Entry) store.Item { return store.Item{Types: []string{e.Type}, Tags: e.Tags} }},
		{"parts=type+tag/after=0", benchTable, func(e *index.Entry) store.Item { return store.Item{Types: []string{e.Type}, Tags: e.Tags} }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			q := make(store.Query, 1)
			for i := 0; b.Loop(); i++ {
				q[0] = bb.item(&events[i*7919%benchTable])
				table.AnyMatch(q, store.Position(benchTable-bb.back), benchTable)
			}
		})
	}
}

func BenchmarkTableCandidates(b *testing.B) {
	events := benchEvents(benchTable, 20_000)
	table := benchmarkTable(events)
	for _, backward := range []bool{false, true} {
		b.Run(fmt.Sprintf("stream/backward=%v", backward), func(b *testing.B) {
			b.ReportAllocs()
			var dst []store.Position
			q := make(store.Query, 1)
			for i := 0; b.Loop(); i++ {
				q[0].Stream = events[i*7919%benchTable].Stream
				dst, _, _ = table.Candidates(dst[:0], q, 0, benchTable, backward, 100)
			}
		})
	}
}

// benchmarkSet returns a set with events in as many files as tables of benchTable events hold, unless they are merged.
func benchmarkSet(b *testing.B, events []index.Entry, merge bool) *index.Set {
	b.Helper()
	o := options(vfs.OS())
	o.Dir = b.TempDir()
	s := open(b, o)
	for len(events) > 0 {
		n := min(len(events), benchTable)
		table := index.NewTable(seed, s.End())
		for i := range n {
			table.Add(&events[i])
		}
		last := &events[n-1]
		table.SetEnd(index.End{Position: last.Position, Next: last.Place + 256, Last: last.Place, RecordedAt: last.RecordedAt})
		if err := s.Add(table); err != nil {
			b.Fatal(err)
		}
		events = events[n:]
	}
	if merge {
		if err := s.MergeAll(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func BenchmarkSetAdd(b *testing.B) {
	for _, streams := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			table := benchmarkTable(benchEvents(benchTable, streams))
			o := options(vfs.OS())
			b.ReportAllocs()
			var size int64
			for b.Loop() {
				o.Dir = b.TempDir()
				s := open(b, o)
				if err := s.Add(table); err != nil {
					b.Fatal(err)
				}
				size = s.Bytes()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchTable, "ns/event")
			b.ReportMetric(float64(size)/benchTable, "bytes/event")
		})
	}
}

func BenchmarkSetMergeAll(b *testing.B) {
	events := benchEvents(4*benchTable, 100_000)
	b.ReportAllocs()
	var size int64
	var took time.Duration
	for b.Loop() {
		s := benchmarkSet(b, events, false)
		begin := time.Now()
		if err := s.MergeAll(b.Context()); err != nil {
			b.Fatal(err)
		}
		took += time.Since(begin)
		size = s.Bytes()
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/float64(len(events)), "merge-ns/event")
	b.ReportMetric(float64(size)/float64(len(events)), "bytes/event")
}

func BenchmarkFile(b *testing.B) {
	events := benchEvents(4*benchTable, 40_000)
	v := benchmarkSet(b, events, true).View()
	b.Cleanup(v.Release)
	f := v.Files()[0]
	last := store.Position(len(events))
	var dst []store.Position
	var places []index.Place
	q := make(store.Query, 1)
	for _, bb := range []struct {
		name string
		read func(e *index.Entry) error
	}{
		{"Candidates/stream", func(e *index.Entry) (err error) {
			q[0] = store.Item{Stream: e.Stream}
			dst, _, err = f.Candidates(dst[:0], q, 0, last, false, 100)
			return err
		}},
		{"Candidates/stream/places", func(e *index.Entry) (err error) {
			q[0] = store.Item{Stream: e.Stream}
			if dst, _, err = f.Candidates(dst[:0], q, 0, last, false, 100); err == nil {
				places, err = f.Places(places[:0], dst)
			}
			return err
		}},
		{"Candidates/stream/last", func(e *index.Entry) (err error) {
			q[0] = store.Item{Stream: e.Stream}
			dst, _, err = f.Candidates(dst[:0], q, 0, last, true, 1)
			return err
		}},
		{"Candidates/absent", func(e *index.Entry) (err error) {
			q[0] = store.Item{Stream: e.Tags[0]}
			dst, _, err = f.Candidates(dst[:0], q, 0, last, false, 100)
			return err
		}},
		{"Candidates/type+tag", func(e *index.Entry) (err error) {
			q[0] = store.Item{Types: []string{e.Type}, Tags: e.Tags}
			dst, _, err = f.Candidates(dst[:0], q, 0, last, false, 100)
			return err
		}},
		{"Candidates/type/100", func(e *index.Entry) (err error) {
			q[0] = store.Item{Types: []string{e.Type}}
			dst, _, err = f.Candidates(dst[:0], q, e.Position, last, false, 100)
			return err
		}},
		{"Stream", func(e *index.Entry) error {
			_, _, err := f.Stream(e.Stream)
			return err
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := bb.read(&events[i*7919%len(events)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
