package disk

import (
	"errors"
	"fmt"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// replay walks the tail of the log into tables. Its end is X of doc.go: where the good frames end.
type replay struct {
	s       *Store
	numbers []uint32    // of the segments
	limit   index.Place // frames from here on do not count
	stop    index.Place // where to stop, 0 for the end of the log
	hidden  bool        // nobody is to see it yet

	sizes map[uint32]int64 // how much of each segment counts; nil for all of it

	end    index.End
	last   segment.FrameHeader // of the last frame; zero before the first
	size   int64               // of the segment that end is in
	why    error               // why the frame at the end is not good; nil at the end of the file
	table  *index.Table        // the newest
	logged int64               // bytes of the log that table covers
	full   []*index.Table      // those before it, oldest first
	zeroed []zeroedSlot
}

// zeroedSlot is a payload of zeros that an $erasure must cover.
type zeroedSlot struct {
	p     store.Position
	frame index.Place
}

// replay finds the end of the log.
func (s *Store) replay(numbers []uint32) (*replay, error) {
	limit := ^index.Place(0)
	for {
		s.erasures = newErasures() // what an earlier round noted beyond the limit is no more
		rp := &replay{s: s, numbers: numbers, limit: limit}
		if err := rp.run(); err != nil {
			return nil, err
		}
		at, err := rp.uncovered()
		if err != nil {
			return nil, err
		}
		if at == 0 {
			return rp, rp.checkBehind()
		}
		if at < s.index.End().Next { // an index file covers it, so it was durable
			return nil, &store.DamagedError{File: segmentName(at.Segment()), Offset: int64(at.Offset()), Problem: errUncovered.Error()}
		}
		limit = at
	}
}

func (rp *replay) lastNumber() uint32 { return rp.numbers[len(rp.numbers)-1] }

func (rp *replay) run() error {
	s := rp.s
	rp.end = s.index.End()
	rp.table = index.NewTable(s.man.seed, rp.end)
	rp.show()
	for {
		number := rp.end.Next.Segment()
		if number > rp.lastNumber() {
			return &store.DamagedError{File: segmentName(number), Position: rp.end.Position + 1, Problem: "the segment is missing, but the one before it is sealed"}
		}
		sealed, err := rp.segment(number)
		if err != nil {
			return err
		}
		if !sealed {
			rp.table.SetEnd(rp.end)
			rp.show()
			return nil
		}
	}
}

// show makes the tables so far, and the end so far, what look-ups see.
func (rp *replay) show() {
	if rp.hidden {
		return
	}
	rp.s.views.change(rp.s.index, func([]*index.Table) []*index.Table {
		return append(append([]*index.Table(nil), rp.full...), rp.table)
	})
	if rp.s.tip == nil {
		rp.s.tip = newTip(rp.end)
		return
	}
	rp.s.tip.move(rp.end)
}

// segment walks one segment and says whether it is sealed. Otherwise the log ends in it.
func (rp *replay) segment(number uint32) (sealed bool, err error) {
	s := rp.s
	seg, err := s.openSegment(number, rp.end.Position+1)
	if err != nil {
		return false, err
	}
	defer s.segs.release(seg)
	if rp.size, err = seg.Size(); err != nil {
		return false, err
	}
	if rp.stop.Segment() == number {
		rp.size = min(rp.size, int64(rp.stop.Offset()))
	}
	if rp.end.Next.Offset() == segment.HeaderSize {
		ok, err := rp.header(seg)
		if err != nil {
			return false, err
		}
		if !ok {
			rp.end.Next = index.MakePlace(number, 0)
			return false, nil
		}
	} else if err := rp.begun(seg); err != nil {
		return false, err
	}
	w := segment.NewWalker(seg, s.man.id, rp.end.Next, rp.size, maxStep)
	for {
		f, err := w.Next()
		if err == nil && f.At >= rp.limit {
			err = errors.Join(segment.ErrBad, errUncovered)
		}
		if err == nil {
			err = rp.frame(&f)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, segment.ErrBad) {
				return false, err
			}
			rp.why = err
			return false, nil
		}
		if f.Flags&segment.FlagSeal != 0 {
			return true, nil
		}
	}
}

// header compares the header of a segment with where the log stands. It returns false for one that is not good.
func (rp *replay) header(seg *segmentFile) (ok bool, err error) {
	var b [segment.HeaderSize]byte
	if _, err := seg.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read %s: %w", segmentName(seg.number), err)
	}
	h, err := segment.DecodeHeader(b[:])
	if errors.Is(err, segment.ErrBad) {
		rp.why = err
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", segmentName(seg.number), err)
	}
	if problem := rp.chain(&h, seg.number); problem != "" {
		return false, &store.DamagedError{File: segmentName(seg.number), Position: rp.end.Position + 1, Problem: problem}
	}
	if rp.table != nil && rp.s.lock != nil && rp.tableFull() { // the header proves that all before it is durable
		return true, rp.newTable()
	}
	return true, nil
}

