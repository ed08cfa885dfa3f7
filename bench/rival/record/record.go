// Package record is the form in which the key-value rivals keep one event as a value:
//
//	id 16 | version 8, big endian | stream | type | tag | data
//
// where stream, type and tag are each preceded by their length as a uvarint and data is the rest.
package record

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/gestadb/gesta/bench/rival"
)

// fixed is the size of the id and the version, in bytes.
const fixed = 16 + 8

// errShort is returned for a value that ends before its data begins.
var errShort = errors.New("record is cut off")

// Size returns at least the number of bytes that [Append] appends for an event.
func Size(event *rival.Event) int {
	return fixed + 3*binary.MaxVarintLen32 + len(event.Stream) + len(event.Type) + len(event.Tag) + len(event.Data)
}

// Append appends the event's record to dst.
func Append(dst []byte, event *rival.Event) []byte {
	dst = append(dst, event.ID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, event.Version)
	for _, name := range [...]string{event.Stream, event.Type, event.Tag} {
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
	}
	return append(dst, event.Data...)
}

// Decode makes e the event of a record, all but its position. The strings and the data of e are parts of the record,
// which the caller gives away: of what is a store's own, it makes a copy first, the only one that is needed. If the
// record is cut off, Decode returns an error and e has fields of neither event.
func Decode(record []byte, e *rival.Recorded) error {
	if len(record) < fixed {
		return errShort
	}
	e.ID, e.Version = text(record[:16]), binary.BigEndian.Uint64(record[16:])
	rest := record[fixed:]
	for _, name := range [...]*string{&e.Stream, &e.Type, &e.Tag} {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return errShort
		}
		end := n + int(length)
		*name, rest = text(rest[n:end]), rest[end:]
	}
	e.Data = rest
	return nil
}

// text returns bytes that nobody changes any more as a string, without a copy.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Version returns the event's version in its stream.
func Version(record []byte) (uint64, error) {
	if len(record) < fixed {
		return 0, errShort
	}
	return binary.BigEndian.Uint64(record[16:fixed]), nil
}
