package cbor_test

import (
	"io"
	"math/big"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	codec "github.com/gestadb/gesta/codec/cbor"
)

type (
	hidden    struct{ a int } //nolint:unused // that is what is wrong with it
	onlyWrite struct{ A int }
	onlyText  int
	inJSON    struct{ a int } //nolint:unused // it has JSON, and no CBOR
	inner     struct{ A int }
	same      struct {
		A string `json:"B"`
		B string
	}
	below struct {
		inner
		A int
	}
	recursive struct {
		Next *recursive
		Map  map[string][]recursive
	}
	stamped struct {
		time.Time
		By string
	}
	stampedPtr struct{ *time.Time }
	twice      struct {
		time.Time
		url.URL
	}
	ring struct {
		*ring //nolint:unused // that is what is wrong with it
	}
	Ring struct {
		*Ring
		A int
	}
)

func (onlyWrite) MarshalBinary() ([]byte, error) { return nil, nil }
func (onlyText) MarshalText() ([]byte, error)    { return nil, nil }
func (inJSON) MarshalJSON() ([]byte, error)      { return []byte("1"), nil }
func (*inJSON) UnmarshalJSON([]byte) error       { return nil }

// TestCheck has types of which something would not come back.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		event any
		want  string // empty for none
	}{
		{rich{}, ""},
		{&recursive{}, ""},
		{struct{ Name, NAME string }{}, ""},
		{struct{ W when }{}, ""},
		{struct{ R cbor.RawMessage }{}, ""},
		{struct{ M map[[4]byte]int }{}, "keys that are neither"},
		{hidden{}, "field a of cbor_test.hidden is not exported"},
		{struct{ H []map[string]*hidden }{}, "field a of cbor_test.hidden is not exported"},
		{struct{ J inJSON }{}, "field a of cbor_test.inJSON is not exported"},
		{same{}, `are both "B"`},
		{below{}, `are both "A"`},
		{struct{ F func() }{}, "func() has no CBOR"},
		{struct{ C chan int }{}, "chan int has no CBOR"},
		{struct{ C complex64 }{}, "complex64 has no CBOR"},
		{struct{ P uintptr }{}, "uintptr has no CBOR"},
		{struct{ A any }{}, "interface {} is an interface"},
		{struct{ L []io.Reader }{}, "io.Reader is an interface"},
		{struct{ T cbor.Tag }{}, "interface {} is an interface"},
		{struct{ M map[float64]int }{}, "keys that are neither"},
		{struct{ M map[*big.Int]int }{}, "keys that are neither"},
		{struct{ M map[time.Time]int }{}, "keys that are neither"},
		{struct{ M map[any]int }{}, "keys that are neither"},
		{struct{ O onlyWrite }{}, "one of MarshalBinary and UnmarshalBinary"},
		{struct{ O []onlyText }{}, "one of MarshalText and UnmarshalText"},
		{stamped{}, "embeds time.Time, which writes itself"},
		{struct{ S *stamped }{}, "embeds time.Time, which writes itself"},
		{stampedPtr{}, "embeds *time.Time, which writes itself"},
		{twice{}, "embeds time.Time, which writes itself"},
		{ring{}, "pointer that is not exported"},
		{Ring{}, "is embedded in itself"},
		{struct{ *inner }{}, "pointer that is not exported"},
		{struct {
			A int `cbor:"1,keyasint"`
		}{}, "has a struct tag cbor"},
	} {
		t.Run(reflect.TypeOf(tt.event).String(), func(t *testing.T) {
			err := codec.Codec.Check(reflect.TypeOf(tt.event))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}
