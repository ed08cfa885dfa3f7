package json2_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/json2"
)

var alike = cmp.Options{cmp.AllowUnexported(rich{}), cmpopts.IgnoreFields(rich{}, "Left"), cmp.Transformer("big", (*big.Int).String), cmpopts.EquateComparable(netip.Addr{})}

// events are those that both libraries are held against.
func events() map[string]any {
	half := rich{Number: "0", Raw: json.RawMessage("null"), Map: map[string]int{}, List: []string{}, Bytes: []byte{}, Nested: []line{}, Ptr: &line{}, Next: &rich{Number: "-0", Raw: json.RawMessage("[]")}}
	return map[string]any{
		"full": full(), "lossy: zero": rich{}, "half": half,
		"line":      line{"a", -1},
		"pointer":   &line{"a", 1},
		"fieldless": struct{}{},
		"left out": struct {
			F func() `json:"-"`
		}{},
		"nil slice":        struct{ L []int }{},
		"empty slice":      struct{ L []int }{[]int{}},
		"nil map":          struct{ M map[string]int }{},
		"empty map":        struct{ M map[string]int }{map[string]int{}},
		"nil bytes":        struct{ B []byte }{},
		"empty bytes":      struct{ B []byte }{[]byte{}},
		"nil in slice":     struct{ L [][]int }{[][]int{nil, {}}},
		"nil pointers":     struct{ L []*line }{[]*line{nil, {}}},
		"zero time":        struct{ T time.Time }{},
		"nanoseconds":      struct{ T time.Time }{time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC)},
		"late":             struct{ T *time.Time }{new(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC))},
		"duration":         struct{ D time.Duration }{math.MinInt64},
		"durations":        struct{ D map[string]time.Duration }{map[string]time.Duration{"x": 1}},
		"big integers":     struct{ I, J int64 }{math.MaxInt64, math.MinInt64},
		"floats":           struct{ F []float64 }{[]float64{0, math.Copysign(0, -1), 1e20, 1e21, 1e-6, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, 1.0 / 3}},
		"short floats":     struct{ F []float32 }{[]float32{0, 1e20, 1e21, 1e-7, math.MaxFloat32, math.SmallestNonzeroFloat32, 1.0 / 3}},
		"lossy: no number": struct{ N json.Number }{},
		"omitempty *\"\"": struct {
			S *string `json:",omitempty"`
		}{new("")},
		"omitempty *struct": struct {
			S *line `json:",omitempty"`
		}{new(line{})},
	}
}

// TestBothWays has each library read what the other one wrote.
func TestBothWays(t *testing.T) {
	for name, event := range events() {
		t.Run(name, func(t *testing.T) {
			if err := json2.Codec.Check(reflect.TypeOf(event)); err != nil {
				t.Fatal(err)
			}
			written := map[string][]byte{}
			for by, codec := range map[string]gesta.Codec{"json": gesta.JSON, "json2": json2.Codec} {
				data, err := codec.Encode(event)
				if err != nil {
					t.Fatalf("%s: %v", by, err)
				}
				written[by] = data
			}
			if diff := cmp.Diff(string(plainText(t, written["json"])), string(written["json2"])); diff != "" {
				t.Errorf("encoding/json (-) and json2 (+) write:\n%s", diff)
			}
			want := event
			if strings.HasPrefix(name, "lossy") { // as it is with encoding/json: the number "" is 0, no raw JSON is null
				want = decode(t, gesta.JSON, written["json"], event)
			}
			for by, data := range written {
				if diff := cmp.Diff(want, decode(t, json2.Codec, data, event), alike); diff != "" {
					t.Errorf("%s wrote %s; json2 read:\n%s", by, data, diff)
				}
				if diff := cmp.Diff(want, decode(t, gesta.JSON, data, event), alike); diff != "" {
					t.Errorf("%s wrote %s; encoding/json read:\n%s", by, data, diff)
				}
			}
		})
	}
}

// plainText returns what encoding/json wrote without the escapes that are for web pages.
func plainText(t *testing.T, data []byte) []byte {
	t.Helper()
	for escaped, plain := range map[string]string{`\u003c`: "<", `\u003e`: ">", `\u0026`: "&", `\u2028`: "\u2028"} {
		data = bytes.ReplaceAll(data, []byte(escaped), []byte(plain))
	}
	return data
}

