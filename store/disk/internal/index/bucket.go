package index

import (
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
	single   uint64 // the posting of a list of one, less the first of the range
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
	ok, problem = b.read(&e)
	return e, ok, problem
}

// read is next, into e.
func (b *bucket) read(e *entry) (ok bool, problem string) {
	rest := b.rest
	if len(rest) == 0 {
		return false, ""
	}
	delta, n1 := uvarint(rest)
	rest = rest[max(n1, 0):]
	count, n2 := uvarint(rest)
	rest = rest[max(n2, 0):]
	hash := b.hash + delta
	if n1 <= 0 || n2 <= 0 || count == 0 || delta >= 1<<hashBits || hash >= 1<<hashBits {
		return false, "an entry of a bucket makes no sense"
	}
	b.hash, e.hash, e.count = hash, hash, count
	if count > blockPostings {
		b.rest = rest
		return b.readRoot(e)
	}
	if count == 1 {
		single, n := uvarint(rest)
		if n <= 0 {
			return false, "a posting of a bucket makes no sense"
		}
		e.single, e.postings, b.rest = single, rest[:n], rest[n:]
		return true, ""
	}
	length, n := uvarint(rest)
	if n <= 0 || length > uint64(len(rest)-n) {
		return false, "a list of a bucket makes no sense"
	}
	e.postings, b.rest = rest[n:n+int(length)], rest[n+int(length):]
	return true, ""
}

// readRoot reads where the root of a long list is.
func (b *bucket) readRoot(e *entry) (ok bool, problem string) {
	offset, n1 := uvarint(b.rest)
	b.rest = b.rest[max(n1, 0):]
	length, n2 := uvarint(b.rest)
	b.rest = b.rest[max(n2, 0):]
	if n1 <= 0 || n2 <= 0 || offset > maxExtentAt || length > blockPostings*childLen || length%childLen != 0 || length == 0 ||
		e.count > uint64(store.MaxPosition) {
		return false, "the root of a list makes no sense"
	}
	e.root = extent{int64(offset), int(length)}
	return true, ""
}

// decodePostings appends the postings in b to dst, and returns false unless they rise, lie in [first, last], and are as many as count.
func decodePostings(dst []store.Position, b []byte, first, last store.Position, count uint64) ([]store.Position, bool) {
	before, n := first, uint64(0)
	for ; len(b) > 0; n++ {
		delta, width := uint64(b[0]), 1
		if delta >= 0x80 {
			if delta, width = uvarint(b); width <= 0 {
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
