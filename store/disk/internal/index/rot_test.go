package index_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// pageOfExtents is the length, in bytes, of a page of the directory with its checksum.
const pageOfExtents = 64*8 + 4

// rots are what can become of bytes of an index file.
var rots = map[string]struct {
	where func(f *index.File) (offset, end int64)
	do    func(b []byte)
}{
	"directory of zeros": {(*index.File).Directory, func(b []byte) { clear(b) }},
	"extents of length 0": {(*index.File).Directory, func(b []byte) {
		eachExtent(b, func(page []byte, at int) { clear(page[at+5 : at+8]) })
	}},
	"extents of the bucket before": {(*index.File).Directory, func(b []byte) {
		eachExtent(b, func(page []byte, at int) {
			if at > 0 {
				copy(page[at:at+8], page[:8])
			}
		})
	}},
	"large filter of zeros": {(*index.File).Filter, func(b []byte) { clear(b) }},
}

// eachExtent calls do for all extents of a directory.
func eachExtent(b []byte, do func(page []byte, at int)) {
	for ; len(b) > 0; b = b[min(pageOfExtents, len(b)):] {
		page := b[:min(pageOfExtents, len(b))-4]
		for at := 0; at < len(page); at += 8 {
			do(page, at)
		}
	}
}

// TestRotAfterTheFirstUse changes pages of a mapped file that were verified before: what is looked up then is either found or damage, and never just not
// there.
func TestRotAfterTheFirstUse(t *testing.T) {
	for name, rot := range rots {
		t.Run(name, func(t *testing.T) {
			w := newWorld(31, false)
			for range 3000 {
				w.commit()
			}
			o := options(vfs.OS())
			o.Dir = t.TempDir()
			s := open(t, o)
			add(t, s, w.cut(1)...)
			v := s.View()
			defer v.Release()
			f := v.Files()[0]
			if name == "large filter of zeros" {
				f.KeepFilterOnDisk()
			}
			w.checkReads(t, v, 60) // all pages are verified
			before := w.streamCandidates(t, v)
			offset, end := rot.where(f)
			rewrite(t, o.Dir, "*.idx", offset, end, rot.do)
			damaged := 0
			for stream, want := range before {
				got, _, err := v.Candidates(nil, store.Query{{Stream: stream}}, 0, store.MaxPosition, false, 1000)
				if _, ok := errors.AsType[*store.DamagedError](err); ok {
					damaged++
				} else if d := cmp.Diff(want, got); d != "" || err != nil {
					t.Errorf("%q: %v (-before +after):\n%s", stream, err, d)
				}
			}
			if damaged == 0 {
				t.Error("nothing was damaged")
			}
		})
	}
}

// TestRotOfPositions changes which positions a block of places leaves out, after it was read: there is no candidate at a position that has no event, and no
// event is just not there.
func TestRotOfPositions(t *testing.T) {
	w := newWorld(7, true)
	for range 300 {
		w.commit()
	}
	o := options(vfs.OS())
	o.Dir = t.TempDir()
	s := open(t, o)
	add(t, s, w.cut(1)...)
	v := s.View()
	defer v.Release()
	all := func() ([]store.Position, error) {
		got, _, err := v.Candidates(nil, nil, 0, store.MaxPosition, false, len(w.events)+1)
		return got, err
	}
	if got, err := all(); err != nil || len(got) != len(w.events) {
		t.Fatalf("%d positions of %d, %v", len(got), len(w.events), err)
	}
	const header, end = 24 + 16 + 36 + 36 + 8 + 8 + 4, 256 // some of the first block
	rewrite(t, o.Dir, "*.places", header, end, func(b []byte) {
		_, n := binary.Uvarint(b)
		b = b[n+1:] // so many runs, in one segment
		for i := 3; i+2 < len(b); i += 2 {
			if b[i] > 0 && b[i] < 0x7f && b[i+2] > 1 && b[i+2] < 0x7f { // a run comes later, and the one after it where it was
				b[i], b[i+2] = b[i]+1, b[i+2]-1
				return
			}
		}
		t.Fatal("there are no two holes")
	})
	if got, err := all(); !errors.As(err, new(*store.DamagedError)) {
		t.Errorf("%d positions, %v; want damage", len(got), err)
	}
}

// streamCandidates returns the candidates of all streams.
func (w *world) streamCandidates(t *testing.T, src index.Source) map[string][]store.Position {
	t.Helper()
	out := map[string][]store.Position{}
	for i := range w.events {
		stream := w.events[i].Stream
		if stream == "" || out[stream] != nil {
			continue
		}
		got, _, err := src.Candidates(nil, store.Query{{Stream: stream}}, 0, store.MaxPosition, false, 1000)
		if err != nil || len(got) == 0 {
			t.Fatalf("%q: %v, %v", stream, got, err)
		}
		out[stream] = got
	}
	return out
}

// rewrite changes bytes of the one file in a directory that has such a name.
func rewrite(t *testing.T, dir, pattern string, offset, end int64, do func(b []byte)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	h, err := os.OpenFile(names[0], os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	b := make([]byte, end-offset)
	if _, err := h.ReadAt(b, offset); err != nil {
		t.Fatal(err)
	}
	do(b)
	if _, err := h.WriteAt(b, offset); err != nil {
		t.Fatal(err)
	}
}
