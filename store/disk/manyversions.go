package disk

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// versionsInFiles gives those streams that were not found yet the version that index files, or else the heads, know: that of the last event that is
// really of the stream. All are looked up side by side, so that what one waits for is fetched for all.
func (s *Store) versionsInFiles(v *view, streams []index.Wanted) error {
	m, _ := lastEventsPool.Get().(*lastEvents)
	m.reset(s, streams)
	defer m.release()
	if len(m.asked) == 0 {
		return nil
	}
	if err := m.find(v); err != nil {
		return err
	}
	for n := 0; n < len(m.found); {
		some, err := m.read(n)
		if err != nil {
			return err
		}
		n += some
	}
	for _, n := range m.hidden {
		var err error
		if streams[n].Version, err = s.versionInFiles(v, streams[n].Name); err != nil {
			return fmt.Errorf("look up stream %q: %w", streams[n].Name, err)
		}
	}
	return nil
}

// lastEvents looks for the last events of streams in files. It belongs to one goroutine.
type lastEvents struct {
	f       fetcher
	streams []index.Wanted

	asked     []int // numbers of the streams that are looked for
	hashes    []uint64
	positions []store.Position
	places    []index.Place
	found     []lastEvent // that are to be read, in the order of their places
	hidden    []int       // streams whose hash a later event of another stream has

	near toucher
	rec  segment.Record
}

// lastEvent is what may be the last event of a stream.
type lastEvent struct {
	at       index.Place
	position store.Position
	stream   int
}

var lastEventsPool = sync.Pool{New: func() any { return new(lastEvents) }}

// reset makes m a look-up of those streams that were not found yet.
func (m *lastEvents) reset(s *Store, streams []index.Wanted) {
	m.f.s, m.streams = s, streams
	m.asked, m.hashes, m.found, m.hidden = m.asked[:0], m.hashes[:0], m.found[:0], m.hidden[:0]
	for i := range streams {
		if w := &streams[i]; !w.Found {
			m.asked, m.hashes = append(m.asked, i), append(m.hashes, w.Hash)
		}
	}
}

// maxKeptLast bounds what a kept look-up holds on to, in streams.
const maxKeptLast = 1 << 12

// release keeps the memory for the next look-up, but nothing of this one.
func (m *lastEvents) release() {
	m.letGo()
	if cap(m.asked) > maxKeptLast {
		return
	}
	clear(m.near.spots[:cap(m.near.spots)])
	m.f.s, m.streams, m.rec = nil, nil, segment.Record{}
	lastEventsPool.Put(m)
}

func (m *lastEvents) letGo() {
	m.f.close()
	m.f.plain = false
	if len(m.f.held) > 0 {
		m.f.s.segs.releaseAll(m.f.held)
		clear(m.f.held)
		m.f.held = m.f.held[:0]
	}
}

// find finds the positions and the places.
func (m *lastEvents) find(v *view) error {
	var err error
	if m.positions, err = v.files.LastEvents(m.positions[:0], m.hashes); err != nil {
		return fmt.Errorf("look up %s: %w", m.names(), err)
	}
	first := m.f.s.first()
	wanted := m.positions[:0]
	for i, p := range m.positions {
		if p < first {
			version, err := m.f.s.versionInHeads(m.streams[m.asked[i]].Name)
			if err != nil {
				return fmt.Errorf("look up stream %q: %w", m.streams[m.asked[i]].Name, err)
			}
			m.streams[m.asked[i]].Version = version
			continue
		}
		m.found, wanted = append(m.found, lastEvent{position: p, stream: m.asked[i]}), append(wanted, p)
	}
	if m.places, err = v.files.Places(m.places[:0], wanted); err != nil {
		return fmt.Errorf("look up %s: %w", m.names(), err)
	}
	for i := range m.found {
		m.found[i].at = m.places[i]
	}
	slices.SortFunc(m.found, func(a, b lastEvent) int { return cmp.Compare(a.at, b.at) })
	for i := range m.found {
		m.places[i] = m.found[i].at
	}
	return nil
}

// names says in an error which streams were looked up.
func (m *lastEvents) names() string {
	first := fmt.Sprintf("stream %q", m.streams[m.asked[0]].Name)
	if len(m.asked) == 1 {
		return first
	}
	return fmt.Sprintf("%s and %d more", first, len(m.asked)-1)
}

// read reads the events from the one numbered begin on that are in as many segments as are held at once, and returns how many those were.
func (m *lastEvents) read(begin int) (int, error) {
	defer m.letGo()
	var n int
	m.f.held, n = m.f.s.segs.hold(m.f.held[:0], m.places[begin:], m.f.s.mappable())
	n = max(n, 1) // what is wrong with a segment that cannot be held comes out with the event
	hidden := len(m.hidden)
	err := vfs.Guard(func() error { return m.verify(begin, begin+n) })
	if errors.Is(err, vfs.ErrFault) {
		m.f.close()
		m.f.plain, m.hidden = true, m.hidden[:hidden] // the file says what is wrong with the page
		err = m.verify(begin, begin+n)
	}
	return n, err
}

// verify takes the versions from events, some at a time: these are touched first.
func (m *lastEvents) verify(begin, end int) error {
	const some = 32
	for ; begin < end; begin += some {
		part := m.found[begin:min(begin+some, end)]
		if !m.f.plain {
			m.near.touch(m.f.s.segs, m.f.held, m.places[begin:begin+len(part)])
		}
		for i := range part {
			e := &part[i]
			if err := m.version(e); err != nil {
				return fmt.Errorf("look up stream %q: %w", m.streams[e.stream].Name, m.f.s.placed(err, e.at, e.position))
			}
		}
	}
	return nil
}

// version takes the version of a stream from an event, which is read in place, if it is the stream's.
func (m *lastEvents) version(e *lastEvent) error {
	f, w := &m.f, &m.streams[e.stream]
	f.p = e.position
	if err := f.open(e.at.Segment(), e.position); err != nil {
		return err
	}
	b, err := f.whole(int64(e.at.Offset()), false)
	if err != nil {
		return err
	}
	if err := m.rec.Decode(b); err != nil {
		return err
	}
	if string(m.rec.Stream()) == w.Name {
		w.Version = m.rec.Version
	} else {
		m.hidden = append(m.hidden, e.stream)
	}
	if err := f.readFrame(e.at, m.rec.Back); err != nil {
		return err
	}
	if p := f.frame.First + store.Position(m.rec.Ordinal); p != e.position {
		return fmt.Errorf("%w: the event here has position %d", segment.ErrBad, p)
	}
	return nil
}