// begun checks the header of a segment the beginning of which the index files cover: whoever goes on writing to it must understand it.
func (rp *replay) begun(seg *segmentFile) error {
	if rp.s.lock == nil {
		return nil
	}
	var b [segment.HeaderSize]byte
	if _, err := seg.ReadAt(b[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", segmentName(seg.number), err)
	}
	h, err := segment.DecodeHeader(b[:])
	switch {
	case errors.Is(err, segment.ErrBad):
		return &store.DamagedError{File: segmentName(seg.number), Position: rp.end.Position, Problem: err.Error()}
	case err != nil:
		return fmt.Errorf("read %s: %w", segmentName(seg.number), err)
	}
	if problem := rp.identity(&h, seg.number); problem != "" {
		return &store.DamagedError{File: segmentName(seg.number), Position: rp.end.Position, Problem: problem}
	}
	return nil
}

func (rp *replay) identity(h *segment.Header, number uint32) string {
	switch {
	case h.StoreID != rp.s.man.id:
		return "the segment is of another store: " + segment.FormatID(h.StoreID)
	case h.Number != number:
		return fmt.Sprintf("the segment says that its number is %d", h.Number)
	}
	return ""
}

func (rp *replay) chain(h *segment.Header, number uint32) string {
	if problem := rp.identity(h, number); problem != "" {
		return problem
	}
	if h.Position != rp.end.Position || h.RecordedAt != rp.end.RecordedAt || h.Previous != rp.end.Checksum {
		return fmt.Sprintf("the segment follows position %d, not %d where the one before it ends", h.Position, rp.end.Position)
	}
	return ""
}

// frame verifies a frame whole and adds it to the table.
func (rp *replay) frame(f *segment.Frame) error {
	if rp.s.lock == nil && rp.tableFull() {
		if err := rp.newTable(); err != nil {
			return err
		}
	}
	key, tracking, _, err := f.Prefix()
	if err != nil {
		return err
	}
	entries, err := rp.entries(f, key)
	if err != nil {
		return err
	}
	if problem := rp.follows(f); problem != "" {
		return &store.DamagedError{File: segmentName(f.At.Segment()), Offset: int64(f.At.Offset()), Position: rp.end.Position + 1, Problem: problem}
	}
	for i := range entries {
		rp.s.erasures.note(&entries[i])
		rp.table.Add(&entries[i])
	}
	if tracking != nil {
		rp.table.AddTracking(tracking.Source, tracking.Position, f.At)
	}
	rp.last = f.FrameHeader
	rp.logged += int64(f.Size())
	rp.end = index.End{Position: f.Last(), Next: after(f.At, &f.FrameHeader), Last: f.At, Checksum: f.Sum, RecordedAt: f.RecordedAt}
	rp.table.SetEnd(rp.end)
	return nil
}

// follows says what is wrong with a good frame where it stands.
func (rp *replay) follows(f *segment.Frame) string {
	switch {
	case f.Events > 0 && f.First <= rp.end.Position, f.Events == 0 && f.First != rp.end.Position:
		return fmt.Sprintf("position %d does not follow %d", f.First, rp.end.Position)
	case f.RecordedAt < rp.end.RecordedAt:
		return "the time of a commit lies before that of the one before it"
	}
	return ""
}

// entries decodes the events of a frame and verifies them with their payloads.
func (rp *replay) entries(f *segment.Frame, key string) ([]index.Entry, error) {
	entries := make([]index.Entry, 0, f.Events)
	err := f.Records(func(r *segment.Record) error {
		e := entryOf(r, f)
		if r.Ordinal == 0 {
			e.Key = key
		}
		switch r.CheckSlot() {
		case segment.SlotBad:
			return fmt.Errorf("%w: the payload of event %d does not have its checksum", segment.ErrBad, r.Ordinal)
		case segment.SlotWhole:
		case segment.SlotZeroed:
			if rp.s.lock == nil { // reads judge
				break
			}
			rp.zeroed = append(rp.zeroed, zeroedSlot{e.Position, f.At})
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// entryOf returns what the index needs to know of a record.
func entryOf(r *segment.Record, f *segment.Frame) index.Entry {
	ev := r.Event()
	e := index.Entry{
		Position: f.First + store.Position(r.Ordinal), Place: r.At, Version: r.Version,
		RecordedAt: f.RecordedAt, Stream: ev.Stream, Type: ev.Type, Tags: ev.Tags,
	}
	e.ID, e.HasID = r.ID()
	return e
}

// tableFull says whether the table covers as much of the log as it may.
func (rp *replay) tableFull() bool {
	return rp.table.Len() > 0 && rp.logged >= rp.s.opts.IndexBytes
}

// newTable begins a table. It writes the one before, all of which is in sealed segments, to an index file, or keeps it where the
// store is read-only.
func (rp *replay) newTable() error {
	s := rp.s
	old := rp.table
	old.SetEnd(rp.end)
	rp.table, rp.logged = index.NewTable(s.man.seed, rp.end), 0
	if s.lock == nil {
		rp.full = append(rp.full, old)
		rp.show()
		return nil
	}
	rp.full = []*index.Table{old}
	rp.show()
	if err := s.copyPending(rp.end.Position); err != nil {
		return fmt.Errorf("finish erasures: %w", err)
	}
	if err := s.index.Add(old); err != nil {
		return fmt.Errorf("write index file: %w", err)
	}
	rp.full = nil
	rp.show()
	return nil
}

// uncovered returns the place of the first frame with a payload of zeros that no $erasure covers, 0 for none.
func (rp *replay) uncovered() (index.Place, error) {
	for _, z := range rp.zeroed {
		by, err := rp.s.erasedBy(z.p)
		if err != nil {
			return 0, err
		}
		if by == 0 {
			return z.frame, nil
		}
	}
	return 0, nil
}
