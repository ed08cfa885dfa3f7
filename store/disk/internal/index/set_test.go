package index_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

const dir = "/data/index"

func newDisk(tb testing.TB) *simfs.FS {
	tb.Helper()
	disk := simfs.New()
	if err := errors.Join(disk.MkdirAll("/data"), disk.SyncDir("/")); err != nil {
		tb.Fatal(err)
	}
	return disk
}

func options(fs vfs.FS) index.Options {
	return index.Options{FS: fs, Dir: dir, StoreID: [16]byte{1, 2, 3}, Seed: seed}
}

func open(tb testing.TB, o index.Options) *index.Set {
	tb.Helper()
	s, err := index.Open(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// cut splits frames into pieces that each have an event.
func (w *world) cut(pieces int) [][]frame {
	var out [][]frame
	size := len(w.frames)/pieces + 1
	begin, events := 0, 0
	for i, f := range w.frames {
		events += len(f.events)
		if i+1 == len(w.frames) || i+1-begin >= size && events > 0 {
			out = append(out, w.frames[begin:i+1])
			begin, events = i+1, 0
		}
	}
	return out
}

// add writes frames as tables.
func add(tb testing.TB, s *index.Set, pieces ...[]frame) {
	tb.Helper()
	for _, frames := range pieces {
		table := index.NewTable(seed, s.End())
		feed(table, frames)
		if err := s.Add(table); err != nil {
			tb.Fatal(err)
		}
	}
}

func files(tb testing.TB, s *index.Set) []*index.File {
	tb.Helper()
	v := s.View()
	tb.Cleanup(v.Release)
	return v.Files()
}

func TestSetReads(t *testing.T) {
	for n := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", n), func(t *testing.T) {
			w := newWorld(n, n%2 == 1)
			for range []int{30, 300}[n/2%2] {
				w.commit()
			}
			disk := newDisk(t)
			s := open(t, options(disk))
			pieces := w.cut(9)
			add(t, s, pieces...)
			if got := s.End(); got != w.end {
				t.Fatalf("End() = %+v, want %+v", got, w.end)
			}
			for _, f := range files(t, s) {
				w.checkReads(t, f, 25)
			}
			w.checkTracked(t, s)
			if err := s.MergeAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := files(t, s)
			if len(all) != 1 {
				t.Fatalf("%d files after MergeAll", len(all))
			}
			w.checkReads(t, all[0], 120)
			w.checkTracked(t, s)
			w.checkFileStreams(t, all[0])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := files(t, open(t, options(disk)))
			if len(again) != 1 {
				t.Fatalf("%d files after opening again", len(again))
			}
			w.checkReads(t, again[0], 30)
		})
	}
}

func (w *world) checkTracked(tb testing.TB, s *index.Set) {
	tb.Helper()
	all := files(tb, s)
	for source, want := range w.trackings {
		var got uint64
		for _, f := range all {
			p, ok, err := f.Tracked(source, ^index.Place(0))
			if err != nil {
				tb.Fatal(err)
			}
			if ok {
				got = p
			}
		}
		if got != want {
			tb.Fatalf("Tracked(%q) = %d, want %d", source, got, want)
		}
	}
}

func (w *world) checkFileStreams(tb testing.TB, f *index.File) {
	tb.Helper()
	want := map[string]store.StreamInfo{}
	for i := range w.events {
		if e := &w.events[i]; e.Stream != "" {
			want[e.Stream] = info(e)
		}
	}
	for range 200 {
		name := w.streamName()
		got, ok, err := f.Stream(name)
		if diff := cmp.Diff(want[name], got); diff != "" || err != nil || ok != (got.Version > 0) {
			tb.Fatalf("Stream(%q) = %v, %v (-want +got):\n%s", name, ok, err, diff)
		}
	}
}

// contents returns all files of the index, by name.
func contents(tb testing.TB, disk *simfs.FS) map[string]string {
	tb.Helper()
	out := map[string]string{}
	for _, name := range disk.Files() {
		if strings.Contains(name, "index/") {
			b, err := disk.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			out[path.Base(name)] = string(b)
		}
	}
	return out
}

