package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// Erase takes payloads away for good; see [store.Eraser]. It copies each segment concerned.
func (s *Store) Erase(ctx context.Context, e store.Erasure) (store.Result, error) {
	if err := e.Validate(); err != nil {
		return store.Result{}, err
	}
	if err := s.writable(ctx); err != nil {
		return store.Result{}, err
	}
	s.w.erasing.Lock()
	defer s.w.erasing.Unlock()
	if err := s.writable(ctx); err != nil { // it may have been closed meanwhile
		return store.Result{}, err
	}
	if err := s.finishPending(ctx); err != nil {
		return store.Result{}, fmt.Errorf("finish earlier erasures: %w", err)
	}
	events, err := s.erasureEvents(&e)
	if err != nil || len(events) == 0 {
		return store.Result{}, err
	}
	commit := store.Commit{Events: events}
	if err := store.ValidateRestored(&commit); err != nil { // reasons may add up to more than a commit holds
		return store.Result{}, err
	}
	r := s.w.requests.of(ctx, &commit)
	r.hurried = true
	if err := r.encode(events, nil); err != nil {
		return store.Result{}, err
	}
	if err := s.enqueue(ctx, r); err != nil {
		return store.Result{}, err
	}
	res, err := s.await(ctx, r)
	if err != nil {
		return res, err
	}
	return res, s.finishPending(ctx)
}

// erasureEvents makes the $erasure events for the positions that still have a payload.
func (s *Store) erasureEvents(e *store.Erasure) ([]store.Event, error) {
	if err := s.users.enter(); err != nil {
		return nil, err
	}
	defer s.users.leave()
	positions := slices.Clone(e.Positions)
	slices.Sort(positions)
	var events []store.Event
	for _, p := range slices.Compact(positions) {
		ev, ok, err := s.erasureEvent(p, e)
		if err != nil {
			return nil, err
		}
		if ok {
			events = append(events, ev)
		}
	}
	return events, nil
}

// erasureEvent makes the $erasure event for a position. It returns false where the payload is gone already.
func (s *Store) erasureEvent(p store.Position, e *store.Erasure) (store.Event, bool, error) {
	rec, r, err := s.recordAt(p)
	if err != nil {
		return store.Event{}, false, err
	}
	if r.Stream == store.ErasureStream {
		return store.Event{}, false, &store.InvalidError{Problem: fmt.Sprintf("position %d is the record of an erasure", p)}
	}
	if r.Erased != 0 {
		return store.Event{}, false, nil
	}
	ev, err := store.NewErasure(p, store.Commitment(rec.Salt(), r.Data, r.Metadata), e.Reason, e.Actor)
	return ev, true, err
}

// recordAt reads the record of a visible position and its event, or returns [store.ErrNotFound]. The caller is a user of
// the store.
func (s *Store) recordAt(p store.Position) (*segment.Record, *store.Recorded, error) {
	if first := s.first(); p < first && p > 0 {
		return nil, nil, &store.TruncatedError{First: first}
	}
	at, err := s.locate(p)
	if err != nil {
		return nil, nil, err
	}
	f := fetcher{s: s}
	defer f.close()
	var rec segment.Record
	if err := f.record(&rec, at, p, true); err != nil {
		return nil, nil, err
	}
	r := store.Recorded{Event: rec.Event(), Position: p}
	return &rec, &r, s.fillPayload(&r, &rec)
}

// locate returns the place of a visible position, or [store.ErrNotFound].
func (s *Store) locate(p store.Position) (index.Place, error) {
	if p == 0 || p > s.tip.position() {
		return 0, fmt.Errorf("position %d: %w", p, store.ErrNotFound)
	}
	v := s.views.acquire()
	defer s.views.release(v)
	for _, src := range v.sources() {
		if first, last := src.Range(); p < first || p > last {
			continue
		}
		return placeOf(src, p)
	}
	return 0, fmt.Errorf("position %d: %w", p, store.ErrNotFound)
}

// finishErasures makes the copies that visible erasures still need.
func (s *Store) finishErasures() error {
	s.w.erasing.Lock()
	defer s.w.erasing.Unlock()
	if err := s.writable(context.Background()); err != nil {
		return err
	}
	return s.finishPending(context.Background())
}

// finishPending is finishErasures with the lock held. What is in the active segment makes it roll first; whatever the sync
// policy, the erasures are durable before a copy is made.
func (s *Store) finishPending(ctx context.Context) error {
	head := s.tip.get().end
	pending, err := s.pendingPlaces(head.Position)
	if err != nil || len(pending) == 0 {
		return err
	}
	b := &barrier{}
	for _, at := range pending {
		b.roll = b.roll || at.Segment() == head.Next.Segment()
	}
	if err := s.pass(ctx, b); err != nil {
		return err
	}
	return s.copyPending(head.Position)
}

