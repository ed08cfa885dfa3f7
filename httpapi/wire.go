package httpapi

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// The primitives of frames: unsigned and signed varints as of encoding/binary, text and bytes behind their length, and times as
// microseconds since 1970 with a byte before them that is 0 for the zero time.

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendMoment(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), store.Time(t).UnixMicro())
}

func appendFlag(dst []byte, f bool) []byte {
	if f {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// decoder reads primitives. The first error stays, and what is read after it is zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = &store.InvalidError{Problem: "frame: " + fmt.Sprintf(format, args...)}
		d.b = nil
	}
}

func (d *decoder) uvarint() uint64 {
	if len(d.b) > 0 && d.b[0] < 0x80 { // most of them
		n := uint64(d.b[0])
		d.b = d.b[1:]
		return n
	}
	n, size := binary.Uvarint(d.b)
	if size <= 0 {
		d.fail("a number is cut off")
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("a byte is missing")
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) flag() bool {
	c := d.byte()
	if c > 1 {
		d.fail("a flag is %d", c)
	}
	return c == 1
}

// length reads how many things follow of which each takes at least size bytes.
func (d *decoder) length(what string, size int) int {
	n := d.uvarint()
	if n > uint64(len(d.b)/size) {
		d.fail("%s are cut off", what)
		return 0
	}
	return int(n)
}

// take returns the next n bytes, which share memory with the frame.
func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail("text is cut off")
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) text() string { return string(d.take(d.uvarint())) }

func (d *decoder) position() store.Position { return store.Position(d.uvarint()) }

func (d *decoder) moment() time.Time {
	if !d.flag() {
		return time.Time{}
	}
	return time.UnixMicro(d.varint()).UTC()
}

func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes too many", len(d.b))
	}
	return d.err
}
