package disk_test

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// What the store of [BenchmarkLog] has.
const (
	logEvents  = 1_000_000 // 100,000 with -short
	logBatch   = 100       // events a commit
	perStream  = 10        // events of a short stream, far apart from each other
	longStream = 1000      // events of a long stream, written in commits of logBatch
	longs      = 20        // long streams
	logTypes   = 20
	logTags    = 100_000
)

// BenchmarkLog measures reads of a store of a million events of 256 bytes with id, stream, type and tag: most of them in streams of ten that
// are interleaved, each round in another order. Beside them stands what the machine could do at the best: the same files read in large pieces, with
// the checksum of each record. The environment's GESTA_BENCH_STORE names a directory that keeps the store for the next run.
func BenchmarkLog(b *testing.B) {
	l := loadLog(b)
	run := func(name string, f func(*testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpuTime()
			f(b)
			b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op") // of all threads, also where others have the cores
		})
	}
	run("order=commit/raw", l.rawScan)
	run("order=commit/store", func(b *testing.B) { b.Helper(); l.scan(b, store.ReadOptions{}) })
	run("order=commit/backward", func(b *testing.B) { b.Helper(); l.scan(b, store.ReadOptions{Backward: true}) })
	run("stream=10", func(b *testing.B) { b.Helper(); l.streams(b, l.shorts, perStream, l.short) })
	run("stream=1000", func(b *testing.B) { b.Helper(); l.streams(b, longs, longStream, long) })
	run("tag/first=10", l.tags)
	run("dump", l.dump)
}

// BenchmarkLogCold measures the reads of BenchmarkLog that touch little, each of places that have not been read since the store was opened and
// the files have left the cache, beside single reads of the device. It needs a system that forgets pages when told to.
func BenchmarkLogCold(b *testing.B) {
	l := loadLog(b)
	must(b, l.s.Close())
	b.Run("raw", func(b *testing.B) { l.coldPreads(b) })
	b.Run("stream=10", func(b *testing.B) { l.coldStreams(b) })
	b.Run("order=commit", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			l.forget(b)
			l.open(b)
			b.StartTimer()
			n := 0
			for _, err := range l.s.Read(b.Context(), nil, store.ReadOptions{}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.StopTimer()
			must(b, l.s.Close())
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/event")
		}
	})
}

// benchLog is the store that the benchmarks read.
type benchLog struct {
	dir    string
	s      *disk.Store
	shorts int // short streams
}

func loadLog(b *testing.B) *benchLog {
	b.Helper()
	events := logEvents
	if testing.Short() {
		events /= 10
	}
	l := &benchLog{dir: os.Getenv("GESTA_BENCH_STORE"), shorts: events / perStream}
	if l.dir == "" {
		l.dir = b.TempDir()
	}
	l.dir = filepath.Join(l.dir, fmt.Sprint(events))
	if _, err := os.Stat(filepath.Join(l.dir, "gesta.json")); err != nil {
		l.load(b)
	}
	l.open(b)
	b.Cleanup(func() { _ = l.s.Close() })
	return l
}

func (l *benchLog) open(b *testing.B) {
	b.Helper()
	s, err := disk.Open(l.dir, disk.Options{Sync: disk.SyncNever})
	must(b, err)
	l.s = s
}

func (l *benchLog) short(i int) string { return fmt.Sprintf("order-%07d", i) }

func long(i int) string { return fmt.Sprintf("ledger-%03d", i) }

// load writes the store. The long streams come one commit at a time, spread evenly.
func (l *benchLog) load(b *testing.B) {
	b.Helper()
	l.open(b)
	dice := rand.New(rand.NewPCG(1, 2))
	var c store.Commit
	commit := func() {
		_, err := l.s.Append(b.Context(), c)
		must(b, err)
		c.Events = c.Events[:0]
	}
	n := 0
	for range perStream {
		for at, i := range dice.Perm(l.shorts) {
			c.Events = append(c.Events, benchEvent(dice, l.short(i), n))
			n++
			if len(c.Events) < logBatch {
				continue
			}
			commit()
			if at%(l.shorts/longs) < logBatch {
				for range logBatch {
					c.Events = append(c.Events, benchEvent(dice, long(at/(l.shorts/longs)), n))
					n++
				}
				commit()
			}
		}
	}
	must(b, l.s.Close())
}

func benchEvent(dice *rand.Rand, stream string, n int) store.Event {
	var id [16]byte
	binary.LittleEndian.PutUint64(id[:], dice.Uint64())
	binary.LittleEndian.PutUint64(id[8:], dice.Uint64())
	text := fmt.Sprintf(`{"order":%q,"n":%d,"amount":%d,"currency":"EUR","note":"`, stream, n, dice.IntN(1_000_000))
	for len(text) < 254 {
		text += string(rune('a' + dice.IntN(26)))
	}
	return store.Event{
		ID:     fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]),
		Stream: stream, Type: fmt.Sprintf("OrderPlaced%d", dice.IntN(logTypes)),
		Tags: []string{fmt.Sprintf("customer:%d", dice.IntN(logTags))}, Data: []byte(text + `"}`),
	}
}

