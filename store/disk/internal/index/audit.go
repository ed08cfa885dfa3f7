package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/zeebo/xxh3"

	"github.com/gestadb/gesta/store"
)

// Audit compares a file of the index with the log. It is given every event of the file's range, in order, and does not keep them:
// it adds up a hash of each fact that the log holds and takes away one of each that the index holds, so that what is missing,
// superfluous or wrong leaves a rest. Postings are added up apart for each eventsPerSlot events, so that the report can say
// where. In memory it has 16 bytes for those, and a bit for each position at which a stream ends, in words of 64 positions. An
// Audit belongs to one goroutine.
type Audit struct {
	f      *File
	report func(store.Problem)
	first  store.Position // events below it are gone

	straddles bool // frames without events are gone

	slots  []slot
	events uint64
	hashes []uint64
	places *placesReader

	ends      map[uint64]uint64 // the positions that the index says are the last of a stream: a bit for each, 64 by the position / 64
	versions  uint64            // rest of the versions of the streams
	lasts     uint64            // rest of the last events of the streams
	types     uint64            // rest of the numbers of the types
	trackings map[string]uint64
}

// slot is the rest of the postings of some events.
type slot struct {
	first store.Position
	rest  uint64
}

// eventsPerSlot is how many events share a slot.
const eventsPerSlot = 256

// NewAudit returns an Audit of f that reports what is wrong. Events below first were truncated and are not compared; then neither are the names. The
// view that has f is held until Done.
func NewAudit(ctx context.Context, f *File, first store.Position, report func(store.Problem)) (*Audit, error) {
	a := &Audit{
		f: f, report: report, first: max(first, f.core.first), places: f.placesReader(false), ends: map[uint64]uint64{}, trackings: map[string]uint64{},
	}
	if a.truncated() {
		return a, nil
	}
	return a, a.ended(a.readNames(ctx))
}

func (a *Audit) truncated() bool { return a.straddles || a.first > a.f.core.first }

// Straddle says that the log has lost frames of the file's range although it has all of its events: frames without events. Names and
// tracking are then not compared.
func (a *Audit) Straddle() { a.straddles = true }

// ended reports damage and returns any other error.
func (a *Audit) ended(err error) error {
	if damaged, ok := errors.AsType[*store.DamagedError](err); ok {
		a.report(problemOf(damaged))
		return nil
	}
	return err
}

// wrong reports what disagrees with the log.
func (a *Audit) wrong(name string, offset int64, p store.Position, format string, args ...any) {
	a.report(store.Problem{Code: "index", File: name, Offset: offset, Position: p, Message: fmt.Sprintf(format, args...)})
}

// readNames takes away what the index says of streams and types.
func (a *Audit) readNames(ctx context.Context) error {
	f := a.f.core
	streams := f.streamNames()
	for i := range streams.count {
		if err := ctx.Err(); err != nil {
			return err
		}
		name, values, err := streams.get(i)
		if err != nil {
			return err
		}
		s := f.origin().state(values)
		a.versions -= factOf(string(name), s.version, 0, 0) - factOf(string(name), s.version-s.events, 0, 0)
		a.lasts -= factOf(string(name), s.version, uint64(s.last), uint64(s.recordedAt))
		a.ends[uint64(s.last)/64] |= 1 << (s.last % 64)
	}
	types := f.typeNames()
	for i := range types.count {
		name, values, err := types.get(i)
		if err != nil {
			return err
		}
		a.types -= values[0] * factOf(string(name), 0, 0, 0)
	}
	return nil
}

// factOf hashes a name with numbers.
func factOf(name string, x, y, z uint64) uint64 {
	h := xxh3.HashStringSeed(name, 1)
	for _, v := range [3]uint64{x, y, z} {
		h = mix(h, v)
	}
	return h
}

func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0x9e3779b97f4a7c15
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// Add compares the next event. It reports a place that is wrong at once, all else when Done.
func (a *Audit) Add(e *Entry) error {
	if e.Position < a.first || e.Position > a.f.core.last() {
		return nil
	}
	if a.events%eventsPerSlot == 0 {
		a.slots = append(a.slots, slot{first: e.Position})
	}
	a.events++
	a.hashes = a.f.core.hasher.appendTerms(a.hashes[:0], e)
	for _, hash := range a.hashes {
		a.slots[len(a.slots)-1].rest += mix(hash, uint64(e.Position))
	}
	a.types += factOf(e.Type, 0, 0, 0)
	if e.Stream != "" {
		a.versions += factOf(e.Stream, e.Version, 0, 0) - factOf(e.Stream, e.Version-1, 0, 0)
		if a.ends[uint64(e.Position)/64]&(1<<(e.Position%64)) != 0 {
			a.lasts += factOf(e.Stream, e.Version, uint64(e.Position), uint64(e.RecordedAt))
		}
	}
	return a.ended(a.place(e))
}

