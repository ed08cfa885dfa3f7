package segment

import "encoding/binary"

// IDBytes is the length of the canonical text of an id.
const IDBytes = 36

// FormatID returns the canonical text of an id.
func FormatID(id [16]byte) string {
	var t [IDBytes]byte
	PutID(&t, &id)
	return string(t[:])
}

// PutID writes the canonical text of an id to t.
func PutID(t *[IDBytes]byte, id *[16]byte) {
	le, be := binary.LittleEndian, binary.BigEndian
	a, b, c, d := digits(be.Uint32(id[:])), digits(be.Uint32(id[4:])), digits(be.Uint32(id[8:])), digits(be.Uint32(id[12:]))
	le.PutUint64(t[:], a)
	t[8] = '-'
	le.PutUint32(t[9:], uint32(b))
	t[13] = '-'
	le.PutUint32(t[14:], uint32(b>>32))
	t[18] = '-'
	le.PutUint32(t[19:], uint32(c))
	t[23] = '-'
	le.PutUint32(t[24:], uint32(c>>32))
	le.PutUint64(t[28:], d)
}

// digits returns the eight hexadecimal digits of n as text, the first in the lowest byte. All are made at once, each in a byte of its own.
func digits(n uint32) uint64 {
	const each = 0x0101010101010101
	x := uint64(n)
	x = x>>16 | (x&0xffff)<<32 // the high half lowest, and so on
	x = x>>8&0x000000ff000000ff | (x&0x000000ff000000ff)<<16
	x = x>>4&0x000f000f000f000f | (x&0x000f000f000f000f)<<8
	letter := (x + 6*each) >> 4 & each // 1 in the byte of a digit above 9
	return x + '0'*each + letter*('a'-'0'-10)
}

// ParseID reads the canonical text of an id, and returns false for other text.
func ParseID(s string) (id [16]byte, ok bool) {
	if len(s) != IDBytes || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	var bad byte
	for i, at := range &pairs {
		high, low := nibbles[s[at]], nibbles[s[at+1]]
		bad |= high | low
		id[i] = high<<4 | low&15
	}
	if bad&noNibble != 0 {
		return [16]byte{}, false
	}
	return id, true
}

// pairs are where the digits of each byte stand.
var pairs = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// noNibble marks what is no lower-case hexadecimal digit in nibbles.
const noNibble = 0x80

var nibbles = func() (t [256]byte) {
	for c := range t {
		t[c] = noNibble
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	return t
}()