// decode reads a value of the type of like.
func decode(t *testing.T, codec gesta.Codec, data []byte, like any) any {
	t.Helper()
	p := reflect.New(reflect.TypeOf(like))
	into := p.Interface()
	if p.Elem().Kind() == reflect.Pointer {
		p.Elem().Set(reflect.New(p.Elem().Type().Elem()))
		into = p.Elem().Interface()
	}
	if err := codec.Decode(data, into); err != nil {
		t.Fatalf("decode %s: %v", data, err)
	}
	return p.Elem().Interface()
}

// TestDeterministic writes a map several times.
func TestDeterministic(t *testing.T) {
	first, err := json2.Codec.Encode(full())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := json2.Codec.Encode(full())
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("%v\n%s\n%s", err, first, again)
		}
	}
}

// TestDiffers is what the package says of itself where it is not as encoding/json.
func TestDiffers(t *testing.T) {
	type cased struct{ Owner, OWNER string }
	type pair struct{ A [2]int }
	var got cased
	for _, tt := range []struct {
		name, data string
		into, want any // want is an error's text or a value
	}{
		{"exact names", `{"owner":"x","Owner":"a","OWNER":"b"}`, &got, cased{"a", "b"}},
		{"unknown members", `{"Owner":"a","More":{"x":[1]}}`, &cased{}, cased{Owner: "a"}},
		{"a name twice", `{"Owner":"a","Owner":"b"}`, &cased{}, errors.New("duplicate")},
		{"a name twice, unknown", `{"x":1,"x":2}`, &cased{}, errors.New("duplicate")},
		{"no UTF-8", "{\"Owner\":\"\xff\"}", &cased{}, errors.New("invalid UTF-8")},
		{"half a surrogate", `{"Owner":"\ud800"}`, &cased{}, errors.New("surrogate")},
		{"more", `{} {}`, &cased{}, errors.New("after top-level value")},
		{"nothing", ``, &cased{}, errors.New("EOF")},
		{"other kind", `{"Owner":1}`, &cased{}, errors.New("unmarshal JSON number into")},
		{"short array", `{"A":[1]}`, &pair{}, errors.New("array")},
		{"long array", `{"A":[1,2,3]}`, &pair{}, errors.New("array")},
		{"null", `{"A":null}`, &pair{}, pair{}},
		{"null for all", `null`, &cased{}, cased{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := json2.Codec.Decode([]byte(tt.data), tt.into)
			if want, ok := tt.want.(error); ok {
				if err == nil || !strings.Contains(err.Error(), want.Error()) {
					t.Errorf("%v; want %v", err, want)
				}
				return
			}
			if diff := cmp.Diff(tt.want, reflect.ValueOf(tt.into).Elem().Interface()); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// TestNotWritten has values that could not be read.
func TestNotWritten(t *testing.T) {
	for name, event := range map[string]any{
		"no UTF-8":         line{SKU: "\xff"},
		"no number":        struct{ F float64 }{math.NaN()},
		"infinite":         struct{ F float64 }{math.Inf(1)},
		"year 10000":       struct{ T time.Time }{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"raw, name twice":  struct{ R json.RawMessage }{json.RawMessage(`{"a":1,"a":2}`)},
		"raw, no JSON":     struct{ R json.RawMessage }{json.RawMessage(`{`)},
		"Number, no JSON":  struct{ N json.Number }{"01"},
		"Number, a string": struct{ N json.Number }{`"1"`},
	} {
		if data, err := json2.Codec.Encode(event); err == nil {
			t.Errorf("%s: %s", name, data)
		}
	}
}

// TestKeepsNothing changes what was decoded, and what was encoded.
func TestKeepsNothing(t *testing.T) {
	in := full()
	data, err := json2.Codec.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, json2.Codec, data, in)
	for i := range data {
		data[i] = 'x'
	}
	if diff := cmp.Diff(any(in), got, alike); diff != "" {
		t.Error(diff)
	}
	second, err := json2.Codec.Encode(in)
	if err != nil || bytes.Contains(second, []byte("xxx")) {
		t.Errorf("%v: %s", err, second)
	}
}
