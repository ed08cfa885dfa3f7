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

	held *segment.Frame // a frame of which not all events have been taken, nil for none
	from int            // offset in the body of its first record that was not
	rest uint32         // the ordinal of that record
}

const (
	firstStep = 8 << 10
	maxStep   = 256 << 10
)

// scanAll is a source of all events, oldest first, that walks the log.
func (r *reading) scanAll(dst []store.Recorded, after, until store.Position, n int) ([]store.Recorded, store.Position, error) {
	t := taking{s: r.s, scan: &r.scan, events: dst, after: after, until: until, n: n}
	err := t.rest()
	if err == nil {
		err = r.s.walk(&r.scan, after, until, t.frame)
	}
	if errors.Is(err, errStopped) {
		return t.events, t.events[len(t.events)-1].Position, nil
	}
	return t.events, until, err
}

// taking collects the events of frames until it has enough.
type taking struct {
	s            *Store
	scan         *scan
	events       []store.Recorded
	after, until store.Position
	n, bytes     int
}

// rest takes what is left of the frame where the batch before ended.
func (t *taking) rest() error {
	f := t.scan.held
	if f == nil {
		return nil
	}
	if err := t.records(f, t.scan.from, t.scan.rest); err != nil {
		return t.s.placed(err, f.At, f.First)
	}
	t.scan.held = nil
	t.scan.next = f.At + index.Place(f.Size())
	return nil
}

// frame takes the events of a frame. Where it has enough it returns errStopped, and the frame is held for the next batch.
func (t *taking) frame(f *segment.Frame) error {
	_, _, records, err := f.Prefix()
	if err != nil {
		return err
	}
	return t.records(f, len(f.Body)-len(records), 0)
}

func (t *taking) records(f *segment.Frame, from int, ordinal uint32) error {
	_, tracking, _, err := f.Prefix()
	if err != nil {
		return err
	}
	return f.RecordsFrom(from, ordinal, func(rec *segment.Record) error {
		p := f.First + store.Position(rec.Ordinal)
		if p <= t.after || p > t.until {
			return nil
		}
		e, err := t.s.recorded(f, rec, tracking)
		if err != nil {
			return err
		}
		t.events = append(t.events, e)
		if t.bytes += rec.SlotLen; len(t.events) < t.n && t.bytes < maxBatchBytes {
			return nil
		}
		held := *f
		t.scan.held, t.scan.from, t.scan.rest = &held, int(rec.Back)-segment.FrameHeaderSize+rec.Size(), rec.Ordinal+1
		return errStopped
	})
}

// recorded makes an event of a record of a frame, with its payload, which shares memory with the frame.
func (s *Store) recorded(f *segment.Frame, rec *segment.Record, tracking *store.Tracking) (store.Recorded, error) {
	e := store.Recorded{
		Event: rec.Event(), Position: f.First + store.Position(rec.Ordinal), Commit: f.First,
		Version: rec.Version, RecordedAt: fromMicros(f.RecordedAt), Tracking: tracking,
	}
	return e, s.fillPayload(&e, rec)
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
		return f.frameAt, nil
	}
	return 0, nil
}
