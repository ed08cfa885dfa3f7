package json2_test

import (
	"encoding/json"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/codec/json2"
)

type (
	hidden    struct{ a int } //nolint:unused // that is what is wrong with it
	onlyWrite struct{ A int }
	onlyText  int
	streams   struct{ A int }
	key       string
	jsonKey   int
	inner     struct{ A int }
	same      struct {
		A string `json:"B"`
		B string
	}
	when    struct{ time.Time }
	stamped struct {
		time.Time
		By string
	}
	stampedPtr struct{ *time.Time }
	twice      struct {
		time.Time
		netip.Addr
	}
	recursive struct {
		Next *recursive
		Map  map[string][]recursive
	}
)

func (onlyWrite) MarshalJSON() ([]byte, error)        { return []byte("1"), nil }
func (onlyText) MarshalText() ([]byte, error)         { return []byte("x"), nil }
func (streams) MarshalJSONTo(*jsontext.Encoder) error { return nil }
func (key) MarshalText() ([]byte, error)              { return []byte("x"), nil }
func (*key) UnmarshalText([]byte) error               { return nil }
func (jsonKey) MarshalJSON() ([]byte, error)          { return []byte(`"x"`), nil }
func (jsonKey) MarshalText() ([]byte, error)          { return []byte("x"), nil }
func (*jsonKey) UnmarshalText([]byte) error           { return nil }
func (*jsonKey) UnmarshalJSON([]byte) error           { return nil }

// tagged returns a struct whose field has a struct tag that linters would not let pass.
func tagged[T any](tag reflect.StructTag) any {
	return reflect.Zero(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[T](), Tag: tag}})).Interface()
}

// TestCheck has types of which something would not come back.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		event any
		want  string // empty for none
	}{
		{recursive{}, ""},
		{&recursive{}, ""},
		{struct{ Name, NAME string }{}, ""},
		{struct{ N json.Number }{}, ""},
		{tagged[time.Time](`json:"t,omitempty,omitzero"`), ""},
		{hidden{}, "field a of json2_test.hidden is not exported"},
		{struct{ H []map[string]*hidden }{}, "field a of json2_test.hidden is not exported"},
		{same{}, `are both "B"`},
		{struct{ F func() }{}, "func() has no JSON"},
		{struct{ C chan int }{}, "chan int has no JSON"},
		{struct{ C complex128 }{}, "complex128 has no JSON"},
		{struct{ R io.Reader }{}, "io.Reader is an interface"},
		{struct{ A any }{}, "field A of struct { A interface {} }: interface {} is an interface: what was in it is not known when it is read; use json.RawMessage"},
		{struct{ M map[string][]any }{}, "interface {} is an interface"},
		{struct{ M map[float64]int }{}, "keys that are no JSON names"},
		{struct{ O onlyWrite }{}, "and does not read it"},
		{struct{ O []onlyText }{}, "and does not read it"},
		{struct{ S *streams }{}, "MarshalJSONTo"},
		{struct{ M map[key]int }{}, "keys that are text and write themselves otherwise"},
		{struct{ M map[jsonKey]int }{}, "keys that encoding/json writes in another way"},
		{struct{ W when }{}, ""},
		{stamped{}, "embeds time.Time, which makes the JSON of all of it"},
		{struct{ S *stamped }{}, "embeds time.Time, which makes the JSON of all of it"},
		{stampedPtr{}, "embeds *time.Time, which makes the JSON of all of it"},
		{twice{}, "embeds time.Time, which makes the JSON of all of it"},
		{struct{ *inner }{}, "which is not exported"},
		{tagged[int](`json:",omitEmpty"`), "omitEmpty"},
		{tagged[int](`json:"a,case:ignore"`), `does not know the option "case:ignore"`},
		{tagged[inner](`json:",embed"`), `does not know the option "embed"`},
		{tagged[int](`json:"'x'"`), "malformed"},
		{tagged[int](`json:"x→y"`), `does not take "x→y" as a name`},
		{tagged[[]int](`json:",string"`), "the option string"},
		{tagged[time.Time](`json:",string"`), "the option string"},
	} {
		t.Run(reflect.TypeOf(tt.event).String(), func(t *testing.T) {
			err := json2.Codec.Check(reflect.TypeOf(tt.event))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}
