package index_test

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// verify returns what Verify reports of all files.
func verify(tb testing.TB, s *index.Set) []store.Problem {
	tb.Helper()
	v := s.View()
	defer v.Release()
	var out []store.Problem
	for _, f := range v.Files() {
		if err := f.Verify(tb.Context(), func(p store.Problem) { out = append(out, p) }); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

func TestVerifyFindsNothingWrong(t *testing.T) {
	for n := range uint64(4) {
		w := newWorld(n, n%2 == 1)
		for range 2000 {
			w.commit()
		}
		s := open(t, options(newDisk(t)))
		add(t, s, w.cut(3)...)
		if got := verify(t, s); len(got) > 0 {
			t.Fatalf("%d problems, the first: %+v", len(got), got[0])
		}
		if err := s.MergeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := verify(t, s); len(got) > 0 {
			t.Fatalf("%d problems after merging, the first: %+v", len(got), got[0])
		}
	}
}

// readRight reads in many ways, and fails for an answer that is wrong without saying so.
func (w *world) readRight(tb testing.TB, f *index.File, queries []store.Query) {
	tb.Helper()
	first, last := f.Range()
	right := func(err error, got, want any) {
		tb.Helper()
		if err != nil {
			if _, ok := errors.AsType[*store.DamagedError](err); !ok {
				tb.Fatalf("error %v is not of damage", err)
			}
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			tb.Fatalf("wrong answer (-want +got):\n%s", diff)
		}
	}
	for i, q := range queries {
		got, _, err := f.Candidates(nil, q, first-1, last, i%2 == 0, 1000)
		var kept []store.Position
		for _, p := range got {
			if e := w.at(p); e != nil && q.Matches(event(e)) {
				kept = append(kept, p)
			}
		}
		slices.Sort(kept)
		right(err, kept, w.matches(q, first-1, last))
	}
	for i := range w.events {
		e := &w.events[i]
		if e.Position < first || e.Position > last {
			continue
		}
		places, err := f.Places(nil, []store.Position{e.Position})
		right(err, places, []index.Place{e.Place})
		if e.HasID {
			ids, err := f.IDCandidates(nil, e.ID, first-1, last)
			right(err, slices.Contains(ids, e.Position), true)
		}
		if e.Stream != "" && i%4 == 0 {
			info, _, err := f.Stream(e.Stream)
			version := uint64(0)
			for j := range w.events {
				if w.events[j].Stream == e.Stream && w.events[j].Position <= last {
					version = w.events[j].Version
				}
			}
			if err != nil {
				info.Version = 0
			}
			right(err, info.Version, version)
		}
	}
	for source, want := range w.trackings {
		got, ok, err := f.Tracked(source, ^index.Place(0))
		right(err, ok && got == want, true)
	}
}

// TestEveryFlippedBit flips each bit of a small index file and of its places: Verify names the file, and no read gives a wrong answer.
func TestEveryFlippedBit(t *testing.T) {
	w := newWorld(21, true)
	for range 5 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(1)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var queries []store.Query
	for range 8 {
		queries = append(queries, w.query())
	}
	for name, bytes := range contents(t, disk) {
		t.Run(path.Ext(name), func(t *testing.T) {
			t.Logf("%d bytes", len(bytes))
			step := int64(1)
			if testing.Short() {
				step = 61
			}
			for bit := int64(0); bit < int64(len(bytes))*8; bit += step {
				w.flip(t, disk, name, bit, queries)
			}
		})
	}
}

func (w *world) flip(t *testing.T, disk *simfs.FS, name string, bit int64, queries []store.Query) {
	t.Helper()
	full := path.Join(dir, name)
	before := open(t, options(disk))
	defer func() { _ = before.Close() }()
	if err := disk.Flip(full, bit); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := disk.Flip(full, bit); err != nil {
			t.Fatal(err)
		}
	}()
	problems := verify(t, before)
	if len(problems) == 0 {
		t.Fatalf("bit %d: Verify found nothing", bit)
	}
	for _, p := range problems {
		if p.File != "index/"+name || p.Position != 1 {
			t.Fatalf("bit %d: %+v", bit, p)
		}
	}
	o := options(disk)
	o.ReadOnly = true
	after, err := index.Open(o)
	if errors.Is(err, store.ErrUnsupported) {
		t.Fatalf("bit %d: %v", bit, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = after.Close() }()
	view := after.View()
	defer view.Release()
	if len(view.Files()) == 0 {
		if len(after.Problems()) == 0 {
			t.Fatalf("bit %d: the file was not taken, without a problem", bit)
		}
		return
	}
	w.readRight(t, view.Files()[0], queries)
}

// TestFlippedBitsOfLongLists does the same to bits here and there in a file with trees.
func TestFlippedBitsOfLongLists(t *testing.T) {
	w := newWorld(22, false)
	w.streams = 3
	for range 6000 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(1)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, bytes := range contents(t, disk) {
		if !strings.HasSuffix(name, ".idx") {
			continue
		}
		for range 60 {
			bit := w.rand.Int64N(int64(len(bytes)) * 8)
			before := open(t, options(disk))
			if err := disk.Flip(path.Join(dir, name), bit); err != nil {
				t.Fatal(err)
			}
			if len(verify(t, before)) == 0 {
				t.Fatalf("bit %d: Verify found nothing", bit)
			}
			if err := disk.Flip(path.Join(dir, name), bit); err != nil {
				t.Fatal(err)
			}
			_ = before.Close()
		}
	}
}

// TestCutFiles cuts files short and makes them longer.
func TestCutFiles(t *testing.T) {
	w := newWorld(23, false)
	for range 20 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(1)...)
	_ = s.Close()
	for name, bytes := range contents(t, disk) {
		for n := 0; n <= len(bytes)+8; n += 8 {
			if n == len(bytes) {
				continue
			}
			changed := (bytes + strings.Repeat("\x00", 16))[:n]
			if err := disk.WriteFile(path.Join(dir, name), []byte(changed)); err != nil {
				t.Fatal(err)
			}
			o := options(disk)
			o.ReadOnly = true
			s := open(t, o)
			v := s.View()
			if len(v.Files()) > 0 && !strings.HasSuffix(name, ".places") {
				t.Errorf("%s of %d bytes, not %d, was taken", name, n, len(bytes))
			}
			if len(v.Files()) == 0 && len(s.Problems()) == 0 {
				t.Errorf("%s of %d bytes: no problem", name, n)
			}
			for _, f := range v.Files() {
				w.readRight(t, f, nil)
			}
			v.Release()
			_ = s.Close()
		}
		if err := disk.WriteFile(path.Join(dir, name), []byte(bytes)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOtherVersion(t *testing.T) {
	w := newWorld(24, false)
	for range 5 {
		w.commit()
	}
	disk := newDisk(t)
	s := open(t, options(disk))
	add(t, s, w.cut(1)...)
	_ = s.Close()
	for name, bytes := range contents(t, disk) {
		raw := []byte(bytes)
		index.SetVersion(raw, 2)
		if err := disk.WriteFile(path.Join(dir, name), raw); err != nil {
			t.Fatal(err)
		}
		if s, err := index.Open(options(disk)); !errors.Is(err, store.ErrUnsupported) {
			t.Errorf("Open with %s of version 2: %v, %v", name, s, err)
		}
		if err := disk.WriteFile(path.Join(dir, name), []byte(bytes)); err != nil {
			t.Fatal(err)
		}
	}
	o := options(disk)
	o.Seed++
	if s := open(t, o); s.End() != (index.End{}) || len(s.Problems()) == 0 {
		t.Errorf("another seed: up to %+v, problems %v", s.End(), s.Problems())
	}
}

// audit compares the one file of s with events, and returns what is reported.
func (w *world) audit(tb testing.TB, s *index.Set, frames []frame) []store.Problem {
	tb.Helper()
	v := s.View()
	defer v.Release()
	var out []store.Problem
	for _, f := range v.Files() {
		a, err := index.NewAudit(tb.Context(), f, 0, func(p store.Problem) { out = append(out, p) })
		if err != nil {
			tb.Fatal(err)
		}
		for i := range frames {
			for j := range frames[i].events {
				if err := a.Add(&frames[i].events[j]); err != nil {
					tb.Fatal(err)
				}
			}
			if frames[i].source != "" {
				a.AddTracking(frames[i].source, frames[i].position)
			}
		}
		if err := a.Done(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

func TestAudit(t *testing.T) {
	w := newWorld(25, true)
	for range 500 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	add(t, s, w.cut(3)...)
	if err := s.MergeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.audit(t, s, w.frames); len(got) > 0 {
		t.Fatalf("of a right file: %+v", got)
	}
	changes := map[string]func(f *frame, e *index.Entry){
		"place":     func(_ *frame, e *index.Entry) { e.Place++ },
		"version":   func(_ *frame, e *index.Entry) { e.Version++; e.Stream += "x" },
		"stream":    func(_ *frame, e *index.Entry) { e.Stream = "account-new"; e.Version = 1 },
		"type":      func(_ *frame, e *index.Entry) { e.Type = "other" },
		"tag":       func(_ *frame, e *index.Entry) { e.Tags = append([]string{"new"}, e.Tags...) },
		"no tag":    func(_ *frame, e *index.Entry) { e.Tags = nil },
		"id":        func(_ *frame, e *index.Entry) { e.HasID = !e.HasID },
		"key":       func(_ *frame, e *index.Entry) { e.Key += "x" },
		"last time": func(*frame, *index.Entry) {},
		"tracking":  func(f *frame, _ *index.Entry) { f.position++ },
		"missing":   func(f *frame, _ *index.Entry) { f.events = f.events[1:] },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			frames := slices.Clone(w.frames)
			for i := range frames {
				frames[i].events = slices.Clone(frames[i].events)
			}
			if name == "last time" { // of the last event of a stream
				last := w.events[len(w.events)-1]
				for i := range frames {
					for j := range frames[i].events {
						if e := &frames[i].events[j]; e.Stream == last.Stream && e.Version == last.Version && e.Stream != "" {
							e.RecordedAt++
						}
					}
				}
				if last.Stream == "" {
					t.Skip("the last event has no stream")
				}
			}
			i := len(frames) - 1
			for len(frames[i].events) == 0 || len(frames[i].events[0].Tags) == 0 || frames[i].source == "" ||
				w.trackings[frames[i].source] != frames[i].position {
				i--
			}
			change(&frames[i], &frames[i].events[0])
			if got := w.audit(t, s, frames); len(got) == 0 {
				t.Error("nothing was reported")
			}
		})
	}
}

func TestAuditOfTruncated(t *testing.T) {
	w := newWorld(26, true)
	for range 200 {
		w.commit()
	}
	s := open(t, options(newDisk(t)))
	pieces := w.cut(4)
	add(t, s, pieces...)
	if err := s.MergeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := pieces[0][len(pieces[0])-1].end.Position + 1
	if err := s.DropBelow(first); err != nil {
		t.Fatal(err)
	}
	for _, f := range files(t, s) {
		for _, wrong := range []bool{false, true} {
			var got []string
			a, err := index.NewAudit(t.Context(), f, first, func(p store.Problem) { got = append(got, p.Message) })
			if err != nil {
				t.Fatal(err)
			}
			for i := range w.events {
				e := w.events[i]
				if wrong && i == len(w.events)-1 {
					e.Type = "other"
				}
				if e.Position >= first {
					if err := a.Add(&e); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := a.Done(t.Context()); err != nil || (len(got) > 0) != wrong {
				t.Errorf("wrong %v: %v, %s", wrong, err, fmt.Sprint(got))
			}
		}
	}
}
