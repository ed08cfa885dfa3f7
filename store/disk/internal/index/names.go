package index

import "encoding/binary"

// names reads a section of names. It belongs to one goroutine.
type names struct {
	file    *blockFile
	blocks  section
	extents section
	table   extents
	count   uint64 // of names
	values  int    // of each

	buffer []byte
	block  nameBlock
	loaded uint64 // the block in block, plus 1
}

// nameBlock is a decoded block.
type nameBlock struct {
	text   []byte // all names, one after the other
	ends   [namesPerBlock]int
	values [4 * namesPerBlock]uint64
	n      int
}

func (b *nameBlock) name(i int) []byte {
	if i == 0 {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[i-1]:b.ends[i]]
}

// decode fills b from raw, and returns what is wrong, or "". There are n names with so many values, and each name is above the one before it.
func (b *nameBlock) decode(raw []byte, n, values int) string {
	b.text, b.n = b.text[:0], 0
	for i := range n {
		shared, w1 := binary.Uvarint(raw)
		raw = raw[max(w1, 0):]
		length, w2 := binary.Uvarint(raw)
		raw = raw[max(w2, 0):]
		var before []byte
		if i > 0 {
			before = b.name(i - 1)
		}
		if w1 <= 0 || w2 <= 0 || shared > uint64(len(before)) || length > uint64(len(raw)) || length == 0 {
			return "a name makes no sense"
		}
		suffix := raw[:length]
		if i > 0 && string(suffix) <= string(before[shared:]) {
			return "names do not rise"
		}
		b.text = append(append(b.text, before[:shared]...), suffix...)
		b.ends[i] = len(b.text)
		raw = raw[length:]
		for j := range values {
			v, w := binary.Uvarint(raw)
			if w <= 0 {
				return "a value of a name makes no sense"
			}
			b.values[i*values+j] = v
			raw = raw[w:]
		}
		b.n++
	}
	if len(raw) > 0 {
		return "a block of names has bytes too many"
	}
	return ""
}

func newNames(file *blockFile, blocks, table section, count uint64, values int) *names {
	return &names{
		file: file, blocks: blocks, extents: table, count: count, values: values,
		table: extents{file: file, offset: table.offset, n: nameBlocks(count)},
	}
}

// load makes block i the current one.
func (s *names) load(i uint64) error {
	if s.loaded == i+1 {
		return nil
	}
	s.loaded = 0
	e, err := s.table.at(i)
	if err != nil {
		return err
	}
	if e.offset < s.blocks.offset || e.offset+int64(e.length)+sumLen > s.blocks.end() {
		return s.file.damaged(e.offset, "a block of names lies outside its section")
	}
	raw, err := s.file.view(&s.buffer, e.offset, e.length)
	if err != nil {
		return err
	}
	if problem := s.block.decode(raw, int(min(s.count-i*namesPerBlock, namesPerBlock)), s.values); problem != "" {
		return s.file.damaged(e.offset, "%s", problem)
	}
	s.loaded = i + 1
	return nil
}

// search returns the number of the first name that is at least name, which is the count if there is none, and whether it is that
// name. It makes the name's block the current one.
func (s *names) search(name string) (uint64, bool, error) {
	low, high := uint64(0), nameBlocks(s.count) // the name is in a block from low on, or at the beginning of block high
	for low < high {
		mid := low + (high-low)/2
		if err := s.load(mid); err != nil {
			return 0, false, err
		}
		switch {
		case name < string(s.block.name(0)):
			high = mid
		case name > string(s.block.name(s.block.n-1)):
			low = mid + 1
		default:
			i := 0
			for string(s.block.name(i)) < name {
				i++
			}
			return mid*namesPerBlock + uint64(i), string(s.block.name(i)) == name, nil
		}
	}
	return min(low*namesPerBlock, s.count), false, nil
}

// get returns the name with a number below the count, and its values. Both are valid until the next call.
func (s *names) get(i uint64) ([]byte, []uint64, error) {
	if err := s.load(i / namesPerBlock); err != nil {
		return nil, nil, err
	}
	j := int(i % namesPerBlock)
	return s.block.name(j), s.block.values[j*s.values : (j+1)*s.values], nil
}

// find returns the values of a name.
func (s *names) find(name string) ([]uint64, bool, error) {
	i, ok, err := s.search(name)
	if err != nil || !ok {
		return nil, false, err
	}
	_, values, err := s.get(i)
	return values, err == nil, err
}

// start returns the number of the first name that has the prefix and is above after.
func (s *names) start(prefix, after string) (uint64, error) {
	from := max(prefix, after)
	i, ok, err := s.search(from)
	if ok && from == after {
		i++
	}
	return i, err
}
