package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/storetest"
)

// TestStoreUnmapped runs the contract suite where the file system refuses to map files.
func TestStoreUnmapped(t *testing.T) {
	refuse := vfs.NewFault(vfs.OS(), func(op vfs.Op) error {
		if op.Kind == vfs.OpMap {
			return errors.ErrUnsupported
		}
		return nil
	})
	storetest.Run(t, harness(disk.Options{FS: refuse, SegmentBytes: 16 << 10, IndexBytes: 16 << 10, Sync: disk.SyncNever}))
}

// mappings is a file system that counts mappings, and reads of the log.
type mappings struct {
	vfs.FS
	open, made, reads atomic.Int64
}

func (m *mappings) Open(name string) (vfs.File, error) {
	f, err := m.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return &mappable{f, m, isSegFile(name)}, nil
}

type mappable struct {
	vfs.File
	m   *mappings
	log bool
}

func (f *mappable) ReadAt(b []byte, off int64) (int, error) {
	if f.log {
		f.m.reads.Add(1)
	}
	return f.File.ReadAt(b, off)
}

func (f *mappable) Map(size int64) (vfs.Mapping, error) {
	inner, ok := f.File.(vfs.Mapper)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	mapping, err := inner.Map(size)
	if err != nil {
		return nil, err
	}
	if f.log {
		f.m.made.Add(1)
	}
	f.m.open.Add(1)
	return &countedMapping{mapping, f.m}, nil
}

type countedMapping struct {
	vfs.Mapping
	m *mappings
}

func (c *countedMapping) Close() error {
	c.m.open.Add(-1)
	return c.Mapping.Close()
}

// mappedStore has events of several streams in small sealed segments, on a real disk.
func mappedStore(t *testing.T) (*disk.Store, *mappings, string) {
	t.Helper()
	fs, dir := &mappings{FS: vfs.OS()}, t.TempDir()
	s, err := disk.Open(dir, disk.Options{FS: fs, SegmentBytes: 64 << 10, IndexBytes: 64 << 10, Sync: disk.SyncNever})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	for i := range 400 {
		e := store.Event{
			ID: fmt.Sprintf("00000000-0000-4000-8000-%012x", i), Stream: fmt.Sprintf("s-%d", i%4), Type: "T",
			Tags: []string{"n:" + fmt.Sprint(i), "m"}, Data: fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 900)), Metadata: []byte("about"),
		}
		if i%5 == 0 {
			e.Tags, e.ID, e.Metadata = nil, "", nil
		}
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}})
		must(t, err)
	}
	return s, fs, dir
}

// collected reads all of a query.
func collected(t *testing.T, s *disk.Store, q store.Query, o store.ReadOptions) []store.Recorded {
	t.Helper()
	var got []store.Recorded
	for r, err := range s.Read(t.Context(), q, o) {
		must(t, err)
		got = append(got, r)
	}
	return got
}

// TestMappedReadsNeedNoSystemCall reads a stream of sealed segments again, and counts reads of their files.
func TestMappedReadsNeedNoSystemCall(t *testing.T) {
	s, fs, _ := mappedStore(t)
	q := store.Query{{Stream: "s-1"}}
	o := store.ReadOptions{Until: 200}
	first := collected(t, s, q, o)
	if fs.made.Load() == 0 {
		t.Skip("this system maps no files")
	}
	before := fs.reads.Load()
	if d := cmp.Diff(first, collected(t, s, q, o)); d != "" || len(first) != 50 {
		t.Errorf("%d events, read again (-first +second):\n%s", len(first), d)
	}
	if n := fs.reads.Load() - before; n != 0 {
		t.Errorf("%d reads of segments that are mapped", n)
	}
}

