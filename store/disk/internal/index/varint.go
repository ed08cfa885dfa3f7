package index

import (
	"encoding/binary"
	"math/bits"
)

// The varints of the files are those of encoding/binary. Most of the time of writing and merging goes into them, so that the ones below 2^56 are
// encoded and decoded whole here, eight bytes at a time, rather than byte by byte.
const (
	uvarintMore  = 0x8080808080808080 // the bits that say that a byte is not the last one
	uvarintQuick = 1 << 56            // what is below has at most eight bytes
)

// appendUvarint is [binary.AppendUvarint].
func appendUvarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return appendLongUvarint(b, v)
}

func appendLongUvarint(b []byte, v uint64) []byte {
	if v >= uvarintQuick {
		return binary.AppendUvarint(b, v)
	}
	n := uvarintLen(v)
	x := v&(1<<28-1) | v&^(1<<28-1)<<4 // halves of 28 bits begin at multiples of 32
	x = x&0x00003fff00003fff | x&0x0fffc0000fffc000<<2
	x = x&0x007f007f007f007f | x&0x3f803f803f803f80<<1
	x |= uvarintMore & (1<<(8*n-8) - 1)
	b = le.AppendUint64(b, x)
	return b[:len(b)-8+n]
}

// uvarintLen returns the bytes of v as a varint.
func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// uvarint is [binary.Uvarint].
func uvarint(b []byte) (v uint64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return longUvarint(b)
}

func longUvarint(b []byte) (v uint64, n int) {
	if len(b) < 8 {
		return binary.Uvarint(b)
	}
	x := le.Uint64(b)
	last := ^x & uvarintMore
	if last == 0 {
		return binary.Uvarint(b)
	}
	n = bits.TrailingZeros64(last)/8 + 1
	x &= 0x7f7f7f7f7f7f7f7f & (last ^ (last - 1))
	x = x&0x007f007f007f007f | x&0x7f007f007f007f00>>1
	x = x&0x00003fff00003fff | x&0x3fff00003fff0000>>2
	return x&(1<<28-1) | x>>4&^(1<<28-1), n
}
