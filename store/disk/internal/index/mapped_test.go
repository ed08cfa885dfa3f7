package index_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

var errNoMapping = errors.New("no mapping today")

// refuseMaps lets every n-th file be mapped, none with 0.
func refuseMaps(fs vfs.FS, n int) vfs.FS {
	var mu sync.Mutex
	asked := 0
	return vfs.NewFault(fs, func(op vfs.Op) error {
		if op.Kind != vfs.OpMap {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		if asked++; n == 0 || asked%n != 0 {
			return errNoMapping
		}
		return nil
	})
}

// TestViewReads compares reads of all files at once with the log: with files that are mapped, with files that are not, and with both.
func TestViewReads(t *testing.T) {
	for name, every := range map[string]int{"mapped": 1, "read": 0, "mixed": 2} {
		for _, pieces := range []int{1, 9, 70} {
			t.Run(fmt.Sprintf("%s/files=%d", name, pieces), func(t *testing.T) {
				w := newWorld(uint64(pieces), pieces == 9)
				for range 350 {
					w.commit()
				}
				s := open(t, options(refuseMaps(newDisk(t), every)))
				add(t, s, w.cut(pieces)...)
				v := s.View()
				defer v.Release()
				w.checkReads(t, v, 80)
				for i, f := range v.Files() {
					if every != 2 && f.Mapped() != (every == 1) {
						t.Errorf("file %d: mapped %v", i, f.Mapped())
					}
					if i%3 == 0 {
						f.KeepFilterOnDisk()
					}
				}
				w.checkReads(t, v, 40)
				w.checkTracked(t, s)
			})
		}
	}
}

// TestViewWithoutFiles asks a view that has none.
func TestViewWithoutFiles(t *testing.T) {
	v := open(t, options(newDisk(t))).View()
	defer v.Release()
	if first, last := v.Range(); first <= last {
		t.Errorf("the range is %d to %d", first, last)
	}
	got, done, err := v.Candidates(nil, nil, 0, store.MaxPosition, false, 1)
	ids, err2 := v.IDCandidates(nil, [16]byte{1}, 0, store.MaxPosition)
	keys, err3 := v.KeyCandidates(nil, "key")
	if len(got)+len(ids)+len(keys) > 0 || !done || errors.Join(err, err2, err3) != nil {
		t.Errorf("candidates %d, %v; ids %d; keys %d; %v", got, done, ids, keys, errors.Join(err, err2, err3))
	}
	if _, err := v.Places(nil, []store.Position{1}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a place: %v", err)
	}
}

// TestViewLimits walks with limits over files of which some have nothing: what comes is the next there is, and done is said in time.
func TestViewLimits(t *testing.T) {
	w := newWorld(5, true)
	for range 600 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	add(t, s, w.cut(30)...)
	v := s.View()
	defer v.Release()
	for range 300 {
		q := w.query()
		first, last := v.Range()
		want := w.matches(q, first-1, last)
		for _, backward := range []bool{false, true} {
			for limit := 1; limit <= len(want)+2; limit += 1 + len(want)/3 {
				if got := w.read(t, v, q, first-1, last, backward, limit); len(got) != len(want) {
					t.Fatalf("%+v, backward %v, limit %d: %d events, want %d", q, backward, limit, len(got), len(want))
				}
			}
		}
	}
}

// TestPlainPlaces reads places of blocks whose events lie in one segment without holes, which are read in one step once they were verified, among blocks
// that are not so.
func TestPlainPlaces(t *testing.T) {
	for _, every := range []int{0, 1} {
		var events []index.Entry
		at := index.MakePlace(3, 64)
		for p := store.Position(1); len(events) < 3000; p++ {
			switch {
			case len(events) > 1000 && len(events)%700 == 0: // a hole
				p += 5
			case len(events)%900 == 899: // another segment
				at = index.MakePlace(at.Segment()+2, 64)
			}
			events = append(events, index.Entry{Position: p, Place: at, Type: "t"})
			at += 50
		}
		s := open(t, options(refuseMaps(newDisk(t), every)))
		table := index.NewTable(seed, s.End())
		for i := range events {
			table.Add(&events[i])
		}
		last := events[len(events)-1]
		table.SetEnd(index.End{Position: last.Position, Next: at, Last: last.Place})
		if err := s.Add(table); err != nil {
			t.Fatal(err)
		}
		v := s.View()
		defer v.Release()
		w := &world{events: events}
		for range 2 { // the second time they are known
			w.checkPoints(t, v)
			for i := range events {
				if i > 0 && events[i].Position != events[i-1].Position+1 {
					if got, err := v.Places(nil, []store.Position{events[i].Position, events[i].Position - 1}); !errors.Is(err, store.ErrNotFound) || len(got) != 1 {
						t.Errorf("the place of a hole: %v, %v", got, err)
					}
				}
			}
			if got, err := v.Places(nil, []store.Position{last.Position + 1}); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a place behind the end: %v, %v", got, err)
			}
		}
	}
}

// TestMergedAwayWhileRead merges files again and again while views of them are read.
func TestMergedAwayWhileRead(t *testing.T) {
	w := newWorld(11, false)
	for range 400 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	pieces := w.cut(24)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for r := range 3 {
		wg.Go(func() {
			for i := r; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := w.readHeld(s, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i, p := range pieces {
		add(t, s, p)
		if i%3 == 2 {
			if err := s.MergeInto(t.Context(), 2); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	wg.Wait()
}

// readHeld reads the events of one stream by the view there is now, and their places.
func (w *world) readHeld(s *index.Set, i int) error {
	v := s.View()
	defer v.Release()
	_, last := v.Range()
	e := &w.events[i*31%len(w.events)]
	q := store.Query{{Stream: e.Stream}}
	got, _, err := v.Candidates(nil, q, 0, last, false, len(w.events))
	if err != nil {
		return err
	}
	places, err := v.Places(nil, got)
	if err != nil {
		return err
	}
	n := 0
	for j := range w.events {
		if x := &w.events[j]; x.Position <= last && q.Matches(event(x)) {
			if n == len(got) || got[n] != x.Position || places[n] != x.Place {
				return fmt.Errorf("event %d of %q up to %d is not the one at %d", n, e.Stream, last, x.Position)
			}
			n++
		}
	}
	if n < len(got) {
		return fmt.Errorf("%d events of %q up to %d, want %d", len(got), e.Stream, last, n)
	}
	return nil
}