// TestFilesArePure writes the same range as one table, as many that are merged at once, and as many that are merged bit by bit: the bytes are equal.
func TestFilesArePure(t *testing.T) {
	w := newWorld(4, true)
	for range 500 {
		w.commit()
	}
	idx := func(disk *simfs.FS) string {
		return contents(t, disk)[fmt.Sprintf("%016x-%016x.idx", 1, w.end.Position)]
	}
	whole := newDisk(t)
	add(t, open(t, options(whole)), w.cut(1)...)
	want := idx(whole)
	if want == "" {
		t.Fatal("no file was written")
	}

	once := newDisk(t)
	s := open(t, options(once))
	add(t, s, w.cut(7)...)
	if err := s.MergeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if idx(once) != want {
		t.Error("merging all at once gives other bytes than writing one table")
	}

	stepwise := newDisk(t)
	o := options(stepwise)
	o.FanOut = 2
	s = open(t, o)
	for _, piece := range w.cut(13) {
		add(t, s, piece)
		for {
			merged, err := s.Merge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !merged {
				break
			}
		}
		v := s.View()
		if n := len(v.Files()); n > 5 {
			t.Fatalf("%d files with a fan-out of 2", n)
		}
		v.Release()
	}
	if err := s.MergeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if idx(stepwise) != want {
		t.Error("merging step by step gives other bytes than writing one table")
	}
}

// TestFilesStayTheSame holds the format: these are the files that the first version of it has for a world. Other bytes need another version.
func TestFilesStayTheSame(t *testing.T) {
	for n, want := range []string{"8c8229e3", "fa5e07e7", "d0cd2c31"} {
		w := newWorld(uint64(n), n == 1)
		for range []int{3, 300, 6000}[n] {
			w.commit()
		}
		disk := newDisk(t)
		s := open(t, options(disk))
		add(t, s, w.cut(5)...)
		sum := crc32.NewIEEE()
		for range 2 {
			files := contents(t, disk)
			for _, name := range slices.Sorted(maps.Keys(files)) {
				_, _ = fmt.Fprintf(sum, "%s %d %s\n", name, len(files[name]), files[name]) // a hash takes everything
			}
			if err := s.MergeAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprintf("%08x", sum.Sum32()); got != want {
			t.Errorf("world %d: the files have the checksum %s, want %s", n, got, want)
		}
	}
}

func TestSetMergeRemovesCoveredFiles(t *testing.T) {
	w := newWorld(5, false)
	for range 100 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(4)...)
	held := s.View()
	merged, err := s.Merge(t.Context())
	if err != nil || !merged {
		t.Fatalf("Merge = %v, %v", merged, err)
	}
	for _, f := range held.Files() {
		w.checkReads(t, f, 10)
	}
	held.Release()
	count := map[string]int{}
	for name := range contents(t, disk) {
		count[path.Ext(name)]++
	}
	if want := map[string]int{".idx": 1, ".places": 4}; !cmp.Equal(want, count) {
		t.Errorf("files: %v, want %v", count, want)
	}
	if merged, err := s.Merge(t.Context()); merged || err != nil {
		t.Errorf("second Merge = %v, %v", merged, err)
	}
}

// TestSetMergeIdle merges what Merge leaves.
func TestSetMergeIdle(t *testing.T) {
	w := newWorld(21, true)
	for range 400 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	for _, frames := range w.cut(7) {
		add(t, s, frames)
		if _, err := s.Merge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(files(t, s)); n != 4 {
		t.Fatalf("%d files, want one of four tables and three of one", n)
	}
	if merged, err := s.MergeIdle(t.Context()); !merged || err != nil {
		t.Fatalf("MergeIdle = %v, %v", merged, err)
	}
	all := files(t, s)
	if len(all) != 2 {
		t.Errorf("%d files, want one of four tables and one of three", len(all))
	}
	for _, f := range all {
		w.checkReads(t, f, 30)
	}
	if merged, err := s.MergeIdle(t.Context()); merged || err != nil {
		t.Errorf("second MergeIdle = %v, %v", merged, err)
	}
}

func TestSetMergeCancelled(t *testing.T) {
	w := newWorld(6, false)
	for range 3000 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(4)...)
	before := contents(t, disk)
	ctx, cancel := context.WithCancel(t.Context())
	o := options(vfs.NewFault(disk, func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate {
			cancel()
		}
		return nil
	}))
	if err := open(t, o).MergeAll(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("MergeAll = %v", err)
	}
	if diff := cmp.Diff(before, contents(t, disk)); diff != "" {
		t.Error("a cancelled merge left something behind")
	}
}

