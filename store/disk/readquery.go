package disk

import (
	"errors"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// maxBatchBytes bounds the records of a batch, but for the last one.
const maxBatchBytes = 4 << 20

// query yields a batch of events that match, oldest first, or newest first where the read is backward: then it goes down from until. It
// returns where the next batch begins.
func (r *reading) query(after, until store.Position) (store.Position, error) {
	n := r.batch
	if r.o.Limit > 0 {
		n = min(n, r.o.Limit-r.yielded)
	}
	r.batch = min(4*r.batch, maxBatch)
	next, err := r.collect(after, until, n)
	b := &r.found
	for i := range b.items {
		it := &b.items[i]
		if stop := r.check(); stop != nil {
			return 0, stop
		}
		f := &b.frames[it.frame]
		if err := r.s.decode(&r.rec, it.raw, f, it.at, it.position, true); err != nil {
			return 0, err
		}
		erased, err := r.erased(it.position)
		if err != nil {
			return 0, err
		}
		e := b.f.slab.recorded(&r.rec, f, erased, len(b.items)-i-1)
		if !r.q.Matches(&e.Event) {
			continue
		}
		if r.yielded++; !r.yield(e, nil) {
			return 0, errStopped
		}
	}
	return next, err
}

// collect reads candidates in (after, until], as many as n at the most, in the order of the read, and says up to where it looked.
func (r *reading) collect(after, until store.Position, n int) (store.Position, error) {
	b := &r.found
	b.items, b.frames, b.bytes = b.items[:0], b.frames[:0], 0
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	defer r.s.users.leave()
	v := r.s.views.acquire()
	defer r.s.views.release(v)
	h := hunt{after: after, until: until, backward: r.o.Backward}
	h.sources = b.sourcesOf(v, after, until, h.backward)
	gatherErr := b.gather(&h, n)
	if err := b.read(); err != nil {
		return 0, err
	}
	if gatherErr != nil {
		return 0, gatherErr
	}
	switch k := len(b.items); {
	case k == len(b.positions) && len(h.sources) == 0 && h.backward:
		return after, nil
	case k == len(b.positions) && len(h.sources) == 0:
		return until, nil
	case h.backward:
		return b.positions[k-1] - 1, nil
	default:
		return b.positions[k-1], nil
	}
}

// hunt is where the search for candidates goes on.
type hunt struct {
	sources      []index.Source // those left, in the order of the read
	after, until store.Position
	backward     bool
}

// sourcesOf returns the parts of a view that may have something in (after, until], in the order of the read.
func (b *batch) sourcesOf(v *view, after, until store.Position, backward bool) []index.Source {
	b.sources = b.sources[:0]
	if len(v.files.Files()) > 0 {
		b.sources = append(b.sources, v.files.View) // all files at once: their look-ups overlap
	}
	for _, t := range v.tables {
		b.sources = append(b.sources, t)
	}
	b.sources = slices.DeleteFunc(b.sources, func(src index.Source) bool {
		first, last := src.Range()
		return first > until || last <= after
	})
	if backward {
		slices.Reverse(b.sources)
	}
	return b.sources
}

// batch collects candidates.
type batch struct {
	s *Store
	q store.Query
	f fetcher

	positions []store.Position
	places    []index.Place
	items     []item // what was read of them, from the first on
	frames    []frameFacts
	bytes     int // of items

	events []store.Recorded // of those who look for an id

	sources []index.Source
	near    toucher
}

// item is a candidate that was read, and is not verified yet.
type item struct {
	raw      []byte
	at       index.Place
	position store.Position
	frame    int // in frames
}

func (b *batch) close() { b.f.close() }

// gather finds candidates and their places: as many as limit, if there are. With an error, those before it.
func (b *batch) gather(h *hunt, limit int) error {
	b.positions, b.places = b.positions[:0], b.places[:0]
	for len(h.sources) > 0 && len(b.positions) < limit {
		src, had := h.sources[0], len(b.positions)
		got, done, err := src.Candidates(b.positions, b.q, h.after, h.until, h.backward, limit-had)
		if err != nil {
			return err
		}
		places, err := src.Places(b.places, got[had:])
		if err != nil {
			b.places = b.places[:had]
			return err
		}
		b.positions, b.places = got, places
		if n := len(got); done || n == had {
			h.sources = h.sources[1:]
		} else if h.backward {
			h.until = got[n-1] - 1
		} else {
			h.after = got[n-1]
		}
	}
	return nil
}

// read reads candidates until all are read, or they are long.
func (b *batch) read() error {
	for len(b.items) < len(b.places) && b.bytes < maxBatchBytes {
		if err := b.readSome(); err != nil {
			return err
		}
	}
	return nil
}

// readSome reads candidates of as many segments as are held at once.
func (b *batch) readSome() error {
	had, size := len(b.items), b.bytes
	var n int
	b.f.held, n = b.s.segs.hold(b.f.held[:0], b.places[had:], b.s.mappable())
	defer b.letGo()
	end := had + max(n, 1) // what is wrong with a segment that cannot be held comes out with the event
	err := vfs.Guard(func() error { return b.copy(end) })
	if err == nil || !errors.Is(err, vfs.ErrFault) {
		return err
	}
	b.items, b.bytes = b.items[:had], size
	b.f.close()
	b.f.plain = true // the file says what is wrong with the page
	return b.copy(end)
}

func (b *batch) letGo() {
	b.f.close()
	b.f.plain = false
	b.s.segs.releaseAll(b.f.held)
	b.f.held = b.f.held[:0]
}

// copy reads the candidates before end, some at a time: these are touched first.
func (b *batch) copy(end int) error {
	const some = 32
	for i := len(b.items); i < end && b.bytes < maxBatchBytes; {
		to, from := min(i+some, end), i
		spots := b.near.spots[:0]
		if !b.f.plain {
			b.f.slab.want = b.near.touch(b.s.segs, b.f.held, b.places[i:to])
			spots = b.near.spots
		}
		for ; i < to && b.bytes < maxBatchBytes; i++ {
			raw, frame := []byte(nil), -1
			if n := i - from; n < len(spots) && spots[n].size > 0 {
				raw, frame = b.touched(&spots[n], b.places[i], to-i-1)
			}
			if frame < 0 {
				var err error
				if raw, err = b.f.copied(b.places[i], b.positions[i], true, to-i-1); err != nil {
					return err
				}
				frame = b.frame()
			}
			b.items = append(b.items, item{raw: raw, at: b.places[i], position: b.positions[i], frame: frame})
			b.bytes += len(raw)
		}
	}
	return nil
}

// touched is copied of a record that was touched, with the number of its frame; that is -1 where a frame is not of the kind that most are, or anything is
// wrong: then copied is to be called. Nothing that was looked at when the record was touched is believed: who decodes the copy compares that it is as long as
// it says, and belongs to the frame.
func (b *batch) touched(s *spot, at index.Place, more int) (own []byte, frame int) {
	raw := b.f.held[s.held].raw
	from := at - index.Place(s.off-s.frame)
	frame = len(b.frames) - 1
	if frame < 0 || b.frames[frame].at != from {
		h, err := segment.DecodeFrameHeader(raw[s.frame:][:segment.FrameHeaderSize], &b.s.man.id, from)
		if err != nil || h.Flags&(segment.FlagKey|segment.FlagTracking) != 0 {
			return nil, -1
		}
		b.frames = append(b.frames, frameFacts{FrameHeader: h, at: from, recordedAt: fromMicros(h.RecordedAt)})
		frame++
	}
	own = b.f.slab.take(s.size, more)
	copy(own, raw[s.off:])
	return own, frame
}

// frame returns the number of the frame that was read last.
func (b *batch) frame() int {
	n := len(b.frames)
	if n == 0 || b.frames[n-1].at != b.f.frame.at {
		b.frames = append(b.frames, b.f.frame)
		n++
	}
	return n - 1
}
