package disk_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// policies are the sync policies that benchmarks of appends run with.
var policies = []struct {
	name string
	sync disk.SyncPolicy
}{{"always", disk.SyncAlways}, {"never", disk.SyncNever}}

// BenchmarkAppend measures durable appends of single events of 256 bytes, guarded by the version of their stream.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		for _, policy := range policies {
			b.Run(fmt.Sprintf("sync=%s/writers=%d", policy.name, writers), func(b *testing.B) {
				appendStreams(b, openBench(b, disk.Options{Sync: policy.sync}), writers)
			})
		}
	}
}

// appendStreams lets so many writers append to a stream each. With one processor or an odd number of writers there may be one more.
func appendStreams(b *testing.B, s *disk.Store, writers int) {
	b.Helper()
	data := make([]byte, 256)
	var stream atomic.Int64
	measure(b, writers, func(pb *testing.PB) error {
		name := fmt.Sprintf("order-%d", stream.Add(1))
		for version := uint64(0); pb.Next(); version++ {
			_, err := s.Append(b.Context(), store.Commit{
				Events: []store.Event{{Stream: name, Type: "OrderPlaced", Tags: []string{"customer:c-77"}, Data: data}},
				Guards: []store.Guard{store.StreamAt{Stream: name, Version: version}},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// measure runs writers and reports events each second.
func measure(b *testing.B, writers int, write func(pb *testing.PB) error) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism((writers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		if err := write(pb); err != nil {
			b.Error(err)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkAppendGuard measures what a condition adds: commits of one event of 256 bytes that are guarded by the version of their stream, or by
// NoneMatch for a type and a tag that so many events have, after the head that the writer knows. Each commit adds one posting to the
// type or to the tag.
func BenchmarkAppendGuard(b *testing.B) {
	for _, policy := range policies {
		for _, writers := range []int{1, 64} {
			name := fmt.Sprintf("sync=%s/writers=%d", policy.name, writers)
			b.Run("guard=stream/"+name, func(b *testing.B) {
				appendStreams(b, openBench(b, disk.Options{Sync: policy.sync}), writers)
			})
			for _, postings := range []int{10, 1_000_000} {
				b.Run(fmt.Sprintf("guard=condition/postings=%d/%s", postings, name), func(b *testing.B) {
					s := openBench(b, disk.Options{Sync: policy.sync})
					appendHot(b, s, postings)
					appendConditions(b, s, writers)
				})
			}
		}
	}
}

const hotType, hotTag = "SeatBooked", "course:c-1"

// appendHot appends events that have the type and the tag of the conditions.
func appendHot(b *testing.B, s *disk.Store, events int) {
	b.Helper()
	for n := 0; n < events; {
		var c store.Commit
		for range min(1000, events-n) {
			c.Events = append(c.Events, store.Event{Type: hotType, Tags: []string{hotTag}})
		}
		n += len(c.Events)
		if _, err := s.Append(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

func appendConditions(b *testing.B, s *disk.Store, writers int) {
	b.Helper()
	data := make([]byte, 256)
	var writer atomic.Int64
	measure(b, writers, func(pb *testing.PB) error {
		n := writer.Add(1)
		stream := fmt.Sprintf("student-%d", n)
		after, err := s.Head(b.Context())
		for ; err == nil && pb.Next(); n++ {
			e := store.Event{Stream: stream, Type: hotType, Tags: []string{"course:c-2"}, Data: data}
			if n%2 == 0 {
				e.Type, e.Tags[0] = "SeatLeft", hotTag
			}
			var res store.Result
			res, err = s.Append(b.Context(), store.Commit{
				Events: []store.Event{e},
				Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Types: []string{hotType}, Tags: []string{hotTag}}}, After: after}},
			})
			after = res.Last
		}
		return err
	})
}

// BenchmarkAppendBatch measures commits of 100 events in 100 streams; the figure is for one event.
func BenchmarkAppendBatch(b *testing.B) {
	for _, policy := range policies {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("sync=%s/writers=%d", policy.name, writers), func(b *testing.B) {
				appendBatches(b, openBench(b, disk.Options{Sync: policy.sync}), writers)
			})
		}
	}
}

func appendBatches(b *testing.B, s *disk.Store, writers int) {
	b.Helper()
	const batch = 100
	data := make([]byte, 256)
	var n atomic.Int64
	measure(b, writers, func(pb *testing.PB) error {
		for {
			events := make([]store.Event, 0, batch)
			for len(events) < batch && pb.Next() {
				k := n.Add(1)
				events = append(events, store.Event{Stream: fmt.Sprintf("order-%d", k%100_000), Type: "OrderPlaced", Tags: []string{fmt.Sprintf("customer:%d", k%1000)}, Data: data})
			}
			if len(events) == 0 {
				return nil
			}
			if _, err := s.Append(b.Context(), store.Commit{Events: events}); err != nil {
				return err
			}
		}
	})
}

// BenchmarkRead measures reads of a store of 200,000 events in streams of ten that lie apart; the figures are for one event.
func BenchmarkRead(b *testing.B) {
	const events, streams = 200_000, 20_000
	s := openBench(b, disk.Options{Sync: disk.SyncNever, IndexBytes: 8 << 20})
	data := make([]byte, 256)
	for i := 0; i < events; i += 1000 {
		var c store.Commit
		for j := range 1000 {
			c.Events = append(c.Events, store.Event{Stream: fmt.Sprintf("order-%d", (i+j)%streams), Type: fmt.Sprintf("T%d", j%20), Data: data})
		}
		if _, err := s.Append(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("order=commit", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; n += events {
			for _, err := range s.Read(b.Context(), nil, store.ReadOptions{Limit: min(events, b.N-n)}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("order=stream", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; n += 10 {
			q := store.Query{{Stream: fmt.Sprintf("order-%d", n*7919%streams)}}
			for _, err := range s.Read(b.Context(), q, store.ReadOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("order=type", func(b *testing.B) {
		b.ReportAllocs()
		for n := 0; n < b.N; n += events / 20 {
			for _, err := range s.Read(b.Context(), store.Query{{Types: []string{"T7"}}}, store.ReadOptions{Limit: min(events/20, b.N-n)}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

func openBench(b *testing.B, o disk.Options) *disk.Store {
	b.Helper()
	s, err := disk.Open(b.TempDir(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}
