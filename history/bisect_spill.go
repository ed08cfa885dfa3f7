package history

import (
	"encoding/binary"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// The form of a flip in a spill, which never outlives the process: numbers are varints, texts have their length before them, and one that may be nil its length plus one, 0 for nil.

// append writes a flip.
func (f *Flip) append(b []byte) []byte {
	m := &f.Event
	for _, n := range []uint64{uint64(m.Position), m.Version, flag(f.To), flag(f.Late), flag(!m.EffectiveAt.IsZero()), uint64(len(f.Changes))} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, m.RecordedAt.UnixMicro())
	b = binary.AppendVarint(b, m.EffectiveAt.UnixMicro())
	for _, text := range []string{m.ID, m.Stream, m.Type, m.Actor} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	for i := range f.Changes {
		c := &f.Changes[i]
		b = append(binary.AppendUvarint(b, uint64(len(c.Path))), c.Path...)
		b = appendMaybe(appendMaybe(b, c.Old), c.New)
	}
	return b
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func appendMaybe(b, text []byte) []byte {
	if text == nil {
		return append(b, 0)
	}
	return append(binary.AppendUvarint(b, uint64(len(text))+1), text...)
}

// parseFlip reads what append wrote, into memory of its own; false for anything else.
func parseFlip(text []byte) (*Flip, bool) {
	r := spillReader{rest: text}
	f := &Flip{}
	m := &f.Event
	m.Position, m.Version = store.Position(r.number()), r.number()
	f.To, f.Late = r.number() == 1, r.number() == 1
	effective, changes := r.number() == 1, r.number()
	m.RecordedAt = time.UnixMicro(r.signed()).UTC()
	if at := r.signed(); effective {
		m.EffectiveAt = time.UnixMicro(at).UTC()
	}
	for _, to := range []*string{&m.ID, &m.Stream, &m.Type, &m.Actor} {
		*to = string(r.take(r.number()))
	}
	f.Changes = []reducer.Change{}
	for ; changes > 0 && !r.bad; changes-- {
		f.Changes = append(f.Changes, reducer.Change{Path: string(r.take(r.number())), Old: r.maybe(), New: r.maybe()})
	}
	return f, !r.bad && len(r.rest) == 0
}

// spillReader takes a text apart. It goes on after what is wrong with it, and remembers that.
type spillReader struct {
	rest []byte
	bad  bool
}

func (r *spillReader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

func (r *spillReader) signed() int64 {
	n, size := binary.Varint(r.rest)
	r.skip(size)
	return n
}

func (r *spillReader) skip(size int) {
	if size <= 0 {
		r.bad, size = true, 0
	}
	r.rest = r.rest[size:]
}

func (r *spillReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *spillReader) maybe() []byte {
	n := r.number()
	if n == 0 {
		return nil
	}
	return append([]byte{}, r.take(n-1)...)
}