// appendTerms appends the hashes of the terms of an event, each once.
func (h hasher) appendTerms(dst []uint64, e *Entry) []uint64 {
	dst = append(dst, h.term(kindType, e.Type))
	if e.Stream != "" {
		dst = append(dst, h.term(kindStream, e.Stream))
	}
	if category := store.Category(e.Stream); category != "" {
		dst = append(dst, h.term(kindCategory, category))
	}
	for _, tag := range e.Tags {
		dst = append(dst, h.term(kindTag, tag))
	}
	if e.HasID {
		dst = append(dst, h.id(&e.ID))
	}
	if e.Key != "" {
		dst = append(dst, h.term(kindKey, e.Key))
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// place compares the place of an event.
func (a *Audit) place(e *Entry) error {
	ok, err := a.places.load(e.Position)
	if err != nil {
		return err
	}
	var got Place
	if ok {
		got, ok = a.places.block.find(e.Position)
	}
	name := a.f.core.name
	if a.places.file != nil {
		name = a.places.file.name
	}
	switch {
	case !ok:
		a.wrong(name, 0, e.Position, "the position %d has no place", e.Position)
	case got != e.Place:
		a.wrong(name, 0, e.Position, "the place of position %d is %x, in the log it is %x", e.Position, uint64(got), uint64(e.Place))
	}
	return nil
}

// AddTracking compares the tracking of the next frame that has one.
func (a *Audit) AddTracking(source string, position uint64) { a.trackings[source] = position }

// Done reports what remains, and ends the audit.
func (a *Audit) Done(ctx context.Context) error {
	a.places.release()
	if err := a.ended(a.takePostings(ctx)); err != nil {
		return err
	}
	f := a.f.core
	for _, s := range a.slots {
		if s.rest != 0 {
			a.wrong(f.name, f.sections[sectionTerms].offset, s.first,
				"the postings of the %d events from position %d on are not those of the log", eventsPerSlot, s.first)
		}
	}
	if a.truncated() {
		return nil
	}
	if a.events != f.events {
		a.wrong(f.name, 0, f.first, "the file has %d events, the log has %d", f.events, a.events)
	}
	if a.versions != 0 || a.lasts != 0 {
		a.wrong(f.name, f.sections[sectionStreams].offset, f.first,
			"the streams, or their last versions, positions or times, are not those of the log")
	}
	if a.types != 0 {
		a.wrong(f.name, f.sections[sectionTypes].offset, f.first, "the types, or their numbers of events, are not those of the log")
	}
	return a.ended(a.compareTrackings())
}

// takePostings takes away the postings of the index.
func (a *Audit) takePostings(ctx context.Context) error {
	f := a.f.core
	astray := uint64(0)
	for scan := newTermScan(f, scanLen); ; {
		ok, err := scan.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		at := 0
		if err := scan.eachPosting(func(leaf []store.Position) error {
			for _, p := range leaf {
				if at = a.slotOf(p, at); at >= 0 {
					a.slots[at].rest -= mix(scan.entry.hash, uint64(p))
				} else if at = 0; p >= a.first {
					astray++
				}
			}
			return ctx.Err()
		}); err != nil {
			return err
		}
	}
	if astray > 0 {
		a.wrong(f.name, f.sections[sectionTerms].offset, a.first, "%d postings lie before the first event of the log", astray)
	}
	return nil
}

// slotOf returns the slot of a position, which is often the one asked for before, and -1 before the first.
func (a *Audit) slotOf(p store.Position, before int) int {
	if before < len(a.slots) && a.slots[before].first <= p && (before+1 == len(a.slots) || p < a.slots[before+1].first) {
		return before
	}
	return sort.Search(len(a.slots), func(i int) bool { return a.slots[i].first > p }) - 1
}

func (a *Audit) compareTrackings() error {
	f := a.f.core
	s := f.sources()
	for i := range s.count {
		source, values, err := s.get(i)
		if err != nil {
			return err
		}
		if got, want := values[0], a.trackings[string(source)]; got != want {
			a.wrong(f.name, s.blocks.offset, f.first, "the tracking of %q is at %d, in the log it is at %d", source, got, want)
		}
	}
	if s.count != uint64(len(a.trackings)) {
		a.wrong(f.name, s.blocks.offset, f.first, "there are trackings of %d sources, in the log of %d", s.count, len(a.trackings))
	}
	return nil
}
