package index_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// life adds pieces and merges now and then; done is called with the end after each Add.
func life(tb testing.TB, s *index.Set, pieces [][]frame, done func(index.End)) error {
	tb.Helper()
	for i, frames := range pieces {
		table := index.NewTable(seed, s.End())
		feed(table, frames)
		if err := s.Add(table); err != nil {
			return err
		}
		done(s.End())
		if i%3 == 2 {
			if err := s.MergeAll(tb.Context()); err != nil {
				return err
			}
		}
	}
	_, err := s.Merge(tb.Context())
	return err
}

// checkImage opens what a crash left: what had been added is there, and all that is there reads right.
func (w *world) checkImage(t *testing.T, image *simfs.FS, added index.End, what string) {
	t.Helper()
	s, err := index.Open(options(image))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	defer func() { _ = s.Close() }()
	if got := s.End(); got.Position < added.Position {
		t.Fatalf("%s: the files reach %d, %d had been added", what, got.Position, added.Position)
	}
	if len(s.Problems()) > 0 && added.Position > s.End().Position {
		t.Fatalf("%s: %v", what, s.Problems())
	}
	v := s.View()
	defer v.Release()
	for _, f := range v.Files() {
		w.checkPoints(t, f)
	}
	if problems := verify(t, s); len(problems) > 0 {
		t.Fatalf("%s: %+v", what, problems[0])
	}
	// And it goes on from there.
	table := index.NewTable(seed, s.End())
	for _, f := range w.frames {
		if f.end.Next > s.End().Next {
			feed(table, []frame{f})
		}
	}
	if table.Len() > 0 {
		if err := s.Add(table); err != nil {
			t.Fatalf("%s: add: %v", what, err)
		}
	}
}

func TestCrashAtEveryOperation(t *testing.T) {
	w := newWorld(31, true)
	for range 60 {
		w.commit()
	}
	disk := newDisk(t)
	rng := rand.New(rand.NewPCG(1, 2))
	var added index.End
	operations := 0
	hook := func(op vfs.Op) error {
		if !op.Kind.Changes() {
			return nil
		}
		operations++
		what := fmt.Sprintf("before operation %d, %s %s", operations, op.Kind, op.Name)
		w.checkImage(t, disk.CrashWorst(), added, what)
		for range 3 {
			w.checkImage(t, disk.Crash(rng), added, what)
			w.checkImage(t, disk.CrashTorn(rng), added, what)
		}
		return nil
	}
	s, err := index.Open(options(vfs.NewFault(disk, hook)))
	if err != nil {
		t.Fatal(err)
	}
	if err := life(t, s, w.cut(7), func(e index.End) { added = e }); err != nil {
		t.Fatal(err)
	}
	w.checkImage(t, disk.CrashWorst(), w.end, "at the end")
	if operations < 50 {
		t.Errorf("only %d operations were crashed", operations)
	}
}

// TestFailureAtEveryOperation fails each operation once: the set says so, keeps what it had, and takes the same table again.
func TestFailureAtEveryOperation(t *testing.T) {
	w := newWorld(32, false)
	for range 40 {
		w.commit()
	}
	pieces := w.cut(4)
	failed := errors.New("the disk says no")
	for n := 0; ; n++ {
		disk := newDisk(t)
		count := -1000
		s := open(t, options(vfs.NewFault(disk, func(op vfs.Op) error {
			if count++; count == n {
				return fmt.Errorf("%s: %w", op.Kind, failed)
			}
			return nil
		})))
		count = -1
		failures := 0
		for _, frames := range pieces {
			before := s.End()
			table := index.NewTable(seed, before)
			feed(table, frames)
			err := s.Add(table)
			if err != nil {
				failures++
				if !errors.Is(err, failed) || s.End() != before {
					t.Fatalf("failure %d: %v, the files reach %+v, before %+v", n, err, s.End(), before)
				}
				err = s.Add(table)
			}
			if err != nil {
				t.Fatalf("failure %d, again: %v", n, err)
			}
		}
		if _, err := s.Merge(t.Context()); err != nil {
			failures++
			if _, err := s.Merge(t.Context()); err != nil {
				t.Fatalf("failure %d, again: %v", n, err)
			}
		}
		if s.End() != w.end {
			t.Fatalf("failure %d: the files reach %+v", n, s.End())
		}
		total := count
		count = -1 << 30 // no more failures
		for _, f := range files(t, s) {
			w.checkPoints(t, f)
		}
		if n > total {
			return
		}
		w.checkImage(t, disk.CrashWorst(), w.end, fmt.Sprintf("after failure %d (%d seen)", n, failures))
	}
}
