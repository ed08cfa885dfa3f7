package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

const dir = "data/store"

// promise is what a store must keep of a history, whatever happens to the machine.
type promise struct {
	commits []store.RecordedCommit // all that were sent, in order
	kept    int                    // so many of them were acknowledged as durable
	made    bool                   // opening the store has returned once

	erased  map[store.Position]bool // Erase has returned for these
	first   store.Position          // the log begins here, or further on up to through+1
	through store.Position          // of a Truncate that has not returned; 0 for none
}

// verify opens an image and compares everything in it with the promise, goes on appending, and crashes it once more. It returns the number
// of commits that were found.
func (p *promise) verify(img *simfs.FS, o disk.Options, rnd choice) (int, error) {
	o.FS = img
	if err := p.checkClosed(img, o); err != nil {
		return 0, err
	}
	if err := p.noTrace(img, p.erased); err != nil {
		return 0, fmt.Errorf("before opening: %w", err)
	}
	s, err := disk.Open(dir, o)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	n, err := p.verifyOpen(img, s, rnd)
	if err == nil {
		err = p.verifyAgain(img, s, o, n)
	}
	if closeErr := s.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close: %w", closeErr)
	}
	return n, err
}

// checkClosed says whether Check finds a problem in a store that is not open, or changes it.
func (p *promise) checkClosed(img *simfs.FS, o disk.Options) error {
	before := filesOf(img)
	report, err := disk.Check(context.Background(), dir, o, store.CheckOptions{})
	if !p.made && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if len(report.Problems) > 0 {
		return fmt.Errorf("check finds %+v", report.Problems)
	}
	return unchanged(before, filesOf(img))
}

// unchanged says what has become of files.
func unchanged(before, now map[string][]byte) error {
	for name, b := range before {
		if is, ok := now[name]; !ok || !bytes.Equal(b, is) {
			return fmt.Errorf("%s has changed", name)
		}
	}
	if len(now) > len(before) {
		return fmt.Errorf("there are %d files, there were %d", len(now), len(before))
	}
	return nil
}

// verifyOpen compares an open store with the promise.
func (p *promise) verifyOpen(img *simfs.FS, s *disk.Store, rnd choice) (int, error) {
	n, first, err := p.content(s)
	if err != nil {
		return n, err
	}
	found := p.commits[:n]
	gone := map[store.Position]bool{}
	for target := range erasedBy(found) {
		gone[target] = true
	}
	if err := p.noTrace(img, gone); err != nil {
		return n, fmt.Errorf("after opening: %w", err)
	}
	v := view{s: s, all: found, left: from(after(found), first), first: first}
	if err := v.compare(rnd); err != nil {
		return n, fmt.Errorf("with %d of %d commits: %w", n, len(p.commits), err)
	}
	report, err := s.Check(context.Background(), store.CheckOptions{})
	if err == nil && len(report.Problems) > 0 {
		err = fmt.Errorf("the open store has %+v", report.Problems)
	}
	return n, err
}

// content says how many of the commits are there, and where the log begins.
func (p *promise) content(s *disk.Store) (n int, first store.Position, err error) {
	got, first, err := dump(s)
	if err != nil {
		return 0, first, fmt.Errorf("dump: %w", err)
	}
	if first != p.first && (first < p.first || first > p.through+1) {
		return 0, first, fmt.Errorf("the log begins at %d; it began at %d, truncating through %d", first, p.first, p.through)
	}
	got = from(got, first)
	problem := ""
	for n := p.kept; n <= len(p.commits); n++ {
		want := from(after(p.commits[:n]), first)
		if len(want) != len(got) {
			continue
		}
		if len(got) > 0 && !reflect.DeepEqual(want, got) {
			problem += fmt.Sprintf("; these differ (-want +got):\n%.3000s", cmp.Diff(want, got))
			continue
		}
		if err := compareTracked(s, p.commits[:n]); err != nil {
			if errors.Is(err, store.ErrDamaged) {
				return n, first, err
			}
			problem += "; " + err.Error()
			continue
		}
		return n, first, nil
	}
	return 0, first, fmt.Errorf("found %d commits from position %d on, want %d to %d%s",
		len(got), first, len(from(p.commits[:p.kept], first)), len(from(p.commits, first)), problem)
}

// noTrace looks for erased payloads in all files.
func (p *promise) noTrace(img *simfs.FS, gone map[store.Position]bool) error {
	if len(gone) == 0 {
		return nil
	}
	var marks [][]byte
	for _, e := range eventsOf(p.commits) {
		if gone[e.Position] && len(e.Data) > 0 {
			marks = append(marks, e.Data[:min(len(e.Data), markBytes)])
		}
	}
	for name, b := range filesOf(img) {
		for _, mark := range marks {
			if at := bytes.Index(b, mark); at >= 0 {
				return fmt.Errorf("%s has the erased payload %q at offset %d", name, mark, at)
			}
		}
	}
	return nil
}

// verifyAgain appends to an open store that has the first n commits, crashes it without closing, and looks at what is there then.
func (p *promise) verifyAgain(img *simfs.FS, s *disk.Store, o disk.Options, n int) error {
	again := *p
	h := newHistory()
	h.commits = slices.Clone(p.commits[:n:n])
	h.back(n)
	c := store.Commit{Events: []store.Event{{Stream: "later-1", Type: "Later", Data: []byte("later")}}, Key: fmt.Sprintf("later-%d", n)}
	want := h.predict(&c, o.Clock())
	got, err := s.Append(context.Background(), c)
	if err != nil {
		return fmt.Errorf("append: %w", err)
	}
	if d := cmp.Diff(want, got); d != "" {
		return fmt.Errorf("append answers (-want +got):\n%s", d)
	}
	if got, err = s.Append(context.Background(), c); err != nil || !got.Duplicate || got.First != want.First {
		return fmt.Errorf("append again answers %+v, %w", got, err)
	}
	if o.Sync == disk.SyncAlways {
		img = img.CrashWorst()
	} else {
		img = img.CrashBest()
	}
	o.FS = img
	s, err = disk.Open(dir, o)
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	again.commits, again.kept = h.commits, len(h.commits)
	if _, _, err = again.content(s); err != nil {
		err = fmt.Errorf("after another crash: %w", err)
	}
	return errors.Join(err, s.Close())
}
