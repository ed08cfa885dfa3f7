package gesta_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

type (
	hidden   struct{ name string } //nolint:unused // that is what is wrong with it
	twoNames struct{ A, B string }
	sameJSON struct {
		A string `json:"B"`
		B string
	}
	sameFolded struct {
		Name string
		NAME string
	}
	withFunc struct{ F func() }
	inner    struct{ Deep hidden }
	floatTag struct {
		Price float64 `gesta:"tag=price"`
	}
	keyless struct {
		Course string `gesta:"tag"`
	}
	unknownMark struct {
		Course string `gesta:"tags=x"`
	}
	Circular struct {
		*Circular
		A int
	}
	dated struct {
		time.Time
		By string
	}
	number      struct{ N big.Int }
	writesOnly  struct{ V writer }
	writer      struct{ V int }
	pointing    struct{ *plain }
	textKeys    struct{ M map[textKey]int }
	textKey     string
	asInterface struct{ E error }
	withAny     struct{ Any any }
	withAnys    struct{ M map[string][]any }
	plain       struct{ A string }
	plainV1     struct{ Old string }
	plainV2     struct{ Older string }
)

func (writer) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func (textKey) MarshalText() ([]byte, error) { return []byte("x"), nil }

// TestTypesAreRefused makes DBs of types that cannot be kept.
func TestTypesAreRefused(t *testing.T) {
	up := func(plainV1) plain { return plain{} }
	one := gesta.Types[any]{"a.b": plain{}}
	for _, tt := range []struct {
		name    string
		options []gesta.Option
		want    string
	}{
		{"unexported", []gesta.Option{gesta.Types[any]{"a": hidden{}}}, "field name of gesta_test.hidden is not exported"},
		{"unexported, deep", []gesta.Option{gesta.Types[any]{"a": inner{}}}, "field Deep of gesta_test.inner: field name"},
		{"same name", []gesta.Option{gesta.Types[any]{"a": sameJSON{}}}, `fields A and B of gesta_test.sameJSON are both "B"`},
		{"same but for case", []gesta.Option{gesta.Types[any]{"a": sameFolded{}}}, "fields Name and NAME"},
		{"function", []gesta.Option{gesta.Types[any]{"a": withFunc{}}}, "func() has no JSON"},
		{"interface", []gesta.Option{gesta.Types[any]{"a": asInterface{}}}, "error is an interface"},
		{"any", []gesta.Option{gesta.Types[any]{"a": withAny{}}}, "field Any of gesta_test.withAny: interface {} is an interface: what was in it is not known when it is read; use json.RawMessage"},
		{"any, deep", []gesta.Option{gesta.Types[any]{"a": withAnys{}}}, "interface {} is an interface"},
		{"any, in old types", []gesta.Option{one, gesta.Upcast("a.b", 1, func(withAny) plain { return plain{} })}, "interface {} is an interface"},
		{"no struct", []gesta.Option{gesta.Types[any]{"a": "text"}}, "an event is a struct"},
		{"nil", []gesta.Option{gesta.Types[any]{"a": nil}}, "is a nil interface"},
		{"embeds itself", []gesta.Option{gesta.Types[any]{"a": Circular{}}}, "embeds itself"},
		{"embeds a time", []gesta.Option{gesta.Types[any]{"a": dated{}}}, "give the field a name"},
		{"pointer methods", []gesta.Option{gesta.Types[any]{"a": number{}}}, "use a pointer"},
		{"writes itself alone", []gesta.Option{gesta.Types[any]{"a": writesOnly{}}}, "does not read it"},
		{"embeds a pointer", []gesta.Option{gesta.Types[any]{"a": pointing{}}}, "would not be read"},
		{"keys that write themselves", []gesta.Option{gesta.Types[any]{"a": textKeys{}}}, "not told apart"},
		{"float tag", []gesta.Option{gesta.Types[any]{"a": floatTag{}}}, "field Price: a float64 is no tag"},
		{"keyless tag", []gesta.Option{gesta.Types[any]{"a": keyless{}}}, `gesta:"tag=course"`},
		{"unknown mark", []gesta.Option{gesta.Types[any]{"a": unknownMark{}}}, "is none of tag=KEY"},
		{"pointers beside values", []gesta.Option{gesta.Types[any]{"a": plain{}, "b": &twoNames{}}}, "has pointers"},
		{"pointer and value of one", []gesta.Option{gesta.Types[any]{"a": plain{}}, gesta.Types[any]{"b": &plain{}}}, "as pointer and as value"},
		{"one type twice", []gesta.Option{gesta.Types[any]{"a": plain{}, "b": plain{}}}, "has two names"},
		{"one name twice", []gesta.Option{gesta.Types[any]{"a": plain{}}, gesta.Types[any]{"a": twoNames{}}}, `type "a" is there twice`},
		{"names but for case", []gesta.Option{gesta.Types[any]{"order.Placed": plain{}, "order.placed": twoNames{}}}, "differ in the case"},
		{"system name", []gesta.Option{gesta.Types[any]{"$a": plain{}}}, "are gesta's own"},
		{"bad name", []gesta.Option{gesta.Types[any]{"a\nb": plain{}}}, "control character"},
		{"version 0", []gesta.Option{one, gesta.Upcast("a.b", 0, up)}, "versions begin at 1"},
		{"twice", []gesta.Option{one, gesta.Upcast("a.b", 1, up), gesta.Upcast("a.b", 1, up)}, "is there twice"},
		{"gap", []gesta.Option{one, gesta.Upcast("a.b", 2, up)}, `has an upcaster of version 2 and none of version 1`},
		{"no end", []gesta.Option{one, gesta.Upcast("a.b", 1, func(plainV1) plainV2 { return plainV2{} })}, "makes a gesta_test.plainV2, which is neither in Types"},
		{"circle", []gesta.Option{
			one, gesta.Upcast("x", 1, func(plainV1) plainV2 { return plainV2{} }), gesta.Upcast("y", 1, func(plainV2) plainV1 { return plainV1{} }),
		}, "leads back to itself"},
		{"does not fit", []gesta.Option{
			one, gesta.Upcast("a.b", 1, func(plainV1) plainV1 { return plainV1{} }), gesta.Upcast("a.b", 2, func(plainV2) plain { return plain{} }),
		}, "takes a gesta_test.plainV2"},
		{"old types too", []gesta.Option{one, gesta.Upcast("a.b", 1, func(hidden) plain { return plain{} })}, "field name of gesta_test.hidden"},
		{"renamed to nothing", []gesta.Option{one, gesta.Rename("old", "new")}, `"new", which is not there`},
		{"renamed although there", []gesta.Option{one, gesta.Types[any]{"old": twoNames{}}, gesta.Rename("old", "a.b")}, "of its own"},
		{"split into nothing", []gesta.Option{one, gesta.Split[plainV1, any]("a.b", 1, func(plainV1) []any { return nil })}, "makes nothing"},
		{"stand-in for a stranger", []gesta.Option{one, gesta.StandIn(twoNames{})}, "which is in no Types"},
		{"codecs", []gesta.Option{one, gesta.WithCodec(gesta.JSON, gesta.JSON)}, "two codecs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gesta.New(memory.New(memory.Options{}), tt.options...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v; want an error with %q", err, tt.want)
			}
		})
	}
}
