package index_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// loadTable is how many events of 256 bytes in commits of a hundred fit into a table of the engine's default size.
const loadTable = 87_000

// load is bulk load as the index sees it: each event belongs to another of a million streams than those just before it, and has one of twenty types,
// a tag of a hundred thousand, and a random id. From is the number of the first event.
func load(from, n int) []index.Entry {
	const streams = 1_000_000
	r := rand.New(rand.NewPCG(uint64(from), 5))
	out := make([]index.Entry, n)
	for i := range out {
		k := from + i
		s := uint64(k) * 2654435761 % streams
		out[i] = index.Entry{
			Position: store.Position(k + 1), Place: index.Place(k * 384), Stream: streamOf(s), Version: uint64(k/streams + 1),
			Type: fmt.Sprintf("type-%d", k%20), Tags: []string{fmt.Sprintf("customer:%d", s%100_000)}, HasID: true, RecordedAt: 1<<50 + int64(k/100*90),
		}
		binary.LittleEndian.PutUint64(out[i].ID[:], r.Uint64())
		binary.LittleEndian.PutUint64(out[i].ID[8:], r.Uint64())
	}
	return out
}

func streamOf(n uint64) string { return fmt.Sprintf("account-%07d", n) }

// hashesOf returns the hashes of events as a table takes them.
func hashesOf(events []index.Entry) []uint64 {
	var hashes []uint64
	for i := range events {
		hashes = index.AppendHashes(hashes, seed, &events[i], index.StreamHash(seed, events[i].Stream))
	}
	return hashes
}

// perEvent reports the time taken for each of n events.
func perEvent(b *testing.B, took time.Duration, n int) {
	b.Helper()
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/float64(n), "ns/event")
}

// BenchmarkWriteAdd fills one table after the other with commits of a hundred events.
func BenchmarkWriteAdd(b *testing.B) {
	events := load(0, loadTable)
	table := index.NewTable(seed, index.End{})
	hashes := hashesOf(events)
	b.ReportAllocs()
	for b.Loop() {
		left := hashes
		for commit := range slices.Chunk(events, 100) {
			const each = 4 // stream, type, tag and id
			table.AddAll(commit, left)
			left = left[each*len(commit):]
		}
		table = table.Next(index.End{})
	}
	perEvent(b, b.Elapsed(), loadTable)
}

// BenchmarkWriteTable writes a table as files.
func BenchmarkWriteTable(b *testing.B) {
	table := benchmarkTable(load(0, loadTable))
	o := options(vfs.OS())
	b.ReportAllocs()
	for b.Loop() {
		o.Dir = b.TempDir()
		s := open(b, o)
		if err := s.Add(table); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b, b.Elapsed(), loadTable)
}

// BenchmarkWriteMerge makes one file of several tables.
func BenchmarkWriteMerge(b *testing.B) {
	for _, files := range []int{4, 16} {
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			tables := make([]*index.Table, files)
			for i := range tables {
				tables[i] = benchmarkTable(load(i*loadTable, loadTable))
			}
			b.ReportAllocs()
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				o := options(vfs.OS())
				o.Dir = b.TempDir()
				s := open(b, o)
				for _, t := range tables {
					t.SetStart(s.End())
					if err := s.Add(t); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				begin := time.Now()
				if err := s.MergeAll(b.Context()); err != nil {
					b.Fatal(err)
				}
				took += time.Since(begin)
			}
			perEvent(b, took, files*loadTable)
		})
	}
}
