package disk_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gestadb/gesta/store"
)

// BenchmarkLogAll reads streams of ten events of the store of [BenchmarkLog], each another one until all were read: no record is read while the last
// reading of it has left something of it in the caches of the processor.
func BenchmarkLogAll(b *testing.B) {
	l := loadLog(b)
	names := make([]string, l.shorts)
	for i, k := range rand.New(rand.NewPCG(13, 14)).Perm(l.shorts) {
		names[i] = l.short(k)
	}
	q := store.Query{{}}
	n := 0
	read := func() {
		q[0].Stream = names[n%len(names)]
		n++
		got := 0
		for r, err := range l.s.Read(b.Context(), q, store.ReadOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			got++
			sink += len(r.Data)
		}
		if got != perStream {
			b.Fatalf("stream %s has %d events, want %d", q[0].Stream, got, perStream)
		}
	}
	for range len(names) / 4 {
		read()
	}
	b.ReportAllocs()
	began := cpuTime()
	for b.Loop() {
		read()
	}
	b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op") // of all threads, also where others have the cores
}
