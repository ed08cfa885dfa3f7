package disk

import (
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// fillPayload gives r its data and metadata, which share memory with the record's slot, or says what erased them. The caller is a user of the store.
func (s *Store) fillPayload(r *store.Recorded, rec *segment.Record) error {
	erased, err := s.erased(rec, r.Position)
	if err != nil {
		return err
	}
	if r.Erased = erased; erased == 0 {
		r.Data, r.Metadata = clipped(rec.Data()), clipped(rec.Metadata())
	}
	return nil
}

// erased verifies the slot of the record at a position, and returns what erased it: 0 where the payload is there. The caller is a user of the store.
func (s *Store) erased(rec *segment.Record, p store.Position) (store.Position, error) {
	by, state := s.inSlot(rec, p)
	if state == segment.SlotWhole {
		return by, nil
	}
	return s.notWhole(rec.At, rec.EnvelopeLen, p, state)
}

// inSlot is erased without looking anything up. The state is that of the slot, or SlotWhole where it does not matter.
func (s *Store) inSlot(rec *segment.Record, p store.Position) (store.Position, segment.SlotState) {
	if by := s.hiddenBy(p); by != 0 {
		return by, segment.SlotWhole
	}
	return rec.Erased, rec.CheckSlot()
}

// hiddenBy returns what erased the payload at a position, as far as that is remembered and visible, else 0.
func (s *Store) hiddenBy(p store.Position) store.Position {
	if s.erasures.any.Load() {
		if by := s.erasures.by(p); by != 0 && by <= s.tip.position() {
			return by
		}
	}
	return 0
}

// notWhole is erased for a slot, behind the envelope of a record at a place, that does not hold what was written.
func (s *Store) notWhole(at index.Place, envelope int, p store.Position, state segment.SlotState) (store.Position, error) {
	if state == segment.SlotBad {
		return 0, damagedPayload(at, envelope, p, "the payload does not have its checksum")
	}
	by, err := s.erasedBy(p)
	if err == nil && by == 0 {
		err = damagedPayload(at, envelope, p, "the payload is zeros and no $erasure covers it")
	}
	return by, err
}

func damagedPayload(at index.Place, envelope int, p store.Position, problem string) error {
	return &store.DamagedError{
		File: segmentName(at.Segment()), Offset: int64(at.Offset()) + int64(envelope),
		Position: p, Problem: problem,
	}
}

// clipped returns nil for nothing, and else b without room to append.
func clipped(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clip(b)
}

// erasedBy looks for the $erasure of a position up to the visible head of this moment, 0 for none. A read-only store that does not
// find it looks at what the writer has done meanwhile.
func (s *Store) erasedBy(p store.Position) (store.Position, error) {
	by, err := s.findErasure(p)
	if err != nil || by != 0 || s.f == nil {
		return by, err
	}
	if err := s.f.refresh(s.f.awaitHead); err != nil {
		return 0, err
	}
	return s.findErasure(p)
}

func (s *Store) findErasure(p store.Position) (store.Position, error) {
	q := store.Query{{Stream: store.ErasureStream, Tags: []string{store.ErasesTag(p)}}}
	v := s.views.acquire()
	defer s.views.release(v)
	head := s.tip.position()
	for _, src := range slices.Backward(v.sources()) {
		r, err := s.lastIn(src, q, func(r *store.Recorded) bool {
			target, ok := store.ErasedPosition(&r.Event)
			return ok && target == p && r.Position <= head
		})
		if err != nil {
			return 0, err
		}
		if r != nil {
			s.erasures.found(p, r.Position)
			return r.Position, nil
		}
	}
	return 0, nil
}
