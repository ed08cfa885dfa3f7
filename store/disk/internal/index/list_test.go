package index_test

import (
	"errors"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

func collect[T any](tb testing.TB, seq iter.Seq2[T, error]) []T {
	tb.Helper()
	var out []T
	for v, err := range seq {
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// streams is what lists must have as of a position.
func (w *world) listed(prefix, after string, until store.Position) (streams []store.StreamInfo, types []store.TypeInfo) {
	byName, counts := map[string]store.StreamInfo{}, map[string]uint64{}
	for i := range w.events {
		e := &w.events[i]
		if e.Position > until {
			break
		}
		counts[e.Type]++
		if e.Stream != "" && e.Stream > after && strings.HasPrefix(e.Stream, prefix) {
			byName[e.Stream] = info(e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		streams = append(streams, byName[name])
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		types = append(types, store.TypeInfo{Type: name, Events: counts[name]})
	}
	return streams, types
}

func TestLists(t *testing.T) {
	w := newWorld(41, true)
	w.streams = 300
	for range 900 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	pieces := w.cut(5)
	add(t, s, pieces[:4]...)
	table := index.NewTable(seed, s.End())
	feed(table, pieces[4])
	var parts []index.Lister
	for _, f := range files(t, s) {
		parts = append(parts, f)
	}
	parts = append(parts, table)
	for _, until := range []store.Position{s.End().Position, pieces[4][len(pieces[4])/2].end.Position, w.end.Position} {
		for _, at := range [][2]string{
			{"", ""}, {"account-", ""}, {"account-1", "account-12"}, {"", "lone3"}, {"account-", "zebra"}, {"b", ""}, {"account-4", "account-4"},
		} {
			streams, types := w.listed(at[0], at[1], until)
			seq := index.ListStreams(parts, at[0], at[1], until)
			for range 2 {
				if diff := cmp.Diff(streams, collect(t, seq)); diff != "" {
					t.Fatalf("ListStreams(%q, %q, %d) (-want +got):\n%s", at[0], at[1], until, diff)
				}
			}
			if diff := cmp.Diff(types, collect(t, index.ListTypes(parts, until))); diff != "" {
				t.Fatalf("ListTypes(%d) (-want +got):\n%s", until, diff)
			}
		}
	}
	for _, err := range index.ListStreams(parts, "", "", w.end.Position) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestHeads(t *testing.T) {
	w := newWorld(42, true)
	w.streams = 300
	for range 900 {
		w.commit()
	}
	want, _ := w.listed("", "", w.end.Position)
	want = append(want, store.StreamInfo{Stream: "zzz", Version: 3, LastPosition: 0, LastRecordedAt: time.Time{}})
	disk := newDisk(t)
	const name = "/data/log/heads"
	if err := disk.MkdirAll("/data/log"); err != nil {
		t.Fatal(err)
	}
	if _, err := index.OpenHeads(disk, name, [16]byte{7}); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("OpenHeads without a file: %v", err)
	}
	seq := func(yield func(store.StreamInfo, error) bool) {
		for _, s := range want {
			if !yield(s, nil) {
				return
			}
		}
	}
	if err := index.WriteHeads(disk, name, [16]byte{7}, w.end, seq, w.trackings); err != nil {
		t.Fatal(err)
	}
	h, err := index.OpenHeads(disk, name, [16]byte{7})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	if h.Base() != w.end || !maps.Equal(h.Trackings(), w.trackings) {
		t.Errorf("Base() = %+v, Trackings() = %v", h.Base(), h.Trackings())
	}
	if diff := cmp.Diff(want, collect(t, h.Streams("", ""))); diff != "" {
		t.Error(diff)
	}
	for _, s := range want {
		if got, ok, err := h.Stream(s.Stream); got != s || !ok || err != nil {
			t.Fatalf("Stream(%q) = %+v, %v, %v", s.Stream, got, ok, err)
		}
		if got, ok, err := h.Stream(s.Stream + "\x01"); ok || err != nil {
			t.Fatalf("Stream of another name = %+v, %v", got, err)
		}
	}
	if _, err := index.OpenHeads(disk, name, [16]byte{8}); err == nil {
		t.Error("the heads of another store were opened")
	}
	bytes, err := disk.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for bit := int64(0); bit < int64(len(bytes))*8; bit += 7 {
		if err := disk.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
		if !damagedHeads(t, disk, name, want) {
			t.Fatalf("bit %d: nothing noticed", bit)
		}
		if err := disk.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
	}
	failed := errors.New("no more")
	broken := func(yield func(store.StreamInfo, error) bool) { yield(store.StreamInfo{}, failed) }
	if err := index.WriteHeads(disk, name, [16]byte{7}, w.end, broken, nil); !errors.Is(err, failed) {
		t.Errorf("WriteHeads of a broken list = %v", err)
	}
	twice := func(yield func(store.StreamInfo, error) bool) {
		if yield(want[0], nil) {
			yield(want[0], nil)
		}
	}
	if err := index.WriteHeads(disk, name, [16]byte{7}, w.end, twice, nil); err == nil {
		t.Error("WriteHeads took a stream twice")
	}
	if diff := cmp.Diff([]string{"data/log/heads"}, disk.Files()); diff != "" {
		t.Error(diff)
	}
}

// damagedHeads says whether reading all of a heads file ends with the error for damage; what is read until then is right.
func damagedHeads(t *testing.T, disk *simfs.FS, name string, want []store.StreamInfo) bool {
	t.Helper()
	h, err := index.OpenHeads(disk, name, [16]byte{7})
	if err != nil {
		return errors.Is(err, store.ErrDamaged)
	}
	defer func() { _ = h.Close() }()
	i := 0
	for s, err := range h.Streams("", "") {
		if err != nil {
			return errors.Is(err, store.ErrDamaged)
		}
		if s != want[i] {
			t.Fatalf("stream %d is %+v, want %+v", i, s, want[i])
		}
		i++
	}
	return false
}
