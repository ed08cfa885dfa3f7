package cbor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// The major types of CBOR, as RFC 8949 numbers them.
const (
	unsigned = iota
	negative
	byteString
	textString
	array
	mapping
	tag
	simple
)

// timeTag is the tag of text that is a time.
const timeTag = 0

var errShort = errors.New("it ends too early")

// verify returns an error for what Decode would refuse, or what is not deterministic: text that is not UTF-8, keys that are there twice or out of order, lengths that are not
// given in advance, more than the limits allow.
func verify(data []byte) error {
	rest, err := item(data, 0)
	if err == nil && len(rest) > 0 {
		err = errors.New("there is something behind it")
	}
	return err
}

// item verifies the value at the beginning of data, which is within depth others, and returns what is behind it.
func item(data []byte, depth int) ([]byte, error) {
	major, n, rest, err := head(data)
	if err != nil {
		return nil, err
	}
	if major == array || major == mapping || major == tag {
		if depth++; depth > MaxDepth {
			return nil, fmt.Errorf("it is nested more than %d deep", MaxDepth)
		}
	}
	switch major {
	case byteString, textString:
		if n > uint64(len(rest)) {
			return nil, errShort
		}
		if major == textString && !utf8.Valid(rest[:n]) {
			return nil, fmt.Errorf("text is not UTF-8: %q", rest[:min(n, 64)])
		}
		return rest[n:], nil
	case array:
		if n > MaxElements {
			return nil, fmt.Errorf("an array has %d elements, and %d are the most", n, MaxElements)
		}
		for range n {
			if rest, err = item(rest, depth); err != nil {
				return nil, err
			}
		}
		return rest, nil
	case mapping:
		return pairs(rest, n, depth)
	case tag:
		if n == timeTag {
			if err := verifyTime(rest); err != nil {
				return nil, err
			}
		}
		return item(rest, depth)
	default: // it is all in the head
		return rest, nil
	}
}

// verifyTime verifies the text of a time, which has a year of four digits and an offset of less than a day.
func verifyTime(data []byte) error {
	major, n, rest, err := head(data)
	if err != nil {
		return err
	}
	if major != textString || n > uint64(len(rest)) {
		return errors.New("a time is no text")
	}
	_, err = time.Parse(time.RFC3339, string(rest[:n]))
	return err
}

// pairs verifies the n pairs of a map.
func pairs(rest []byte, n uint64, depth int) ([]byte, error) {
	if n > MaxElements {
		return nil, fmt.Errorf("a map has %d pairs, and %d are the most", n, MaxElements)
	}
	var last []byte
	for range n {
		from := rest
		var err error
		if rest, err = item(rest, depth); err != nil {
			return nil, err
		}
		key := from[:len(from)-len(rest)]
		if last != nil && bytes.Compare(key, last) <= 0 {
			return nil, fmt.Errorf("a map has a key twice, or keys out of order: %x, %x", last[:min(len(last), 64)], key[:min(len(key), 64)])
		}
		last = key
		if rest, err = item(rest, depth); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// head reads the major type of a value, and the number that belongs to it: itself, a length, or bits.
func head(data []byte) (major byte, n uint64, rest []byte, err error) {
	if len(data) == 0 {
		return 0, 0, nil, errShort
	}
	major, info, rest := data[0]>>5, data[0]&31, data[1:]
	if info < 24 {
		return major, uint64(info), rest, nil
	}
	if info > 27 {
		return 0, 0, nil, errors.New("a length is not given in advance")
	}
	size := 1 << (info - 24)
	if len(rest) < size {
		return 0, 0, nil, errShort
	}
	var whole [8]byte
	copy(whole[8-size:], rest)
	return major, binary.BigEndian.Uint64(whole[:]), rest[size:], nil
}
