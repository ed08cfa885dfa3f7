package disk

import (
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// maxBatchBytes bounds the payloads of a batch, but for the last one.
const maxBatchBytes = 4 << 20

// query returns a source of the events that match q, oldest first.
func (s *Store) query(q store.Query) source {
	return func(dst []store.Recorded, after, until store.Position, n int) ([]store.Recorded, store.Position, error) {
		v := s.views.acquire()
		defer s.views.release(v)
		b := batch{s: s, q: q, events: dst, n: n}
		defer b.close()
		for _, src := range v.sources() {
			if _, last := src.Range(); last <= after {
				continue
			}
			at, err := b.from(src, after, until, false)
			if err != nil || b.full() {
				return b.events, at, err
			}
		}
		return b.events, until, nil
	}
}

// queryBackward is query, newest first: a batch goes down from until.
func (s *Store) queryBackward(q store.Query) source {
	return func(dst []store.Recorded, after, until store.Position, n int) ([]store.Recorded, store.Position, error) {
		v := s.views.acquire()
		defer s.views.release(v)
		b := batch{s: s, q: q, events: dst, n: n}
		defer b.close()
		for _, src := range slices.Backward(v.sources()) {
			if first, _ := src.Range(); first > until {
				continue
			}
			at, err := b.from(src, after, until, true)
			if err != nil || b.full() {
				return b.events, at, err
			}
		}
		return b.events, after, nil
	}
}

// batch collects events.
type batch struct {
	s      *Store
	q      store.Query
	f      fetcher
	events []store.Recorded
	n      int
	bytes  int

	positions []store.Position
	places    []index.Place
}

func (b *batch) close() { b.f.close() }

func (b *batch) full() bool { return len(b.events) >= b.n || b.bytes >= maxBatchBytes }

// from adds events of one source until there are no more or the batch is full, and returns where it goes on: after that position, or
// backward, until that position.
func (b *batch) from(src index.Source, after, until store.Position, backward bool) (store.Position, error) {
	b.f.s = b.s
	for {
		got, done, err := src.Candidates(b.positions[:0], b.q, after, until, backward, max(b.n-len(b.events), 1))
		if err != nil {
			return 0, err
		}
		b.positions = got
		if b.places, err = src.Places(b.places[:0], got); err != nil {
			return 0, err
		}
		for i, p := range got {
			r, err := b.f.event(b.places[i], p, true)
			if err != nil {
				return 0, err
			}
			if backward {
				until = p - 1
			} else {
				after = p
			}
			if !b.q.Matches(&r.Event) {
				continue
			}
			b.events = append(b.events, r)
			b.bytes += len(r.Data) + len(r.Metadata)
			if b.full() {
				break
			}
		}
		if b.full() || done || len(got) == 0 {
			break
		}
	}
	if backward {
		return until, nil
	}
	return after, nil
}
