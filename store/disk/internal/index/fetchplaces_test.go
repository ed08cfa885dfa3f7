package index_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// watched notes what is asked for of mapped files of places, and what is read of them.
type watched struct {
	vfs.FS
	mu    sync.Mutex
	notes []string
}

func (w *watched) note(what, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, what+" "+name)
}

// Open implements [vfs.FS].
func (w *watched) Open(name string) (vfs.File, error) {
	f, err := w.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".places") {
		return f, err
	}
	return &watchedFile{File: f, name: name, w: w}, nil
}

type watchedFile struct {
	vfs.File
	name string
	w    *watched
}

// ReadAt implements [vfs.File].
func (f *watchedFile) ReadAt(b []byte, off int64) (int, error) {
	f.w.note("read", f.name)
	return f.File.ReadAt(b, off)
}

// Map implements [vfs.Mapper].
func (f *watchedFile) Map(size int64) (vfs.Mapping, error) {
	mapper, ok := f.File.(vfs.Mapper)
	if !ok {
		return nil, fmt.Errorf("%s cannot be mapped", f.name)
	}
	m, err := mapper.Map(size)
	return &watchedMapping{Mapping: m, f: f}, err
}

type watchedMapping struct {
	vfs.Mapping
	f *watchedFile
}

// Advise implements [vfs.Mapping].
func (m *watchedMapping) Advise(off, n int, a vfs.Advice) {
	if off < 0 || n <= 0 || off+n > len(m.Bytes()) {
		m.f.w.note(fmt.Sprintf("wrong advice %d+%d of %d", off, n, len(m.Bytes())), m.f.name)
	}
	switch {
	case a == vfs.WillNeed && off == 0 && n == len(m.Bytes()):
		m.f.w.note("whole", m.f.name)
	case a == vfs.WillNeed:
		m.f.w.note("ask", m.f.name)
	}
}

// TestPlacesAreAskedForTogether reads places of files that were not read before: of all files is asked for what will be read before any of them is read.
func TestPlacesAreAskedForTogether(t *testing.T) {
	const pieces = 5
	w := newWorld(3, true)
	for range 1000 {
		w.commit()
	}
	disk := &watched{FS: newDisk(t)}
	s := open(t, options(disk))
	add(t, s, w.cut(pieces)...)
	v := s.View()
	defer v.Release()
	var positions []store.Position
	var want []index.Place
	for _, f := range v.Files() {
		first, last := f.Range()
		got, _, err := f.Candidates(nil, nil, first-1, last, false, 1)
		if err != nil {
			t.Fatal(err)
		}
		positions = append(positions, got...)
		places, err := f.Places(nil, got)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, places...)
	}
	again := open(t, func() index.Options { o := options(disk); o.ReadOnly = true; return o }())
	view := again.View()
	defer view.Release()
	disk.notes = nil
	got, err := view.Places(nil, positions)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("places %v, want %v; %v", got, want, err)
	}
	asked := map[string]bool{}
	for _, note := range disk.notes {
		what, name, _ := strings.Cut(note, " ")
		switch what {
		case "ask":
			asked[name] = true
		case "read":
			if len(asked) != len(view.Files()) {
				t.Errorf("%s is read when %d of %d files were asked for", name, len(asked), len(view.Files()))
			}
		default:
			t.Error(note)
		}
	}
	if len(asked) != pieces {
		t.Errorf("%d files were asked for, want %d", len(asked), pieces)
	}
}

// TestPlacesOfManyBlocksAreAskedForWhole reads places of one block after the other: after some the rest of the file is asked for, once.
func TestPlacesOfManyBlocksAreAskedForWhole(t *testing.T) {
	const block, blocks = 256, 30
	disk := &watched{FS: newDisk(t)}
	s := open(t, options(disk))
	table := index.NewTable(seed, s.End())
	var last index.Entry
	for p := store.Position(1); p <= block*blocks; p++ {
		last = index.Entry{Position: p, Place: index.MakePlace(1, uint32(64*p)), Stream: "s", Version: uint64(p), Type: "t", RecordedAt: 1 << 50}
		table.Add(&last)
	}
	table.SetEnd(index.End{Position: last.Position, Next: last.Place + 64, Last: last.Place, RecordedAt: last.RecordedAt})
	if err := s.Add(table); err != nil {
		t.Fatal(err)
	}
	v := s.View()
	defer v.Release()
	var whole []int
	for i := range blocks {
		disk.notes = nil
		p := store.Position(block*(i*7%blocks) + 1)
		if got, err := v.Places(nil, []store.Position{p}); err != nil || got[0] != index.MakePlace(1, uint32(64*p)) {
			t.Fatalf("place of %d: %v, %v", p, got, err)
		}
		for _, note := range disk.notes {
			if strings.HasPrefix(note, "whole") {
				whole = append(whole, i)
			}
		}
	}
	if len(whole) != 1 || whole[0] == 0 || whole[0] > blocks/2 {
		t.Errorf("all of the file was asked for at look-ups %v, want once and after some", whole)
	}
}
