package index_test

import (
	"errors"
	"fmt"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// lastOf returns the hashes of all streams, and of some that there are not, with the position of the last event of each.
func (w *world) lastOf() (hashes []uint64, last []store.Position) {
	of := map[string]store.Position{}
	for i := range w.events {
		if e := &w.events[i]; e.Stream != "" {
			of[e.Stream] = e.Position
		}
	}
	for i := range w.streams {
		of[fmt.Sprintf("none-%d", i)] = 0
	}
	for name, p := range of {
		hashes, last = append(hashes, index.StreamHash(seed, name)), append(last, p)
	}
	return hashes, last
}

// TestLastEvents looks up many streams at once, and some one by one: in files that are mapped, in files that are not, and in both.
func TestLastEvents(t *testing.T) {
	for name, every := range map[string]int{"mapped": 1, "read": 0, "mixed": 2} {
		for _, pieces := range []int{1, 9, 70} {
			t.Run(fmt.Sprintf("%s/files=%d", name, pieces), func(t *testing.T) {
				w := newWorld(uint64(pieces), pieces == 9)
				w.streams = 150
				for range 350 {
					w.commit()
				}
				s := open(t, options(refuseMaps(newDisk(t), every)))
				add(t, s, w.cut(pieces)...)
				v := s.View()
				defer v.Release()
				for range 2 {
					w.checkLast(t, v)
					for i, f := range v.Files() {
						if i%3 == 0 {
							f.KeepFilterOnDisk()
						}
					}
				}
			})
		}
	}
}

func (w *world) checkLast(tb testing.TB, v *index.View) {
	tb.Helper()
	hashes, want := w.lastOf()
	before := []store.Position{7}
	got, err := v.LastEvents(before, hashes)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(append(before, want...), got); diff != "" {
		tb.Fatalf("LastEvents (-want +got):\n%s", diff)
	}
	for i := 0; i < len(hashes); i += 7 {
		if got, err := v.LastEvents(nil, hashes[i:i+1]); err != nil || got[0] != want[i] {
			tb.Fatalf("LastEvents of one = %d, %v; want %d", got, err, want[i])
		}
	}
}

// TestLastEventsWithoutFiles asks a view that has none, and asks for nothing.
func TestLastEventsWithoutFiles(t *testing.T) {
	s := open(t, options(newDisk(t)))
	v := s.View()
	defer v.Release()
	for _, hashes := range [][]uint64{nil, {1, 2}} {
		got, err := v.LastEvents(nil, hashes)
		if err != nil || len(got) != len(hashes) {
			t.Errorf("LastEvents of %d = %d, %v", len(hashes), got, err)
		}
		for _, p := range got {
			if p != 0 {
				t.Errorf("LastEvents of nothing = %d", got)
			}
		}
	}
}

// TestLastEventsOfDamage flips bits of an index file: no look-up gives a wrong answer.
func TestLastEventsOfDamage(t *testing.T) {
	w := newWorld(21, true)
	for range 5 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(1)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	hashes, want := w.lastOf()
	for name, bytes := range contents(t, disk) {
		for bit := int64(0); bit < int64(len(bytes))*8; bit += 11 {
			if err := disk.Flip(path.Join(dir, name), bit); err != nil {
				t.Fatal(err)
			}
			lastOrDamaged(t, options(disk), hashes, want)
			if err := disk.Flip(path.Join(dir, name), bit); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func lastOrDamaged(t *testing.T, o index.Options, hashes []uint64, want []store.Position) {
	t.Helper()
	o.ReadOnly = true
	s, err := index.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	v := s.View()
	defer v.Release()
	if len(v.Files()) == 0 {
		return
	}
	for i := range hashes {
		got, err := v.LastEvents(nil, hashes[i:i+1])
		if err != nil {
			if _, ok := errors.AsType[*store.DamagedError](err); !ok || len(got) > 0 {
				t.Fatalf("LastEvents = %d, %v; want an error of damage", got, err)
			}
			continue
		}
		if got[0] != want[i] {
			t.Fatalf("LastEvents = %d, want %d", got, want[i])
		}
	}
}

// TestTableVersions looks up many streams at once in one table after the other.
func TestTableVersions(t *testing.T) {
	w := newWorld(3, false)
	w.streams = 150
	for range 400 {
		w.commit()
	}
	older, newer := index.NewTable(seed, index.End{}), index.NewTable(seed, index.End{})
	wanted := map[string]uint64{"none": 0}
	for i := range w.events {
		e := &w.events[i]
		if i < len(w.events)/2 {
			older.Add(e)
		} else {
			newer.Add(e)
		}
		if e.Stream != "" {
			wanted[e.Stream] = e.Version
		}
	}
	var streams []index.Wanted
	for name := range wanted {
		streams = append(streams, index.Wanted{Name: name, Hash: index.StreamHash(seed, name)})
	}
	newer.Versions(streams)
	older.Versions(streams)
	for i := range streams {
		if s := &streams[i]; s.Version != wanted[s.Name] || s.Found != (s.Version > 0) {
			t.Errorf("%s is at version %d, found: %v; want %d", s.Name, s.Version, s.Found, wanted[s.Name])
		}
	}
}

// BenchmarkLastEvents looks up so many of a million streams at once, in twelve files, of which one has the last event of each; the figure is for one stream.
func BenchmarkLastEvents(b *testing.B) {
	const files = 12
	s := open(b, func() index.Options {
		o := options(vfs.OS())
		o.Dir, o.FanOut = b.TempDir(), 2*files
		return o
	}())
	for i := range files {
		table := benchmarkTable(load(i*loadTable, loadTable))
		table.SetStart(s.End())
		if err := s.Add(table); err != nil {
			b.Fatal(err)
		}
	}
	v := s.View()
	defer v.Release()
	for _, n := range []int{1, 8, 100} {
		b.Run(fmt.Sprintf("streams=%d", n), func(b *testing.B) {
			hashes := make([]uint64, 100_000)
			for i := range hashes {
				hashes[i] = index.StreamHash(seed, streamOf(uint64(i)*7919%1_000_000))
			}
			var got []store.Position
			b.ReportAllocs()
			k := 0
			for b.Loop() {
				if k += n; k+n > len(hashes) {
					k = 0
				}
				var err error
				if got, err = v.LastEvents(got[:0], hashes[k:k+n]); err != nil {
					b.Fatal(err)
				}
			}
			perEvent(b, b.Elapsed(), n)
		})
	}
}
