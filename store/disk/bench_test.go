package disk_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// BenchmarkAppend measures durable appends of single events of 256 bytes, guarded by the version of their stream.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64, 256} {
		for _, policy := range []struct {
			name string
			sync disk.SyncPolicy
		}{{"always", disk.SyncAlways}, {"never", disk.SyncNever}} {
			b.Run(fmt.Sprintf("sync=%s/writers=%d", policy.name, writers), func(b *testing.B) {
				s := openBench(b, disk.Options{Sync: policy.sync})
				data := make([]byte, 256)
				var stream atomic.Int64
				b.ReportAllocs()
				b.SetParallelism((writers + 1) / 2)
				b.RunParallel(func(pb *testing.PB) {
					name := fmt.Sprintf("order-%d", stream.Add(1))
					for version := uint64(0); pb.Next(); version++ {
						_, err := s.Append(b.Context(), store.Commit{
							Events: []store.Event{{Stream: name, Type: "OrderPlaced", Tags: []string{"customer:c-77"}, Data: data}},
							Guards: []store.Guard{store.StreamAt{Stream: name, Version: version}},
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

// BenchmarkAppendBatch measures commits of 100 events in 100 streams; the figure is for one event.
func BenchmarkAppendBatch(b *testing.B) {
	s := openBench(b, disk.Options{})
	const batch = 100
	data := make([]byte, 256)
	b.ReportAllocs()
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for {
			events := make([]store.Event, 0, batch)
			for pb.Next() {
				k := n.Add(1)
				events = append(events, store.Event{Stream: fmt.Sprintf("order-%d", k%100_000), Type: "OrderPlaced", Tags: []string{fmt.Sprintf("customer:%d", k%1000)}, Data: data})
				if len(events) == batch {
					break
				}
			}
			if len(events) == 0 {
				return
			}
			if _, err := s.Append(b.Context(), store.Commit{Events: events}); err != nil {
				b.Error(err)
				return
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
