//go:build linux || darwin || freebsd || netbsd || dragonfly

package disk_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store"
)

// TestMappedPageCannotBeRead cuts a sealed segment behind the back of its mapping: a read that comes to what is gone yields what is before that, and then an error that
// names file, offset and position, and what is elsewhere can be read.
func TestMappedPageCannotBeRead(t *testing.T) {
	s, fs, dir := mappedStore(t)
	q := store.Query{{Stream: "s-2"}}
	all := collected(t, s, q, store.ReadOptions{})
	if fs.made.Load() == 0 {
		t.Fatal("nothing was mapped")
	}
	const cut = 3 * 4096
	name := filepath.Join(dir, "log", "00000002.seg")
	must(t, os.Truncate(name, cut))
	n := 0
	var failure error
	for r, err := range s.Read(t.Context(), q, store.ReadOptions{}) {
		if err != nil {
			failure = err
			break
		}
		if r.Position != all[n].Position {
			t.Errorf("event %d, want %d", r.Position, all[n].Position)
		}
		n++
	}
	var damage *store.DamagedError
	if !errors.As(failure, &damage) {
		t.Fatalf("after %d events: %v; want damage", n, failure)
	}
	if damage.File != "log/00000002.seg" || damage.Offset < cut-1200 || damage.Offset > cut+5*1200 || damage.Position != all[n].Position {
		t.Errorf("damage at %s, %d, position %d, want log/00000002.seg at about %d, position %d",
			damage.File, damage.Offset, damage.Position, cut, all[n].Position)
	}
	last := all[len(all)-1]
	if got := collected(t, s, q, store.ReadOptions{After: last.Position - 1}); len(got) != 1 {
		t.Errorf("%d events elsewhere, want 1", len(got))
	}
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}}); err != nil {
		t.Errorf("append afterwards: %v", err)
	}
}
