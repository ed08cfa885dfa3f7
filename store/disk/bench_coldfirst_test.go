package disk_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// BenchmarkLogFirst measures the read of one stream of ten events of the store of [BenchmarkLog] with none of its files in the cache of the system: the
// first one after the store was opened, and one after a few others have brought in what all reads share. Beside the quantiles stand how often the process
// had to wait for a page of a mapping, and those of single reads of 4 KiB of the same files.
func BenchmarkLogFirst(b *testing.B) {
	l := loadLog(b)
	must(b, l.s.Close())
	var single []time.Duration
	for _, bb := range []struct {
		name   string
		before int // reads of other streams
	}{{"read=1", 0}, {"read=2", 1}, {"read=50", 49}} {
		b.Run(bb.name, func(b *testing.B) {
			dice := rand.New(rand.NewPCG(11, uint64(time.Now().UnixNano())))
			var took []time.Duration
			var faults int64
			for range b.N {
				b.StopTimer()
				l.forget(b)
				single = append(single, l.coldPread(b, dice))
				l.forget(b)
				l.open(b)
				for range bb.before {
					l.readShort(b, dice)
				}
				b.StartTimer()
				waited, began := majorFaults(), time.Now()
				l.readShort(b, dice)
				took = append(took, time.Since(began))
				faults += majorFaults() - waited
				b.StopTimer()
				must(b, l.s.Close())
			}
			b.ReportMetric(float64(faults)/float64(b.N), "faults/op")
			for _, q := range []int{10, 50} {
				b.ReportMetric(quantile(took, q), fmt.Sprintf("p%d-µs", q))
				b.ReportMetric(quantile(single, q), fmt.Sprintf("single-p%d-µs", q))
			}
		})
	}
}

func (l *benchLog) readShort(b *testing.B, dice *rand.Rand) {
	b.Helper()
	n := 0
	for r, err := range l.s.Read(b.Context(), store.Query{{Stream: l.short(dice.IntN(l.shorts))}}, store.ReadOptions{}) {
		if err != nil {
			b.Fatal(err)
		}
		sink += len(r.Data)
		n++
	}
	if n != perStream {
		b.Fatalf("%d events, want %d", n, perStream)
	}
}

// quantile returns below what time, in microseconds, a hundredth times q of the times are.
func quantile(took []time.Duration, q int) float64 {
	slices.Sort(took)
	return float64(took[len(took)*q/100].Nanoseconds()) / 1e3
}

// coldPread reads a few single pages of the log that are not in memory, and returns the mean.
func (l *benchLog) coldPread(b *testing.B, dice *rand.Rand) time.Duration {
	b.Helper()
	const reads = 3
	names := l.segments(b)
	page := make([]byte, 4096)
	var took time.Duration
	for range reads {
		f, err := os.Open(names[dice.IntN(len(names)-1)])
		must(b, err)
		dontReadAhead(f)
		at := dice.Int64N(7_000) * 4096
		began := time.Now()
		_, err = f.ReadAt(page, at)
		took += time.Since(began)
		must(b, err)
		must(b, f.Close())
	}
	return took / reads
}