func TestSetAddRefuses(t *testing.T) {
	w := newWorld(7, false)
	for range 10 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	if err := s.Add(index.NewTable(seed, s.End())); err == nil {
		t.Error("a table without events was added")
	}
	elsewhere := index.NewTable(seed, index.End{Position: 3})
	feed(elsewhere, w.frames)
	if err := s.Add(elsewhere); err == nil {
		t.Error("a table that leaves a gap was added")
	}
	o := options(disk)
	o.ReadOnly = true
	r := open(t, o)
	table := index.NewTable(seed, r.End())
	feed(table, w.frames)
	for name, err := range map[string]error{
		"Add": r.Add(table), "MergeAll": r.MergeAll(t.Context()), "DropBelow": r.DropBelow(1),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s of a read-only set = %v", name, err)
		}
	}
}

func TestSetReload(t *testing.T) {
	w := newWorld(8, true)
	for range 200 {
		w.commit()
	}
	disk := newDisk(t)
	o := options(disk)
	o.ReadOnly = true
	r := open(t, o) // before there is a directory
	s := open(t, options(disk))
	pieces := w.cut(4)
	add(t, s, pieces...)
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if got, want := len(files(t, r)), len(pieces); got != want {
		t.Fatalf("%d files, want %d", got, want)
	}
	if err := s.MergeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, r) {
		w.checkReads(t, f, 10)
	}
	if err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := files(t, r); len(got) != 1 || r.End() != w.end {
		t.Fatalf("%d files up to %+v", len(got), r.End())
	}
	w.checkReads(t, files(t, r)[0], 50)
}

func TestSetDropBelow(t *testing.T) {
	w := newWorld(9, true)
	for range 300 {
		w.commit()
	}
	for _, merge := range []bool{false, true} {
		t.Run(fmt.Sprintf("merged=%v", merge), func(t *testing.T) {
			disk := newDisk(t)
			s := open(t, options(disk))
			pieces := w.cut(6)
			add(t, s, pieces...)
			if merge {
				if err := s.MergeAll(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			last := pieces[1][len(pieces[1])-1]
			if err := s.DropBelow(last.end.Position + 1); err != nil {
				t.Fatal(err)
			}
			count := map[string]int{}
			for name := range contents(t, disk) {
				count[path.Ext(name)]++
			}
			if count[".places"] != 4 || !merge && count[".idx"] != 4 {
				t.Fatalf("files left: %v", count)
			}
			w.checkLeft(t, s, pieces[2:])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			o := options(disk)
			o.Base = last.end
			w.checkLeft(t, open(t, o), pieces[2:])
		})
	}
}

func TestSetTakesOnlyWhatTheLogHas(t *testing.T) {
	w := newWorld(10, false)
	for range 100 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	pieces := w.cut(3)
	add(t, s, pieces...)
	want := pieces[1][len(pieces[1])-1].end
	o := options(disk)
	o.Valid = func(e index.End) bool { return e.Next <= want.Next }
	if got := open(t, o).End(); got != want {
		t.Fatalf("End() = %+v, want %+v", got, want)
	}
	if n := len(contents(t, disk)); n != 4 {
		t.Errorf("%d files are left, want 4", n)
	}
	if err := index.RemoveAll(disk, dir); err != nil {
		t.Fatal(err)
	}
	if got := open(t, options(disk)).End(); got != (index.End{}) {
		t.Errorf("End() = %+v without files", got)
	}
}
