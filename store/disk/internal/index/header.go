package index

import (
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/gestadb/gesta/store"
)

// section is a part of a file, in bytes.
type section struct{ offset, length int64 }

func (s section) end() int64 { return s.offset + s.length }

// The sections of an index file, in their order; each begins where the one before ends.
const (
	sectionDirectory = iota
	sectionFilter
	sectionTerms
	sectionStreams
	sectionStreamBlocks
	sectionTypes
	sectionTypeBlocks
	sectionTrackings
	sectionTrackingBlocks
	sections
)

// headerLen is the length of the header of an index file.
const headerLen = prefixLen + 16 + 8 + 2*endLen + 2*8 + 6*8 + sections*8 + sumLen

// header is the header of an index file.
type header struct {
	storeID    [16]byte
	seedCheck  uint64
	start, end End

	firstRecordedAt, lastRecordedAt int64 // of the events, in microseconds since the Unix epoch

	events, terms, postings   uint64
	streams, types, trackings uint64 // names

	sections [sections]section
}

// seedCheck is what a header keeps of a seed: enough to know whether hashes were made with it.
func seedCheck(seed uint64) uint64 { return xxh3.HashStringSeed("gesta index seed", seed) }

// begin returns the first position of the range.
func (h *header) begin() store.Position { return h.start.Position + 1 }

func (h *header) identity() identity {
	return newIdentity(magicIndex, h.storeID, h.start.Position, h.end.Position)
}

// layout sets the sections that the numbers of events and terms decide.
func (h *header) layout() {
	at := int64(headerLen)
	for i, n := range []int64{extentsLen(h.buckets()), filterLen(filterBlocks(h.terms))} {
		h.sections[i] = section{at, n}
		at += n
	}
	h.sections[sectionTerms].offset = at
}

// termsPerBucket is the number of terms in a bucket, on average.
const termsPerBucket = 16

func (h *header) buckets() uint64 { return (h.terms + termsPerBucket - 1) / termsPerBucket }

func (h *header) encode() []byte {
	b := make([]byte, prefixLen, headerLen)
	b = append(b, h.storeID[:]...)
	b = le.AppendUint64(b, h.seedCheck)
	b = appendEnd(appendEnd(b, h.start), h.end)
	b = le.AppendUint64(b, uint64(h.firstRecordedAt))
	b = le.AppendUint64(b, uint64(h.lastRecordedAt))
	for _, n := range []uint64{h.events, h.terms, h.postings, h.streams, h.types, h.trackings} {
		b = le.AppendUint64(b, n)
	}
	for _, s := range h.sections {
		b = le.AppendUint64(b, uint64(s.length))
	}
	return sealHeader(b, magicIndex)
}

// decodeHeader reads the header in raw, which is headerLen long, of a file of b.size bytes. See checkHeader for the errors.
func decodeHeader(b *blockFile, raw []byte) (header, error) {
	var h header
	if err := b.checkHeader(raw, magicIndex); err != nil {
		return h, err
	}
	r := reader{raw[prefixLen:]}
	copy(h.storeID[:], r.b)
	r.b = r.b[16:]
	h.seedCheck = r.uint64()
	h.start, h.end = r.end(), r.end()
	h.firstRecordedAt, h.lastRecordedAt = int64(r.uint64()), int64(r.uint64())
	for _, n := range []*uint64{&h.events, &h.terms, &h.postings, &h.streams, &h.types, &h.trackings} {
		*n = r.uint64()
	}
	at := int64(headerLen)
	for i := range h.sections {
		n := r.uint64()
		if n > uint64(b.size-at) {
			return h, b.damaged(0, "section %d of %d bytes lies outside the file of %d", i, n, b.size)
		}
		h.sections[i] = section{at, int64(n)}
		at += int64(n)
	}
	return h, h.consistent(b, at)
}

// consistent compares what the header says more than once.
func (h *header) consistent(b *blockFile, end int64) error {
	size := uint64(b.size)
	problem := ""
	switch {
	case end != b.size:
		problem = fmt.Sprintf("the sections end at %d, the file at %d", end, b.size)
	case h.end.Position <= h.start.Position || h.end.Position > store.MaxPosition:
		problem = fmt.Sprintf("the range %d to %d is empty or too large", h.begin(), h.end.Position)
	case h.events == 0 || h.events > uint64(h.end.Position-h.start.Position) || h.terms == 0 || h.postings < h.terms:
		problem = fmt.Sprintf("%d events, %d terms, %d postings", h.events, h.terms, h.postings)
	case h.terms > size || h.streams > size || h.types > size || h.trackings > size:
		problem = "more terms or names than bytes"
	case h.sections[sectionDirectory].length != extentsLen(h.buckets()) || h.sections[sectionFilter].length != filterLen(filterBlocks(h.terms)) ||
		h.sections[sectionStreamBlocks].length != extentsLen(nameBlocks(h.streams)) ||
		h.sections[sectionTypeBlocks].length != extentsLen(nameBlocks(h.types)) ||
		h.sections[sectionTrackingBlocks].length != extentsLen(nameBlocks(h.trackings)):
		problem = "the sections do not have the length that their contents need"
	}
	if problem != "" {
		return b.damaged(0, "%s", problem)
	}
	return nil
}
