package segment

import "encoding/binary"

// parser reads the parts of an envelope; after a part that is cut off it is bad and yields zeros.
type parser struct {
	b   []byte
	at  int
	bad bool
}

func (p *parser) uvarint() uint64 {
	if p.bad {
		return 0
	}
	n, k := binary.Uvarint(p.b[p.at:])
	if k <= 0 {
		p.bad = true
		return 0
	}
	p.at += k
	return n
}

// count reads a number of things that follow, each of which takes at least a byte.
func (p *parser) count() uint64 {
	n := p.uvarint()
	if n > uint64(len(p.b)-p.at) {
		p.bad = true
		return 0
	}
	return n
}

func (p *parser) take(n int) span {
	if p.bad || n > len(p.b)-p.at {
		p.bad = true
		return span{}
	}
	s := span{p.at, p.at + n}
	p.at = s.to
	return s
}

func (p *parser) uint64() uint64 {
	s := p.take(8)
	if p.bad {
		return 0
	}
	return binary.LittleEndian.Uint64(p.b[s.from:])
}

func (p *parser) name() span {
	n := p.count()
	return p.take(int(n))
}
