package cbor

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"

	"github.com/gestadb/gesta"
)

// The limits of what is written and read.
const (
	// MaxDepth is how deep arrays, maps and tags may be nested.
	MaxDepth = 64

	// MaxElements is how many elements an array may have, and how many pairs a map.
	MaxElements = 1 << 20
)

// Codec is the codec.
var Codec gesta.Codec = newCodec()

type codec struct {
	enc     cbor.EncMode
	dec     cbor.DecMode
	problem error // with the options below; nil
}

func newCodec() *codec {
	write := cbor.CoreDetEncOptions()
	write.Time, write.TimeTag = cbor.TimeRFC3339Nano, cbor.EncTagRequired
	write.OmitEmpty = cbor.OmitEmptyGoValue
	write.ByteArray = cbor.ByteArrayToByteSlice
	write.TextMarshaler = cbor.TextMarshalerTextString
	read := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels: MaxDepth, MaxArrayElements: MaxElements, MaxMapPairs: MaxElements,
		TimeTag: cbor.DecTagOptional, TextUnmarshaler: cbor.TextUnmarshalerTextString,
	}
	c := &codec{}
	if c.enc, c.problem = write.EncMode(); c.problem == nil {
		c.dec, c.problem = read.DecMode()
	}
	return c
}

func (c *codec) ContentType() string { return "application/cbor" }

func (c *codec) Check(t reflect.Type) error {
	if c.problem != nil {
		return c.problem
	}
	k := checker{seen: map[reflect.Type]bool{}}
	return k.check(t)
}

func (c *codec) Encode(v any) ([]byte, error) {
	data, err := c.enc.Marshal(v)
	if err != nil {
		return nil, err
	}
	if err := verify(data); err != nil {
		return nil, fmt.Errorf("cbor: %w", err)
	}
	return data, nil
}

func (c *codec) Decode(data []byte, into any) error { return c.dec.Unmarshal(data, into) }
