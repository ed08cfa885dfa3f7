package index_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// The log that reads are measured on: streams of ten events, each round of all streams in another order, so that the events of a stream lie far
// apart. GESTA_BENCH_STREAMS sets how many there are; a million is what the engine is made for, and takes a minute or more to write. GESTA_BENCH_DIR names
// a directory that keeps the files for the next run.
const (
	readRounds  = 10
	readPieces  = 50
	readTypes   = 20
	readStreams = 100_000
)

// readLog is the index of that log as one, eight and fifty files, in a directory each.
type readLog struct {
	streams int
	dirs    map[int]string
}

// events returns the number of events.
func (l *readLog) events() int { return readRounds * l.streams }

func (l *readLog) streamOf(k int) int {
	round := uint64(k / l.streams)
	return int((uint64(k%l.streams)*2654435761 + round*40503) % uint64(l.streams))
}

func (l *readLog) entry(k int) index.Entry {
	s := l.streamOf(k)
	e := index.Entry{
		Position: store.Position(k + 1), Place: index.MakePlace(uint32(k/80_000+1), uint32(k%80_000*384)), Stream: streamName(s), Version: uint64(k/l.streams + 1),
		Type: fmt.Sprintf("type-%d", k%readTypes), Tags: []string{l.tag(s)}, HasID: true, RecordedAt: 1<<50 + int64(k/100*90),
	}
	x := uint64(k+1) * 0x9e3779b97f4a7c15
	for b := range 16 {
		e.ID[b] = byte(x >> (4 * b))
	}
	return e
}

func streamName(s int) string { return fmt.Sprintf("account-%07d", s) }

// tag returns the tag of a stream, which ten streams have: a hundred events.
func (l *readLog) tag(s int) string { return fmt.Sprintf("customer:%d", s/10) }

// readTemp is the directory of the log unless it is kept.
var readTemp string

func TestMain(m *testing.M) {
	code := m.Run()
	if readTemp != "" {
		_ = os.RemoveAll(readTemp)
	}
	os.Exit(code)
}

var readBench = sync.OnceValues(func() (*readLog, error) {
	l := &readLog{streams: readStreams, dirs: map[int]string{}}
	root := os.Getenv("GESTA_BENCH_DIR") // kept from one run to the next
	if n, err := strconv.Atoi(os.Getenv("GESTA_BENCH_STREAMS")); err == nil {
		l.streams = n
	}
	var err error
	if root == "" {
		if root, err = os.MkdirTemp("", "gesta-index-bench-"); err != nil {
			return nil, err
		}
		readTemp = root
	}
	return l, l.write(filepath.Join(root, strconv.Itoa(l.streams)))
})

// write makes the files that are not there.
func (l *readLog) write(root string) error {
	for _, n := range []int{50, 8, 1} {
		l.dirs[n] = filepath.Join(root, strconv.Itoa(n))
	}
	if _, err := os.Stat(l.dirs[1]); err == nil {
		return nil
	}
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	o := options(vfs.OS())
	o.Dir = l.dirs[50]
	if err := l.fill(o); err != nil {
		return err
	}
	if err := os.CopyFS(l.dirs[8], os.DirFS(l.dirs[50])); err != nil {
		return err
	}
	o.Dir = l.dirs[8]
	if err := mergeInto(o, 8); err != nil {
		return err
	}
	if err := os.CopyFS(l.dirs[1], os.DirFS(l.dirs[8])); err != nil {
		return err
	}
	o.Dir = l.dirs[1]
	return mergeInto(o, 1)
}

func (l *readLog) fill(o index.Options) (err error) {
	s, err := index.Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for piece, k := 0, 0; piece < readPieces; piece++ {
		table := index.NewTable(seed, s.End())
		var last index.Entry
		for end := (piece + 1) * l.events() / readPieces; k < end; k++ {
			last = l.entry(k)
			table.Add(&last)
		}
		table.SetEnd(index.End{Position: last.Position, Next: last.Place + 256, Last: last.Place, RecordedAt: last.RecordedAt})
		if err := s.Add(table); err != nil {
			return err
		}
	}
	return nil
}

// mergeInto merges the fifty files into n of about the same size.
func mergeInto(o index.Options, n int) error {
	s, err := index.Open(o)
	if err != nil {
		return err
	}
	return errors.Join(s.MergeInto(context.Background(), n), s.Close())
}

// readView returns the log as n files.
func readView(b *testing.B, n int) (*readLog, *index.View) {
	b.Helper()
	l, err := readBench()
	if err != nil {
		b.Fatal(err)
	}
	o := options(vfs.OS())
	o.Dir, o.ReadOnly = l.dirs[n], true
	s := open(b, o)
	v := s.View()
	b.Cleanup(v.Release)
	if len(v.Files()) != n {
		b.Fatalf("%d files, want %d", len(v.Files()), n)
	}
	return l, v
}

var readCounts = []int{1, 8, 50}

