package index

import (
	"encoding/binary"
	"math/bits"

	"github.com/gestadb/gesta/store"
)

// bucketBase returns the lowest hash that spread maps to bucket b of n.
func bucketBase(b, n uint64) uint64 {
	if b >= n {
		return 1 << hashBits
	}
	// The lowest hash with hash*n >> hashBits == b is b<<hashBits / n, rounded up.
	hi, lo := bits.Mul64(b, 1<<hashBits)
	q, r := bits.Div64(hi, lo, n)
	if r > 0 {
		q++
	}
	return q
}

// entry is a term in a bucket, with its list, or with where that is.
type entry struct {
	hash     uint64
	count    uint64
	postings []byte // of a list of blockPostings at the most
	root     extent // of a longer one
}

// bucket is what is left of a bucket's bytes, and goes through its entries.
type bucket struct {
	rest []byte
	hash uint64 // what the next one is relative to
}

// next returns the next entry, and false at the end or, with a problem, where the bytes make no sense.
func (b *bucket) next() (e entry, ok bool, problem string) {
	if len(b.rest) == 0 {
		return entry{}, false, ""
	}
	delta, ok1 := b.uvarint()
	count, ok2 := b.uvarint()
	if !ok1 || !ok2 || count == 0 || delta >= 1<<hashBits || b.hash+delta >= 1<<hashBits {
		return entry{}, false, "an entry of a bucket makes no sense"
	}
	b.hash += delta
	e = entry{hash: b.hash, count: count}
	switch {
	case count == 1:
		_, n := binary.Uvarint(b.rest)
		if n <= 0 {
			return entry{}, false, "a posting of a bucket makes no sense"
		}
		e.postings, b.rest = b.rest[:n], b.rest[n:]
	case count <= blockPostings:
		n, ok := b.uvarint()
		if !ok || n > uint64(len(b.rest)) {
			return entry{}, false, "a list of a bucket makes no sense"
		}
		e.postings, b.rest = b.rest[:n], b.rest[n:]
	default:
		offset, ok1 := b.uvarint()
		length, ok2 := b.uvarint()
		if !ok1 || !ok2 || offset > maxExtentAt || length > blockPostings*childLen || length%childLen != 0 || length == 0 ||
			count > uint64(store.MaxPosition) {
			return entry{}, false, "the root of a list makes no sense"
		}
		e.root = extent{int64(offset), int(length)}
	}
	return e, true, ""
}

func (b *bucket) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(b.rest)
	if n <= 0 {
		return 0, false
	}
	b.rest = b.rest[n:]
	return v, true
}

// decodePostings appends the postings in b to dst, and returns false unless they rise, lie in [first, last], and are as many as count.
func decodePostings(dst []store.Position, b []byte, first, last store.Position, count uint64) ([]store.Position, bool) {
	before, n := first, uint64(0)
	for ; len(b) > 0; n++ {
		delta, width := uint64(b[0]), 1
		if delta >= 0x80 {
			if delta, width = binary.Uvarint(b); width <= 0 {
				return dst, false
			}
		}
		b = b[width:]
		if delta == 0 && n > 0 || delta > uint64(last-before) || n == count {
			return dst, false
		}
		before += store.Position(delta)
		dst = append(dst, before)
	}
	return dst, n == count
}
