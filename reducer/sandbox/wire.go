package sandbox

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

/*
The parent and its child speak in frames: four bytes of length, little endian, of what follows, one byte that says what it is, and its payload. Numbers in payloads are varints; texts and bytes are preceded by their length.

To the child:

	source   language, name, source, its configuration, limits                once, first
	begin                                                                     forgets all; answered by state or failure
	events   whether operations are wanted, number, events                    answered by any number of steps, the last of which completes it, or a failure
	ask                                                                       answered by state

From the child:

	state    the state as JSON
	steps    number, then of each whether the event was applied, number of operations, their length, operations
	failure  event of the batch from 0, or -1; kind; line; message            the last that it says of this fold
	alive                                                                     while it compiles or folds

The child's standard error gets one byte, mark, when it begins with an event or with the source. What follows the last mark is what the runtime said before it died.
*/
const (
	frameSource  byte = 's'
	frameBegin   byte = 'b'
	frameEvents  byte = 'e'
	frameAsk     byte = 'a'
	frameState   byte = 'S'
	frameSteps   byte = 'P'
	frameFailure byte = 'F'
	frameAlive   byte = 'A'

	mark byte = 0x01
)

// maxFrame bounds a frame in either direction, in bytes; flushSteps is from how many on the child sends the steps that it has.
const (
	maxFrame   = 256 << 20
	flushSteps = 256 << 10
)

var errFrame = errors.New("the frame is damaged")

// writeFrame writes a frame in one piece. Its payload begins at the sixth byte of b, which it keeps free for the rest.
func writeFrame(w io.Writer, kind byte, b []byte) error {
	if len(b)-4 > maxFrame {
		return fmt.Errorf("a frame of %d bytes is longer than %d", len(b), maxFrame)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4)) //nolint:gosec // bounded above
	b[4] = kind
	_, err := w.Write(b)
	return err
}

// newFrame returns the beginning of a frame in the memory of b.
func newFrame(b []byte) []byte { return append(b[:0], 0, 0, 0, 0, 0) }

// readFrame reads a frame; the payload is in buf's memory where that is large enough.
func readFrame(r *bufio.Reader, buf []byte) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:])) - 1
	if n < 0 || n >= maxFrame {
		return 0, buf, errFrame
	}
	payload = buf[:0]
	for int64(len(payload)) < n { // as it comes: a length alone takes no memory
		step := int(min(n-int64(len(payload)), 1<<20))
		from := len(payload)
		payload = grow(payload, step)
		if _, err := io.ReadFull(r, payload[from:]); err != nil {
			return 0, payload, fmt.Errorf("%w: %w", errFrame, err)
		}
	}
	return head[4], payload, nil
}

func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b[:len(b)+n]
	}
	return append(b, make([]byte, n)...)
}

// AppendText appends a text or bytes, preceded by their length.
func AppendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// AppendFlag appends whether something is so.
func AppendFlag(b []byte, flag bool) []byte {
	if flag {
		return append(b, 1)
	}
	return append(b, 0)
}

// Reader takes bytes apart that were appended to. After the first thing that is not there, all others are zero, and End returns an error.
type Reader struct {
	b   []byte
	bad bool
}

// NewReader reads b.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Uint reads a number that [binary.AppendUvarint] has appended.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.b)
	return r.took(v, n)
}

// Int reads a number that [binary.AppendVarint] has appended.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.b)
	return int64(r.took(uint64(v), n)) //nolint:gosec // there and back
}

func (r *Reader) took(v uint64, n int) uint64 {
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Count reads a number of things that take at least one byte each.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return 0
	}
	return int(n)
}

// Text reads what AppendText has appended, in the same memory.
func (r *Reader) Text() []byte {
	n := r.Count()
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

// Flag reads what AppendFlag has appended.
func (r *Reader) Flag() bool {
	if len(r.b) == 0 {
		r.bad = true
		return false
	}
	flag := r.b[0] != 0
	r.b = r.b[1:]
	return flag
}

// End returns an error when something was missing or is left.
func (r *Reader) End() error {
	if r.bad || len(r.b) > 0 {
		return errFrame
	}
	return nil
}