// warm runs read often enough for everything to be in memory.
func warm(b *testing.B, n int, read func(i int)) {
	b.Helper()
	for i := range n {
		read(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
}

// BenchmarkReadStream looks up random streams of ten events: all positions and places, as a read of the stream does before it reads the log.
func BenchmarkReadStream(b *testing.B) {
	for _, n := range readCounts {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			l, v := readView(b, n)
			names := make([]string, 1<<16)
			r := rand.New(rand.NewPCG(1, 2))
			for i := range names {
				names[i] = streamName(r.IntN(l.streams))
			}
			var positions []store.Position
			var places []index.Place
			q := make(store.Query, 1)
			read := func(i int) {
				q[0].Stream = names[i&(1<<16-1)]
				var err error
				if positions, _, err = v.Candidates(positions[:0], q, 0, store.MaxPosition, false, 16); err != nil {
					b.Fatal(err)
				}
				if places, err = v.Places(places[:0], positions); err != nil {
					b.Fatal(err)
				}
				if len(places) != readRounds {
					b.Fatalf("%d places of %s", len(places), q[0].Stream)
				}
			}
			warm(b, len(names), read)
			for i := 0; b.Loop(); i++ {
				read(i)
			}
		})
	}
}

// BenchmarkReadGuard asks files for the newest event that matches a type and a tag.
func BenchmarkReadGuard(b *testing.B) {
	for _, n := range readCounts {
		for _, bb := range []struct {
			name  string
			tag   func(l *readLog, i int) string
			after func(l *readLog) int
		}{
			{"term=files/after=0", func(l *readLog, i int) string { return l.tag(i * 7919 % l.streams) }, func(*readLog) int { return 0 }},
			{"term=files/after=head-100", func(l *readLog, i int) string { return l.tag(i * 7919 % l.streams) }, func(l *readLog) int { return l.events() - 100 }},
			{"term=absent/after=0", func(_ *readLog, i int) string { return absentTags[i&1023] }, func(*readLog) int { return 0 }},
			{"term=absent/after=head-100", func(_ *readLog, i int) string { return absentTags[i&1023] }, func(l *readLog) int { return l.events() - 100 }},
		} {
			b.Run(fmt.Sprintf("%s/files=%d", bb.name, n), func(b *testing.B) {
				l, v := readView(b, n)
				queries := make([]store.Query, 1<<12)
				for i := range queries {
					queries[i] = store.Query{{Types: []string{fmt.Sprintf("type-%d", i%readTypes)}, Tags: []string{bb.tag(l, i)}}}
				}
				after, until := store.Position(bb.after(l)), store.Position(l.events())
				var dst []store.Position
				read := func(i int) {
					var err error
					if dst, _, err = v.Candidates(dst[:0], queries[i&(1<<12-1)], after, until, true, 1); err != nil {
						b.Fatal(err)
					}
				}
				warm(b, len(queries), read)
				for i := 0; b.Loop(); i++ {
					read(i)
				}
			})
		}
	}
}

// absentTags are tags that no event has.
var absentTags = func() []string {
	out := make([]string, 1024)
	for i := range out {
		out[i] = fmt.Sprintf("nobody:%d", i)
	}
	return out
}()

// BenchmarkReadTag finds the first ten events with a tag that a hundred have, and their places.
func BenchmarkReadTag(b *testing.B) {
	for _, n := range readCounts {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			l, v := readView(b, n)
			queries := make([]store.Query, 1<<14)
			for i := range queries {
				queries[i] = store.Query{{Tags: []string{l.tag(i * 7919 % l.streams)}}}
			}
			var positions []store.Position
			var places []index.Place
			read := func(i int) {
				var err error
				if positions, _, err = v.Candidates(positions[:0], queries[i&(1<<14-1)], 0, store.MaxPosition, false, 10); err != nil {
					b.Fatal(err)
				}
				if places, err = v.Places(places[:0], positions); err != nil {
					b.Fatal(err)
				}
				if len(places) != 10 {
					b.Fatalf("%d places of %v", len(places), queries[i&(1<<14-1)])
				}
			}
			warm(b, len(queries), read)
			for i := 0; b.Loop(); i++ {
				read(i)
			}
		})
	}
}

// BenchmarkReadTableGuard asks a table, where names are compared, for the newest event that matches a type and a tag above a position near the head.
func BenchmarkReadTableGuard(b *testing.B) {
	l := &readLog{streams: readStreams}
	table := index.NewTable(seed, index.End{})
	const events = 87_000
	for k := range events {
		e := l.entry(k)
		table.Add(&e)
	}
	for _, bb := range []struct {
		name  string
		after int
		tag   func(i int) string
	}{
		{"term=hot/after=head", events, func(i int) string { return l.tag(l.streamOf(i * 7919 % events)) }},
		{"term=hot/after=head-10", events - 10, func(i int) string { return l.tag(l.streamOf(i * 7919 % events)) }},
		{"term=hot/after=0", 0, func(i int) string { return l.tag(l.streamOf(i * 7919 % events)) }},
		{"term=absent/after=head-10", events - 10, func(i int) string { return absentTags[i&1023] }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			queries := make([]store.Query, 1<<12)
			for i := range queries {
				queries[i] = store.Query{{Types: []string{fmt.Sprintf("type-%d", i%readTypes)}, Tags: []string{bb.tag(i)}}}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				table.AnyMatch(queries[i&(1<<12-1)], store.Position(bb.after), events)
			}
		})
	}
}
