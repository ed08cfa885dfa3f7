package index

// scanLen is how many bytes a scan reads at once, unless a block is longer.
const scanLen = 64 << 10

// termScan goes through all terms of a file in the order of their hashes.
type termScan struct {
	file      *indexFile
	directory extents
	bucket    uint64 // the next one
	entries   bucket
	entry     entry // the current one; its bytes are in the buffer

	at     int64 // of the buffer in the file
	buffer []byte
}

func newTermScan(f *indexFile) *termScan {
	return &termScan{file: f, directory: extents{file: &f.blockFile, offset: f.sections[sectionDirectory].offset, n: f.buckets()}}
}

// next goes to the next term, and is false after the last one.
func (s *termScan) next() (bool, error) {
	for {
		e, ok, problem := s.entries.next()
		if problem != "" {
			return false, s.file.damaged(s.at, "%s", problem)
		}
		if ok {
			s.entry = e
			return true, nil
		}
		if s.bucket == s.file.buckets() {
			return false, nil
		}
		x, err := s.directory.at(s.bucket)
		if err != nil {
			return false, err
		}
		s.entries = bucket{hash: bucketBase(s.bucket, s.file.buckets())}
		s.bucket++
		if x.length > 0 {
			if s.entries.rest, err = s.read(x); err != nil {
				return false, err
			}
		}
	}
}

// read returns a block of the terms, from the buffer if it is there.
func (s *termScan) read(x extent) ([]byte, error) {
	end := x.offset + int64(x.length) + sumLen
	terms := s.file.sections[sectionTerms]
	if x.offset < terms.offset || end > terms.end() {
		return nil, s.file.damaged(x.offset, "a block of %d bytes lies outside the terms", x.length)
	}
	if x.offset < s.at || end > s.at+int64(len(s.buffer)) {
		n := int(min(max(scanLen, end-x.offset), terms.end()-x.offset))
		if cap(s.buffer) < n {
			s.buffer = make([]byte, n)
		}
		s.at, s.buffer = x.offset, s.buffer[:n]
		if err := readFull(s.file.file, s.buffer, x.offset); err != nil {
			s.buffer = s.buffer[:0]
			return nil, s.file.readError(x.offset, err)
		}
	}
	return s.file.check(s.buffer[x.offset-s.at:end-s.at], x.offset)
}
