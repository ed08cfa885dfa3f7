package segment

import "encoding/binary"

// An envelope is parsed with an offset that goes from part to part. Behind a part that is cut off the offset is beyond the end of
// the bytes and stays there, and what is read is zero: one look at the end is enough.

// number reads a number at an offset and returns the offset behind it.
func number(b []byte, at int) (uint64, int) {
	if at < len(b) && b[at] < 0x80 {
		return uint64(b[at]), at + 1
	}
	return uvarint(b, at)
}

// uvarint is number for those that may be longer than a byte.
func uvarint(b []byte, at int) (uint64, int) {
	if at >= len(b) {
		return 0, len(b) + 1
	}
	if at+1 < len(b) && b[at+1] < 0x80 {
		return uint64(b[at]&0x7f) | uint64(b[at+1])<<7, at + 2
	}
	n, k := binary.Uvarint(b[at:])
	if k <= 0 {
		return 0, len(b) + 1
	}
	return n, at + k
}

// numbers are those with which the variable part of an envelope begins.
type numbers struct{ flags, back, ordinal, slot, metadata uint64 }

// read reads the numbers and returns the offset behind them.
func (n *numbers) read(b []byte, at int) int {
	for _, v := range [...]*uint64{&n.flags, &n.back, &n.ordinal, &n.slot, &n.metadata} {
		*v, at = number(b, at)
	}
	return at
}

// name reads a length and passes over as many bytes.
func name(b []byte, at int) (span, int) {
	n, at := number(b, at)
	if at > len(b) || n > uint64(len(b)-at) {
		return span{}, len(b) + 1
	}
	end := at + int(n)
	return span{uint16(at), uint16(end)}, end
}

// span is a part of an envelope, which is shorter than 64 KiB.
type span struct{ from, to uint16 }

func (s span) in(b []byte) []byte { return b[s.from:s.to] }

func (s span) of(text string) string { return text[s.from:s.to] }
