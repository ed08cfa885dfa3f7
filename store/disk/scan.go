package disk

import (
	"errors"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// scan is a place in the log where a walk over all frames goes on.
type scan struct {
	next index.Place // of a frame; 0 when it has to be found
	step int         // bytes read at once
}

// walk calls visit for the frames that have something in (after, until], and for those without events between them, in
// order. An error of visit ends it, and the scan goes on with that frame.
func (s *Store) walk(sc *scan, after, until store.Position, visit func(f *segment.Frame) error) error {
	end := s.tip.get().end.Next
	if sc.next == 0 {
		at, err := s.frameOf(after, until)
		if err != nil {
			return err
		}
		if at == 0 { // no event there, which is no reason to go through what comes before
			return nil
		}
		sc.next, sc.step = at, firstStep
	}
	for sc.next < end {
		if base := s.base().Next; sc.next < base { // the segment was dropped
			if first := s.first(); after+1 < first {
				return &store.TruncatedError{First: first}
			}
			sc.next = base
		}
		done, err := s.walkSegment(sc, end, after, until, visit)
		if errors.Is(err, errDropped) {
			continue
		}
		if done || err != nil {
			return err
		}
	}
	return nil
}

// walkSegment walks what is left of one segment, and says whether it came to until.
func (s *Store) walkSegment(sc *scan, end index.Place, after, until store.Position, visit func(f *segment.Frame) error) (done bool, err error) {
	number := sc.next.Segment()
	seg, err := s.openSegment(number, after+1)
	if err != nil {
		return false, err
	}
	defer s.segs.release(seg)
	size, err := seg.Size()
	if err != nil {
		return false, err
	}
	if number == end.Segment() {
		size = min(size, int64(end.Offset()))
	}
	w := segment.NewWalker(seg, s.man.id, sc.next, size, sc.step)
	w.KeepBodies()
	sc.step = min(2*sc.step, maxStep)
	for sc.next < end {
		f, err := w.Next()
		if errors.Is(err, io.EOF) {
			err = errors.Join(segment.ErrBad, errors.New("the segment ends without a seal"))
		}
		if err != nil {
			return false, s.placed(err, sc.next, after+1)
		}
		if f.Events > 0 && f.First > until {
			return true, nil
		}
		if f.Events == 0 || f.Last() > after {
			if err := visit(&f); err != nil {
				return false, s.placed(err, f.At, f.First)
			}
		}
		sc.next = w.At()
		if f.Flags&segment.FlagSeal != 0 {
			sc.next = index.MakePlace(number+1, segment.HeaderSize)
			return false, nil
		}
	}
	return false, nil
}

// frameOf returns the place of the frame with the first event in (after, until], 0 for none.
func (s *Store) frameOf(after, until store.Position) (index.Place, error) {
	v := s.views.acquire()
	defer s.views.release(v)
	var one [1]store.Position
	for _, src := range v.sources() {
		if _, last := src.Range(); last <= after {
			continue
		}
		got, _, err := src.Candidates(one[:0], nil, after, until, false, 1)
		if err != nil {
			return 0, err
		}
		if len(got) == 0 {
			continue
		}
		at, err := placeOf(src, got[0])
		if err != nil {
			return 0, err
		}
		f := fetcher{s: s}
		defer f.close()
		var rec segment.Record
		if err := f.record(&rec, at, got[0], false); err != nil {
			return 0, err
		}
		return f.frame.at, nil
	}
	return 0, nil
}