// pass sends a barrier through the queue and waits for it.
func (s *Store) pass(ctx context.Context, b *barrier) error {
	r := &request{ctx: ctx, barrier: b, hurried: true, done: make(chan outcome, 1)}
	if err := s.enqueue(ctx, r); err != nil {
		return err
	}
	_, err := s.await(ctx, r)
	return err
}

// pendingPlaces returns the places of the events whose erasure at or below a position is not finished.
func (s *Store) pendingPlaces(until store.Position) (map[store.Position]index.Place, error) {
	out := map[store.Position]index.Place{}
	for target, by := range s.erasures.list() {
		if by > until {
			continue
		}
		at, err := s.locate(target)
		if target < s.first() || errors.Is(err, store.ErrNotFound) { // there is nothing left of it, or never was
			s.erasures.finished(map[store.Position]store.Position{target: by})
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for the payload at position %d: %w", target, err)
		}
		out[target] = at
	}
	return out, nil
}

// copyPending makes the copies for erasures at or below a position; the payloads lie in sealed segments.
func (s *Store) copyPending(until store.Position) error {
	pending, err := s.pendingPlaces(until)
	if err != nil {
		return err
	}
	bySegment := map[uint32][]index.Place{}
	for _, at := range pending {
		bySegment[at.Segment()] = append(bySegment[at.Segment()], at)
	}
	for _, number := range slices.Sorted(maps.Keys(bySegment)) {
		if err := s.eraseIn(number, bySegment[number]); err != nil {
			return fmt.Errorf("erase in %s: %w", segmentName(number), err)
		}
	}
	done := s.erasures.list()
	maps.DeleteFunc(done, func(target, by store.Position) bool { return by > until })
	s.erasures.finished(done)
	return nil
}

// eraseIn replaces a segment by a copy without the payloads of some of its events.
func (s *Store) eraseIn(number uint32, places []index.Place) error {
	defer s.segs.replaced(number) // also where only the sync of the directory fails
	name := path.Join(s.dir, segmentName(number))
	from, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	slots, err := slotsToErase(from, places)
	if err != nil {
		return err
	}
	if len(slots) == 0 { // the copy was made, but its name may not be durable
		return s.fs.SyncDir(path.Dir(name))
	}
	to, err := s.fs.Create(name + tmpSuffix)
	if err != nil {
		return err
	}
	if err := errors.Join(copyWithout(from, to, slots), to.Close()); err != nil {
		return errors.Join(err, s.fs.Remove(name+tmpSuffix))
	}
	return replaceFile(s.fs, name)
}

// slot is where a payload stands in a segment.
type slot struct {
	at  int64
	len int
}

// slotsToErase returns the slots of records that still have a payload, or what damage left of one.
func slotsToErase(f vfs.File, places []index.Place) ([]slot, error) {
	var slots []slot
	for _, at := range places {
		rec, err := readRecord(f, at)
		if err != nil {
			return nil, err
		}
		if rec.Erased == 0 && rec.CheckSlot() != segment.SlotZeroed {
			slots = append(slots, slot{int64(at.Offset()) + int64(rec.EnvelopeLen), rec.SlotLen})
		}
	}
	return slots, nil
}

// readRecord reads a record whole.
func readRecord(f vfs.File, at index.Place) (*segment.Record, error) {
	const longest = 1 << 16
	b := make([]byte, longest)
	n, err := f.ReadAt(b, int64(at.Offset()))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	rec := &segment.Record{}
	if err := rec.Decode(b[:n]); err != nil {
		return nil, err
	}
	rec.At, rec.Slot = at, make([]byte, rec.SlotLen)
	if n, err := f.ReadAt(rec.Slot, int64(at.Offset())+int64(rec.EnvelopeLen)); n < rec.SlotLen {
		return nil, fmt.Errorf("read payload: %w", err)
	}
	return rec, nil
}

// copyWithout copies a file, with zeros in place of some slots, and syncs the copy.
func copyWithout(from, to vfs.File, slots []slot) error {
	size, err := from.Size()
	if err != nil {
		return err
	}
	buf := make([]byte, 1<<20)
	for off := int64(0); off < size; off += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), size-off)]
		if n, err := from.ReadAt(b, off); n < len(b) {
			return errors.Join(io.ErrUnexpectedEOF, err)
		}
		for _, s := range slots {
			blank(b, off, s)
		}
		if _, err := to.WriteAt(b, off); err != nil {
			return err
		}
	}
	return to.Sync()
}

// blank zeroes what of a slot lies in b, which stands at off.
func blank(b []byte, off int64, s slot) {
	from, to := max(s.at-off, 0), min(s.at+int64(s.len)-off, int64(len(b)))
	if from < to {
		clear(b[from:to])
	}
}
