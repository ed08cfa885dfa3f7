package index

import "math/bits"

// skipBelow skips entries whose hashes are below hash, as far as they have the form that most have: a list of less than 128 postings. What it leaves is
// for next. It is what look-ups spend their time with, so it looks at eight bytes at once and goes the same way for one posting as for several.
func (b *bucket) skipBelow(hash uint64) {
	const most = 8 + 1 + 8 // bytes looked at
	raw, below := b.rest, b.hash
	for len(raw) >= most {
		x := le.Uint64(raw)
		last := ^x & uvarintMore
		n := bits.TrailingZeros64(last)/8 + 1
		if last == 0 {
			break
		}
		x &= 0x7f7f7f7f7f7f7f7f & (last ^ (last - 1))
		x = x&0x007f007f007f007f | x&0x7f007f007f007f00>>1
		x = x&0x00003fff00003fff | x&0x3fff00003fff0000>>2
		x = x&(1<<28-1) | x>>4&^(1<<28-1)
		count := raw[n]
		y := le.Uint64(raw[n+1:])
		end := ^y & uvarintMore
		skip := 1 + int(y&0x7f) // the length of the postings, and these
		if count == 1 {
			skip = bits.TrailingZeros64(end)/8 + 1 // the posting
		}
		if below+x >= hash || count-1 >= 0x7f || end == 0 || count > 1 && y&0x80 != 0 || n+1+skip > len(raw) {
			break
		}
		below += x
		raw = raw[n+1+skip:]
	}
	b.rest, b.hash = raw, below
}
