package index

// scanLen is how many bytes a scan reads at once, unless a block is longer. What scans many files at once gives each a smaller share.
const scanLen = 64 << 10

// blockScan reads blocks of a section that come one after the other, many with one read. It belongs to one goroutine.
type blockScan struct {
	file    *blockFile
	section section
	size    int // how many bytes it reads at once

	at     int64 // of the buffer in the file
	buffer []byte
}

// read returns a block of the section, from the buffer if it is there. It is valid until the next one is read.
func (s *blockScan) read(x extent) ([]byte, error) {
	end := x.offset + int64(x.length) + sumLen
	if x.offset < s.at || end > s.at+int64(len(s.buffer)) {
		if err := s.fill(x.offset, end); err != nil {
			return nil, err
		}
	}
	return s.file.check(s.buffer[x.offset-s.at:end-s.at], x.offset)
}

// fill makes the buffer begin at offset and reach to end at least.
func (s *blockScan) fill(offset, end int64) error {
	if offset < s.section.offset || end > s.section.end() {
		return s.file.damaged(offset, "a block of %d bytes lies outside its section", end-offset-sumLen)
	}
	n := int(min(max(int64(s.size), end-offset), s.section.end()-offset))
	if cap(s.buffer) < n {
		s.buffer = make([]byte, n)
	}
	s.at, s.buffer = offset, s.buffer[:n]
	if err := readFull(s.file.file, s.buffer, offset); err != nil {
		s.buffer = s.buffer[:0]
		return s.file.readError(offset, err)
	}
	return nil
}

// extentScan goes through a table of extents.
type extentScan struct {
	pages blockScan
	n     uint64 // of extents
	next  uint64
	page  []byte // what is left of the one read last
}

func newExtentScan(f *blockFile, s section, n uint64, size int) extentScan {
	return extentScan{pages: blockScan{file: f, section: s, size: size}, n: n}
}

// more says whether there is another extent.
func (s *extentScan) more() bool { return s.next < s.n }

// extent returns the next extent, of which there is one.
func (s *extentScan) extent() (extent, error) {
	if len(s.page) == 0 {
		at := s.pages.section.offset + int64(s.next/extentsPerPage)*pageLen
		page, err := s.pages.read(extent{at, int(min(s.n-s.next, extentsPerPage)) * extentLen})
		if err != nil {
			return extent{}, err
		}
		s.page = page
	}
	e := decodeExtent(le.Uint64(s.page))
	s.page = s.page[extentLen:]
	s.next++
	return e, nil
}
