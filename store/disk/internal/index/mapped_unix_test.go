//go:build linux || darwin || freebsd || netbsd || dragonfly

package index_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestMappedPageThatCannotBeRead cuts files behind the back of their mappings, so that the operating system cannot read their pages: each look-up is an
// error that names the file and says where, and what needs no such page still works.
func TestMappedPageThatCannotBeRead(t *testing.T) {
	w := newWorld(31, false)
	for range 3000 {
		w.commit()
	}
	o := options(vfs.OS())
	o.Dir = t.TempDir()
	s := open(t, o)
	add(t, s, w.cut(2)...)
	v := s.View()
	defer v.Release()
	if !v.Files()[0].Mapped() {
		t.Skip("this system maps no files")
	}
	w.checkReads(t, v, 10) // what is kept in memory is there now
	e := &w.events[len(w.events)-1]
	for e.Stream == "" || !e.HasID || e.Key == "" {
		e = &w.events[int(e.Position)-2]
	}
	source := ""
	for source = range w.trackings {
		break
	}
	lookups := map[string]func(index.Source) error{
		".idx candidates": func(s index.Source) error {
			_, _, err := s.Candidates(nil, store.Query{{Stream: e.Stream}}, 0, store.MaxPosition, false, 1000)
			return err
		},
		".idx types": func(s index.Source) error {
			_, _, err := s.Candidates(nil, store.Query{{Types: []string{e.Type}, Tags: e.Tags}, {Category: "x"}}, 0, store.MaxPosition, true, 1000)
			return err
		},
		".idx id": func(s index.Source) error {
			_, err := s.IDCandidates(nil, e.ID, 0, store.MaxPosition)
			return err
		},
		".idx key": func(s index.Source) error {
			_, err := s.KeyCandidates(nil, e.Key)
			return err
		},
		".idx tracked": func(s index.Source) error {
			_, _, err := s.Tracked(source, ^index.Place(0))
			return err
		},
		".places places": func(s index.Source) error {
			_, err := s.Places(nil, []store.Position{e.Position, e.Position - 600})
			return err
		},
		".places all": func(s index.Source) error {
			_, _, err := s.Candidates(nil, nil, 0, store.MaxPosition, false, 1000)
			return err
		},
	}
	sources := map[string]index.Source{"view": v, "file": v.Files()[1]}
	for name, lookup := range lookups {
		for which, src := range sources {
			if err := lookup(src); err != nil {
				t.Fatalf("%s of the %s: %v", name, which, err)
			}
		}
	}
	all, err := filepath.Glob(filepath.Join(o.Dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	for name, lookup := range lookups {
		for which, src := range sources {
			err := lookup(src)
			fault, ok := errors.AsType[*vfs.FaultError](err)
			if !ok || !errors.Is(err, vfs.ErrFault) {
				t.Errorf("%s of the %s: %v; want a fault", name, which, err)
				continue
			}
			ext, _, _ := strings.Cut(name, " ")
			if filepath.Dir(fault.Name) != o.Dir || filepath.Ext(fault.Name) != ext || !strings.Contains(err.Error(), fault.Name) {
				t.Errorf("%s of the %s: %v; want a %s file named", name, which, err, ext)
			}
		}
	}
}