// TestMappedNothingIsLeft closes a store after reads, and counts mappings.
func TestMappedNothingIsLeft(t *testing.T) {
	s, fs, _ := mappedStore(t)
	collected(t, s, store.Query{{Stream: "s-2"}}, store.ReadOptions{})
	erase(t, s, 3)
	collected(t, s, store.Query{{Stream: "s-2"}}, store.ReadOptions{Backward: true})
	must(t, s.Close())
	if n := fs.open.Load(); n != 0 {
		t.Errorf("%d mappings are left", n)
	}
}

func erase(t *testing.T, s *disk.Store, positions ...store.Position) {
	t.Helper()
	_, err := s.Erase(t.Context(), store.Erasure{Positions: positions, Reason: "asked for", Actor: "tests"})
	must(t, err)
}

// deep returns a copy of an event that shares nothing with it.
func deep(r *store.Recorded) store.Recorded {
	c := *r
	for _, s := range []*string{&c.ID, &c.Stream, &c.Type, &c.ContentType} {
		*s = strings.Clone(*s)
	}
	c.Tags, c.Data, c.Metadata = slices.Clone(c.Tags), bytes.Clone(c.Data), bytes.Clone(c.Metadata)
	for i, tag := range c.Tags {
		c.Tags[i] = strings.Clone(tag)
	}
	return c
}

// TestMappedEventsAreTheirs keeps events beyond erasure, other reads and the end of the store: they stay as they were, and have no room in which
// appending to one could change another.
func TestMappedEventsAreTheirs(t *testing.T) {
	queries := map[string]struct {
		q store.Query
		o store.ReadOptions
	}{
		"everything": {}, "backward": {o: store.ReadOptions{Backward: true}}, "a stream": {q: store.Query{{Stream: "s-3"}}},
		"a tag": {q: store.Query{{Tags: []string{"m"}}}},
	}
	for name, tt := range queries {
		t.Run(name, func(t *testing.T) {
			s, _, _ := mappedStore(t)
			kept := collected(t, s, tt.q, tt.o)
			var want []store.Recorded
			for i := range kept {
				want = append(want, deep(&kept[i]))
				e := &kept[i]
				if cap(e.Data) != len(e.Data) || cap(e.Metadata) != len(e.Metadata) || cap(e.Tags) != len(e.Tags) {
					t.Fatalf("event %d has room for %d, %d and %d behind its data, metadata and tags", e.Position,
						cap(e.Data)-len(e.Data), cap(e.Metadata)-len(e.Metadata), cap(e.Tags)-len(e.Tags))
				}
			}
			erase(t, s, 2, 4, 100)
			for range 3 {
				collected(t, s, tt.q, tt.o)
			}
			must(t, s.Close())
			for i := range kept {
				if !reflect.DeepEqual(want[i], kept[i]) {
					t.Fatalf("an event that was kept is %+v, it was %+v", kept[i], want[i])
				}
			}
		})
	}
}

// TestMappedSegmentIsReplaced erases payloads while a read is at them: it goes on, and shows each either whole or as erased, and reads that begin later
// show it as erased.
func TestMappedSegmentIsReplaced(t *testing.T) {
	for name, q := range map[string]store.Query{"everything": nil, "a stream": {{Stream: "s-0"}}} {
		t.Run(name, func(t *testing.T) {
			s, _, _ := mappedStore(t)
			all := collected(t, s, q, store.ReadOptions{})
			var gone []store.Position
			for i := 1; i < len(all); i += 9 {
				gone = append(gone, all[i].Position)
			}
			n := 0
			for r, err := range s.Read(t.Context(), q, store.ReadOptions{}) {
				must(t, err)
				if n == 0 {
					erase(t, s, gone...)
				}
				if r.Erased == 0 && !bytes.Equal(r.Data, all[n].Data) || r.Erased != 0 && (r.Data != nil || !slices.Contains(gone, r.Position)) {
					t.Errorf("event %d is %q, erased by %d", r.Position, r.Data, r.Erased)
				}
				n++
			}
			if n != len(all) {
				t.Errorf("%d events, want %d", n, len(all))
			}
			for _, r := range collected(t, s, q, store.ReadOptions{Until: all[len(all)-1].Position}) {
				if (r.Erased != 0) != slices.Contains(gone, r.Position) {
					t.Errorf("event %d: erased by %d after the erasure", r.Position, r.Erased)
				}
			}
		})
	}
}

