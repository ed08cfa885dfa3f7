package disk

import (
	"sync/atomic"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// askedPages knows which pages of the mapping of a segment were asked for since the segment was opened: a bit for each 4 KiB. What never was is most likely
// not in memory, and this says so without a system call and before anything is waited for. It may be wrong, as it is a matter of time alone: other programs, or
// reads with ReadAt, bring pages in, and the system drops them. The zero value knows of no page, and asks for none. Any number of goroutines may use it.
type askedPages []atomic.Uint64

const askedShift = 12

// grown returns a with room for a mapping of size bytes.
func (a askedPages) grown(size int) askedPages {
	n := size>>(askedShift+6) + 1
	if n <= len(a) {
		return a
	}
	more := make(askedPages, n)
	for i := range a {
		more[i].Store(a[i].Load())
	}
	return more
}

// fetch has the disk begin to read n bytes, at least one, of a mapping from an offset on, unless all of their pages were asked for before. It
// says whether it did.
func (a askedPages) fetch(m vfs.Mapping, off, n int) bool {
	fresh := false
	last := min((off+n-1)>>askedShift, len(a)<<6-1)
	for page := off >> askedShift; page <= last; page++ {
		if bit := uint64(1) << (page & 63); a[page>>6].Load()&bit == 0 {
			a[page>>6].Or(bit)
			fresh = true
		}
	}
	if fresh {
		m.Advise(off, n, vfs.WillNeed)
	}
	return fresh
}
