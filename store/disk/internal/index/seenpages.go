package index

import (
	"sync/atomic"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// seenPages knows which pages of a mapping have been asked for since the file was opened: a bit for each 4 KiB. It is what says, without a system call,
// that a page may not be in memory and is to be fetched with others at once, rather than each when it is read. The zero value, and nil, are for no mapping. Any number of goroutines may use it at once.
type seenPages struct {
	mapping vfs.Mapping
	bits    []atomic.Uint64
}

const seenShift = 12

func (s *seenPages) open(m vfs.Mapping) {
	s.mapping, s.bits = m, make([]atomic.Uint64, len(m.Bytes())>>(seenShift+6)+1)
}

// fetch begins to read n bytes, unless all of their pages have been asked for before.
func (s *seenPages) fetch(offset int64, n int) {
	if s == nil || offset < 0 || n <= 0 || offset > int64(len(s.bits))<<(seenShift+6)-int64(n) {
		return
	}
	fresh := false
	for page := offset >> seenShift; page <= (offset+int64(n)-1)>>seenShift; page++ {
		bit := uint64(1) << (page & 63)
		if word := &s.bits[page>>6]; word.Load()&bit == 0 {
			word.Or(bit)
			fresh = true
		}
	}
	if fresh {
		s.mapping.Advise(int(offset), n, vfs.WillNeed)
	}
}
