package umadb

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

var (
	errText = errors.New("text is not valid UTF-8")
	errKind = errors.New("field has the wrong wire type")

	errNumber = errors.New("number of a field is too high")
)

// fields walks the fields of a message. After next returned false, err says whether the message was malformed.
type fields struct {
	rest   []byte
	number int32
	kind   protowire.Type
	n      uint64 // the value of a varint
	value  []byte // the value of bytes, in the memory of the message
	err    error
}

func walk(b []byte) fields { return fields{rest: b} }

// next moves to the next field. Fields of other kinds than varints and bytes have no value.
func (f *fields) next() bool {
	if len(f.rest) == 0 || f.err != nil {
		return false
	}
	number, kind, n := protowire.ConsumeTag(f.rest)
	if n < 0 {
		return f.fail(protowire.ParseError(n))
	}
	if !number.IsValid() {
		return f.fail(errNumber)
	}
	f.rest, f.number, f.kind = f.rest[n:], int32(number), kind
	switch kind {
	case protowire.VarintType:
		f.n, n = protowire.ConsumeVarint(f.rest)
	case protowire.BytesType:
		f.value, n = protowire.ConsumeBytes(f.rest)
	default:
		n = protowire.ConsumeFieldValue(number, kind, f.rest)
	}
	if n < 0 {
		return f.fail(protowire.ParseError(n))
	}
	f.rest = f.rest[n:]
	return true
}

func (f *fields) fail(err error) bool {
	if f.err == nil {
		f.err = fmt.Errorf("field %d: %w", f.number, err)
	}
	return false
}

// bytes returns the field's value, which must be bytes.
func (f *fields) bytes() []byte {
	if f.kind != protowire.BytesType {
		f.fail(errKind)
		return nil
	}
	return f.value
}

// text returns the field's value, which must be valid UTF-8, in the memory of the message.
func (f *fields) text() []byte {
	b := f.bytes()
	if !utf8.Valid(b) {
		f.fail(errText)
		return nil
	}
	return b
}

// uint returns the field's value, which must be a varint.
func (f *fields) uint() uint64 {
	if f.kind != protowire.VarintType {
		f.fail(errKind)
	}
	return f.n
}

// message has a nested message read.
func (f *fields) message(decode func(b []byte) error) {
	if err := decode(f.bytes()); err != nil {
		f.fail(err)
	}
}

// texts makes strings that stay, a few allocations for all strings of a message.
type texts struct {
	chunk strings.Builder
	left  int // bounds the bytes of all texts that may still come
}

// textChunk is what is allocated at a time, unless a text is longer or the message shorter, in bytes.
const textChunk = 4 << 10

func (t *texts) of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if t.chunk.Cap()-t.chunk.Len() < len(b) {
		t.chunk.Reset() // what it made stays with whoever has it
		t.chunk.Grow(max(len(b), min(t.left, textChunk)))
	}
	t.left -= len(b)
	start := t.chunk.Len()
	t.chunk.Write(b)
	return t.chunk.String()[start:]
}
