package umadb

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/store"
)

// appendSequenced appends an event as a field of a response.
func appendSequenced(dst []byte, r *store.Recorded) []byte {
	event := eventSize(r)
	tracking := trackingSize(r.Tracking)
	body := 1 + protowire.SizeVarint(uint64(r.Position)) + 1 + protowire.SizeBytes(event)
	if r.Tracking != nil {
		body += 1 + protowire.SizeBytes(tracking)
	}
	if len(r.Metadata) > 0 { // its entries are known when they are written
		return appendWithEntries(dst, r, tracking)
	}
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.BytesType), uint64(body))
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), uint64(r.Position))
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.BytesType), uint64(event))
	dst = appendEvent(dst, r)
	return appendTracking(dst, r.Tracking, tracking)
}

// appendWithEntries is appendSequenced for an event whose size is not known before it is written.
func appendWithEntries(dst []byte, r *store.Recorded, tracking int) []byte {
	dst = protowire.AppendTag(dst, 1, protowire.BytesType)
	whole := len(dst)
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 1, protowire.VarintType), uint64(r.Position))
	dst = protowire.AppendTag(dst, 2, protowire.BytesType)
	event := len(dst)
	dst = appendEntries(appendEvent(dst, r), r.Metadata)
	dst = insertLength(dst, event)
	dst = appendTracking(dst, r.Tracking, tracking)
	return insertLength(dst, whole)
}

// insertLength puts the length of what begins at start before it.
func insertLength(dst []byte, start int) []byte {
	var length [10]byte
	return slices.Insert(dst, start, protowire.AppendVarint(length[:0], uint64(len(dst)-start))...)
}

// eventSize returns the bytes of an Event without its metadata.
func eventSize(r *store.Recorded) int {
	n := stringSize(r.Type) + textSize(r.Data) + stringSize(r.ID)
	for _, t := range r.Tags {
		n += 1 + protowire.SizeBytes(len(t))
	}
	return n
}

func stringSize(s string) int {
	if s == "" {
		return 0
	}
	return 1 + protowire.SizeBytes(len(s))
}

// appendEvent appends an Event without its metadata.
func appendEvent(dst []byte, r *store.Recorded) []byte {
	dst = appendString(dst, 1, r.Type)
	for _, t := range r.Tags {
		dst = protowire.AppendString(protowire.AppendTag(dst, 2, protowire.BytesType), t)
	}
	dst = appendText(dst, 3, r.Data)
	return appendString(dst, 4, r.ID)
}

func appendString(dst []byte, number protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, number, protowire.BytesType), s)
}

func trackingSize(t *store.Tracking) int {
	if t == nil {
		return 0
	}
	n := stringSize(t.Source)
	if t.Position != 0 {
		n += 1 + protowire.SizeVarint(t.Position)
	}
	return n
}

func appendTracking(dst []byte, t *store.Tracking, size int) []byte {
	if t == nil {
		return dst
	}
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 3, protowire.BytesType), uint64(size))
	dst = appendString(dst, 1, t.Source)
	return appendNumber(dst, 2, t.Position)
}

// appendNumber appends a number that is left out when it is 0.
func appendNumber(dst []byte, number protowire.Number, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, number, protowire.VarintType), n)
}
