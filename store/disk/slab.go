package disk

import (
	"strings"
	"unsafe"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

const (
	// slabBytes bounds each piece of memory that the events of a read share, and so what an event that someone keeps may keep with it, unless the
	// event alone is larger. It is a size of which the allocator keeps a list.
	slabBytes = 28 << 10

	// slabTags is the same for the tags, in strings.
	slabTags = 256
)

// slab is memory for events: each piece is handed out once and not written again when it is filled. It never points into a mapping.
type slab struct {
	bytes []byte   // not handed out yet; not zeroed
	tags  []string // the same
	want  int      // how many bytes are to be taken still, as far as that is known
}

// take returns n bytes, which hold anything. When there is no room left they are of a new slab, which has room for what is wanted, or for
// more pieces of the same length. What is large has memory of its own.
func (s *slab) take(n, more int) []byte {
	if n > len(s.bytes) {
		if n > slabBytes/4 {
			s.want -= n
			return unzeroed(n)
		}
		want := s.want
		if want < n {
			want = n * (more + 1)
		}
		s.bytes = unzeroed(min(want, slabBytes))
	}
	s.want -= n
	b := s.bytes[:n:n]
	s.bytes = s.bytes[n:]
	return b
}

// takeTags returns room for n tags, likewise.
func (s *slab) takeTags(n, more int) []string {
	if n > len(s.tags) {
		if n > slabTags/4 {
			return make([]string, n)
		}
		s.tags = make([]string, min(n*(more+1), slabTags))
	}
	t := s.tags[:n:n]
	s.tags = s.tags[n:]
	return t
}

// unzeroed returns n bytes, above 0, that hold anything.
func unzeroed(n int) []byte {
	var b strings.Builder // the one that makes memory without clearing it
	b.Grow(n)
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), n)
}

// put makes e the event of a record that begins with b: with its payload, if nothing erased it. B must be a piece of a slab, or not be written
// again either. About as many events are to follow as more says. It leaves alone what the events of a commit have in common.
func (s *slab) put(e *store.Recorded, l *segment.Layout, b []byte, erased store.Position, more int) {
	e.ID = l.ID(b)
	e.Stream, e.Type, e.ContentType = l.Names(b)
	e.SchemaVersion, e.EffectiveAt, e.Version, e.Erased = l.Schema(), l.Effective(b), l.Version, erased
	e.Tags, e.Data, e.Metadata = nil, nil, nil
	if n := l.Tags(); n > 0 {
		e.Tags = s.takeTags(n, more)
		l.TagsInto(e.Tags, b)
	}
	if erased == 0 {
		e.Data, e.Metadata = clipped(l.Data(b)), clipped(l.Metadata(b))
	}
}

// recorded returns the event of a record of a frame: with its payload, if the record has its slot and nothing erased it. It shares memory with what rec
// was decoded from, which must be a piece of a slab, or not be written again either. About as many events are to follow as more says. It
// is returned by value: so it costs the garbage collector nothing.
func (s *slab) recorded(rec *segment.Record, f *frameFacts, erased store.Position, more int) store.Recorded {
	var tags []string
	if n := rec.Tags(); n > 0 {
		tags = s.takeTags(n, more)
		rec.TagsInto(tags)
	}
	id := ""
	if binary, ok := rec.ID(); ok {
		text := (*[segment.IDBytes]byte)(s.take(segment.IDBytes, more))
		segment.PutID(text, &binary)
		id = unsafe.String(&text[0], len(text))
	}
	var data, metadata []byte
	if erased == 0 && rec.Slot != nil {
		data, metadata = clipped(rec.Data()), clipped(rec.Metadata())
	}
	stream, typ, content := rec.Names()
	return store.Recorded{
		Event: store.Event{
			ID: id, Stream: stream, Type: typ, SchemaVersion: rec.Schema(), ContentType: content,
			Tags: tags, Data: data, Metadata: metadata, EffectiveAt: rec.Effective(),
		},
		Position: f.First + store.Position(rec.Ordinal), Commit: f.First, Version: rec.Version,
		RecordedAt: f.recordedAt, Tracking: f.tracking, Erased: erased,
	}
}
