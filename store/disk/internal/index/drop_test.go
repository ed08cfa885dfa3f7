package index_test

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// checkLeft compares what a set says with the pieces that are left, the newest ones.
func (w *world) checkLeft(t *testing.T, s *index.Set, pieces [][]frame) {
	t.Helper()
	if s.End() != w.end {
		t.Fatalf("End() = %+v, want %+v", s.End(), w.end)
	}
	left := &world{rand: w.rand, streams: w.streams}
	for _, piece := range pieces {
		for _, f := range piece {
			left.events = append(left.events, f.events...)
		}
	}
	begin := left.events[0]
	for _, f := range files(t, s) {
		q := left.query()
		first, until := f.Range()
		after := max(first, begin.Position) - 1
		want := left.matches(q, after, until)
		if diff := cmp.Diff(want, left.read(t, f, q, after, until, true, 7)); len(want) > 0 && diff == "" {
			t.Error("backward reads rise")
		}
		if diff := cmp.Diff(want, left.read(t, f, q, after, until, false, 7)); diff != "" {
			t.Error(diff)
		}
		if begin.Position > until || begin.Position < first {
			continue
		}
		if got, err := f.Places(nil, []store.Position{begin.Position}); err != nil || got[0] != begin.Place {
			t.Errorf("Places(%d) = %x, %v", begin.Position, got, err)
		}
	}
}

// TestSetDropBelowBesideMerge drops files while a merge stands at some operation. It does not wait for the merge, of which no file is left if one of
// those that it reads was dropped: it then begins again with what is left.
func TestSetDropBelowBesideMerge(t *testing.T) {
	w := newWorld(31, true)
	for range 900 {
		w.commit()
	}
	pieces := w.cut(6)
	lastOf := func(piece int) index.End { f := pieces[piece]; return f[len(f)-1].end }
	begins := func(name string, after store.Position) bool {
		return strings.HasPrefix(path.Base(name), fmt.Sprintf("%016x-", after+1))
	}
	for _, tt := range []struct {
		name    string
		into    int // files that are made, one after the other
		at      func(vfs.Op) bool
		drop    int // pieces
		renames int // of merged files
	}{
		{"before the file is written", 1, func(op vfs.Op) bool { return op.Kind == vfs.OpCreate && begins(op.Name, 0) }, 2, 1},
		{"when the file is there", 1, func(op vfs.Op) bool { return op.Kind == vfs.OpSyncDir }, 2, 2},
		{"files before those of the merge", 2, func(op vfs.Op) bool { return op.Kind == vfs.OpCreate && begins(op.Name, lastOf(2).Position) }, 3, 2},
		{"all files", 1, func(op vfs.Op) bool { return op.Kind == vfs.OpCreate }, 6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk := newDisk(t)
			merging, happened, renames := false, false, 0
			o := options(disk)
			var s *index.Set
			o.FS = vfs.NewFault(disk, func(op vfs.Op) error {
				if merging && op.Kind == vfs.OpRename {
					renames++
				}
				if !merging || happened || !tt.at(op) {
					return nil
				}
				happened = true
				dropped := make(chan error, 1)
				go func() { dropped <- s.DropBelow(lastOf(tt.drop-1).Position + 1) }()
				select {
				case err := <-dropped:
					if err != nil {
						t.Error(err)
					}
				case <-time.After(20 * time.Second):
					t.Error("DropBelow waits for the merge")
				}
				return nil
			})
			s = open(t, o)
			add(t, s, pieces...)
			merging = true
			if err := s.MergeInto(t.Context(), tt.into); err != nil {
				t.Fatal(err)
			}
			merging = false
			if !happened || renames != tt.renames {
				t.Errorf("dropped beside the merge: %v; %d merged files were made, want %d", happened, renames, tt.renames)
			}
			count := map[string]int{}
			for name := range contents(t, disk) {
				count[path.Ext(name)]++
			}
			want := map[string]int{".idx": 1, ".places": 6 - tt.drop}
			if tt.drop == 6 {
				want = map[string]int{}
			}
			if diff := cmp.Diff(want, count); diff != "" {
				t.Errorf("files left (-want +got):\n%s", diff)
			}
			if s.End() != w.end {
				t.Errorf("End() = %+v, want %+v", s.End(), w.end)
			}
			if tt.drop == 6 {
				return
			}
			w.checkLeft(t, s, pieces[tt.drop:])
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := options(disk)
			again.Base = lastOf(tt.drop - 1)
			w.checkLeft(t, open(t, again), pieces[tt.drop:])
		})
	}
}