// TestReadsAgree compares what all kinds of reads say of commits of all sizes, from each position on, with what a dump says.
func TestReadsAgree(t *testing.T) {
	s, err := disk.Open(t.TempDir(), disk.Options{SegmentBytes: 128 << 10, IndexBytes: 64 << 10, Sync: disk.SyncNever})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	n := 0
	for i, size := range []int{0, 1, 20_000, 40_000, 7, 32_700, 32_768, 100, 300_000, 0, 8100, 8192, 5} {
		var c store.Commit
		for j := range i%4*20 + 1 {
			e := store.Event{Stream: fmt.Sprintf("s-%d", j%3), Type: "T", Data: bytes.Repeat([]byte{byte(n)}, size/(j+1)), Tags: []string{fmt.Sprint("t:", j%2)}}
			if n%3 == 0 {
				e.ID = fmt.Sprintf("00000000-0000-4000-8000-%012x", n)
			}
			c.Events = append(c.Events, e)
			n++
		}
		if i%3 == 1 {
			c.Key = strings.Repeat("k", 1+i*80)
		}
		if i%3 == 2 {
			c.Tracking = &store.Tracking{Source: strings.Repeat("s", 1+i*80), Position: uint64(i)}
		}
		_, err := s.Append(t.Context(), c)
		must(t, err)
	}
	var want []store.Recorded
	for c, err := range s.Dump(t.Context(), 0) {
		must(t, err)
		for i := range c.Events {
			want = append(want, deep(&c.Events[i]))
		}
	}
	if len(want) != n {
		t.Fatalf("dumped %d events, want %d", len(want), n)
	}
	streams := store.Query{{Stream: "s-0"}, {Stream: "s-1"}, {Stream: "s-2"}} // all of them, by the index
	for after := 0; after < n; after += 11 {
		for name, q := range map[string]store.Query{"scan": nil, "index": streams} {
			got := collected(t, s, q, store.ReadOptions{After: store.Position(after)})
			if !reflect.DeepEqual(want[after:], got) { // their difference would be long
				t.Fatalf("%s after %d: %d events are not the %d that were dumped", name, after, len(got), n-after)
			}
			back := collected(t, s, q, store.ReadOptions{Until: store.Position(after + 1), Backward: true})
			slices.Reverse(back)
			if !reflect.DeepEqual(want[:after+1], back) {
				t.Fatalf("%s backward from %d: %d events are not those that were dumped", name, after+1, len(back))
			}
		}
	}
}

// TestReadsInReads reads within the loop of a read: each has memory of its own.
func TestReadsInReads(t *testing.T) {
	s, _, _ := mappedStore(t)
	outer := collected(t, s, store.Query{{Stream: "s-0"}}, store.ReadOptions{})
	inner := collected(t, s, store.Query{{Stream: "s-1"}}, store.ReadOptions{})
	n := 0
	for r, err := range s.Read(t.Context(), store.Query{{Stream: "s-0"}}, store.ReadOptions{}) {
		must(t, err)
		got := collected(t, s, store.Query{{Stream: "s-1"}}, store.ReadOptions{Limit: n%20 + 1})
		if d := cmp.Diff(inner[:n%20+1], got); d != "" {
			t.Fatalf("inner read (-want +got):\n%s", d)
		}
		if d := cmp.Diff(outer[n], r); d != "" {
			t.Fatalf("outer read (-want +got):\n%s", d)
		}
		n++
	}
	if n != len(outer) {
		t.Errorf("%d events, want %d", n, len(outer))
	}
}
