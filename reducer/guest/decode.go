package guest

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/gestadb/gesta/store"
)

var errEvent = errors.New("the host writes events in another form")

// decode reads an event in the form of package webassembly. It keeps nothing of b.
func decode(b []byte, e *Event) error {
	r := reading{rest: b}
	e.Position = store.Position(r.uint64())
	e.Commit = store.Position(r.uint64())
	e.Version = r.uint64()
	e.Erased = store.Position(r.uint64())
	e.RecordedAt = r.time()
	e.EffectiveAt = r.time()
	e.SchemaVersion = r.uint32()
	e.Type = string(r.bytes())
	e.Stream = string(r.bytes())
	e.ID = string(r.bytes())
	e.ContentType = string(r.bytes())
	e.Data = own(r.bytes())
	e.Metadata = own(r.bytes())
	if n := r.uint32(); n > 0 {
		if uint64(n) > uint64(len(r.rest))/4 {
			return errEvent
		}
		e.Tags = make([]string, n)
		for i := range e.Tags {
			e.Tags[i] = string(r.bytes())
		}
	}
	if source, position := string(r.bytes()), r.uint64(); position > 0 {
		e.Tracking = &store.Tracking{Source: source, Position: position}
	}
	if r.short || len(r.rest) > 0 {
		return errEvent
	}
	return nil
}

// own returns a copy of b, nil for nothing.
func own(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// reading takes values from the front of what is left.
type reading struct {
	rest  []byte
	short bool
}

func (r *reading) take(n int) []byte {
	if n > len(r.rest) {
		r.rest, r.short = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reading) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reading) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// time reads microseconds since 1970; the lowest number is the zero time.
func (r *reading) time() time.Time {
	micros := int64(r.uint64()) //nolint:gosec // two's complement is what is written
	if micros == math.MinInt64 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func (r *reading) bytes() []byte {
	n := r.uint32()
	if uint64(n) > uint64(len(r.rest)) {
		r.rest, r.short = nil, true
		return nil
	}
	return r.take(int(n))
}
