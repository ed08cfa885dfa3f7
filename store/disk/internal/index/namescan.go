package index

import "bytes"

// nameScan goes through a section of names in their order. It belongs to one goroutine.
type nameScan struct {
	blocks  blockScan
	extents extentScan
	left    uint64 // names that are still to come
	values  int    // of each name

	at      int64  // of the block
	rest    []byte // what is left of it
	inBlock uint64 // names in that

	name   []byte    // the current one, nil after the last one
	shared int       // bytes that it begins with like the one before it
	value  [4]uint64 // of it
}

// newNameScan returns a scan before the first name, which reads about size bytes at once.
func newNameScan(s *names, size int) *nameScan {
	return &nameScan{
		blocks:  blockScan{file: s.file, section: s.blocks, size: size},
		extents: newExtentScan(s.file, s.extents, nameBlocks(s.count), max(size/8, pageLen)),
		left:    s.count, values: s.values,
	}
}

// next goes to the next name, which is nil after the last one. The name and its values are valid until the next call.
func (s *nameScan) next() error {
	if s.inBlock > 0 {
		return s.decode(false)
	}
	if len(s.rest) > 0 {
		return s.damaged("a block of names has bytes too many")
	}
	if s.left == 0 {
		s.name, s.shared = nil, 0
		return nil
	}
	e, err := s.extents.extent()
	if err != nil {
		return err
	}
	if s.rest, err = s.blocks.read(e); err != nil {
		return err
	}
	s.at, s.inBlock = e.offset, min(s.left, namesPerBlock)
	return s.decode(true)
}

// decode takes a name from the block. The first one is whole, each other one goes on from the one before.
func (s *nameScan) decode(first bool) error {
	shared, n1 := uvarint(s.rest)
	rest := s.rest[max(n1, 0):]
	length, n2 := uvarint(rest)
	rest = rest[max(n2, 0):]
	if n1 <= 0 || n2 <= 0 || shared > uint64(len(s.name)) || first && shared > 0 || length > uint64(len(rest)) || length == 0 {
		return s.damaged("a name makes no sense")
	}
	suffix := rest[:length]
	rest = rest[length:]
	same := sharedBytes(s.name[shared:], suffix, 0)
	if bytes.Compare(suffix[same:], s.name[int(shared)+same:]) <= 0 {
		return s.damaged("names do not rise")
	}
	s.shared = int(shared) + same
	s.name = append(s.name[:shared], suffix...)
	for i := range s.values {
		v, n := uvarint(rest)
		if n <= 0 {
			return s.damaged("a value of a name makes no sense")
		}
		s.value[i] = v
		rest = rest[n:]
	}
	s.rest = rest
	s.inBlock--
	s.left--
	return nil
}

func (s *nameScan) damaged(problem string) error { return s.blocks.file.damaged(s.at, "%s", problem) }

// current returns the values of the current name.
func (s *nameScan) current() []uint64 { return s.value[:s.values] }