func (l *benchLog) scan(b *testing.B, o store.ReadOptions) {
	b.Helper()
	for left := b.N; left > 0; {
		o.Limit = left
		for r, err := range l.s.Read(b.Context(), nil, o) {
			if err != nil {
				b.Fatal(err)
			}
			left--
			sink += len(r.Data)
		}
	}
}

// sink keeps what was read from being optimised away.
var sink int

// streams reads one stream after the other; the figure is for one stream.
func (l *benchLog) streams(b *testing.B, n, want int, name func(int) string) {
	b.Helper()
	dice := rand.New(rand.NewPCG(3, 4))
	names := make([]string, 1<<12)
	for i := range names {
		names[i] = name(dice.IntN(n))
	}
	q := store.Query{{}}
	for i := range b.N {
		q[0].Stream = names[i%len(names)]
		got := 0
		for r, err := range l.s.Read(b.Context(), q, store.ReadOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			got++
			sink += len(r.Data)
		}
		if got != want {
			b.Fatalf("stream %s has %d events, want %d", q[0].Stream, got, want)
		}
	}
	b.ReportMetric(float64(b.N*want)/b.Elapsed().Seconds(), "events/s")
}

func (l *benchLog) tags(b *testing.B) {
	b.Helper()
	dice := rand.New(rand.NewPCG(5, 6))
	for b.Loop() {
		q := store.Query{{Tags: []string{fmt.Sprintf("customer:%d", dice.IntN(logTags))}}}
		for r, err := range l.s.Read(b.Context(), q, store.ReadOptions{Limit: 10}) {
			if err != nil {
				b.Fatal(err)
			}
			sink += len(r.Data)
		}
	}
}

func (l *benchLog) dump(b *testing.B) {
	b.Helper()
	for left := b.N; left > 0; {
		for c, err := range l.s.Dump(b.Context(), 0) {
			must(b, err)
			sink += len(c.Events)
			if left -= len(c.Events); left <= 0 {
				break
			}
		}
	}
}

func (l *benchLog) segments(b *testing.B) []string {
	b.Helper()
	names, err := filepath.Glob(filepath.Join(l.dir, "log", "*.seg"))
	must(b, err)
	return names
}

// rawScan reads the log in pieces of a megabyte and sums each record; the figure is for one event.
func (l *benchLog) rawScan(b *testing.B) {
	b.Helper()
	buf := make([]byte, 1<<20)
	var sums uint32
	for left := b.N; left > 0; {
		for _, name := range l.segments(b) {
			f, err := os.Open(name)
			must(b, err)
			for off := int64(64); left > 0; {
				n, err := f.ReadAt(buf, off)
				if err != nil && err != io.EOF {
					b.Fatal(err)
				}
				used, events := rawFrames(buf[:n], left, &sums)
				if used == 0 {
					break
				}
				off += int64(used)
				left -= events
			}
			must(b, f.Close())
		}
	}
	sink += int(sums)
}

var benchCastagnoli = crc32.MakeTable(crc32.Castagnoli)

// rawFrames sums the records of the frames that b holds whole.
func rawFrames(b []byte, limit int, sums *uint32) (used, events int) {
	for events < limit && used+48 <= len(b) && string(b[used:used+4]) == "gfr1" {
		size := 48 + int(binary.LittleEndian.Uint32(b[used+4:]))
		if used+size > len(b) {
			break
		}
		for rec := b[used+48 : used+size]; len(rec) > 0; events++ {
			at := 18
			var numbers [4]uint64 // flags, back, ordinal, slot
			for i := range numbers {
				v, k := binary.Uvarint(rec[at:])
				numbers[i] = v
				at += k
			}
			n := int(binary.LittleEndian.Uint16(rec[4:])) + int(numbers[3])
			*sums ^= crc32.Checksum(rec[:n], benchCastagnoli)
			rec = rec[n:]
		}
		used += (size + 7) &^ 7
	}
	return used, events
}

// coldPreads reads single pages of the log that are not in memory.
func (l *benchLog) coldPreads(b *testing.B) {
	b.Helper()
	l.forget(b)
	names := l.segments(b)
	dice := rand.New(rand.NewPCG(7, 8))
	page := make([]byte, 4096)
	files := make([]*os.File, len(names))
	for i, name := range names {
		f, err := os.Open(name)
		must(b, err)
		defer f.Close()
		dontReadAhead(f)
		files[i] = f
	}
	for b.Loop() {
		f := files[dice.IntN(len(files)-1)]
		_, err := f.ReadAt(page, dice.Int64N(7_000)*4096)
		must(b, err)
	}
}

func (l *benchLog) coldStreams(b *testing.B) {
	b.Helper()
	dice := rand.New(rand.NewPCG(9, 10))
	l.forget(b)
	l.open(b)
	defer func() { must(b, l.s.Close()) }()
	for b.Loop() {
		for r, err := range l.s.Read(b.Context(), store.Query{{Stream: l.short(dice.IntN(l.shorts))}}, store.ReadOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			sink += len(r.Data)
		}
	}
}

// forget drops the files of the store from the cache of the system.
func (l *benchLog) forget(b *testing.B) {
	b.Helper()
	must(b, filepath.WalkDir(l.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return err
		}
		return forgetPages(f)
	}))
}
