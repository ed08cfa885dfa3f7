package cbor_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/codec/cbor"
)

var alike = cmp.Options{
	cmp.AllowUnexported(rich{}, money{}), cmpopts.IgnoreFields(rich{}, "Left"), cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateNaNs(),
	cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }), cmp.Comparer(func(a, b big.Rat) bool { return a.Cmp(&b) == 0 }),
}

// decode reads a value of the type of like.
func decode(t *testing.T, data []byte, like any) any {
	t.Helper()
	p := reflect.New(reflect.TypeOf(like))
	into := p.Interface()
	if p.Elem().Kind() == reflect.Pointer {
		p.Elem().Set(reflect.New(p.Elem().Type().Elem()))
		into = p.Elem().Interface()
	}
	if err := cbor.Codec.Decode(data, into); err != nil {
		t.Fatalf("decode %x: %v", data, err)
	}
	return p.Elem().Interface()
}

func TestRoundTrip(t *testing.T) {
	for name, event := range map[string]any{
		"full": full(), "zero": rich{}, "half": rich{Map: map[string]int{}, List: []string{}, Bytes: []byte{}, Nested: []line{}, Ptr: &line{}, Next: &rich{}},
		"pointer":   &line{"a", 1},
		"fieldless": struct{}{},
		"left out": struct {
			F func() `json:"-"`
		}{},
		"nil in slice": struct{ L [][]int }{[][]int{nil, {}}},
		"nil pointers": struct{ L []*line }{[]*line{nil, {}}},
		"times": struct{ T []time.Time }{[]time.Time{
			{},
			time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC),
			time.Date(2026, 1, 1, 0, 0, 0, 123456000, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", -12*3600)),
		}},
		"integers": struct {
			I []int64
			U []uint64
		}{[]int64{0, 23, 24, 255, 256, -1, -24, -25, math.MaxInt64, math.MinInt64}, []uint64{math.MaxUint64}},
		"floats": struct {
			F []float64
			G []float32
		}{
			[]float64{0, math.Copysign(0, -1), 1.5, 1.1, 65504, 65505, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()},
			[]float32{1.1, math.MaxFloat32, math.SmallestNonzeroFloat32},
		},
		"names by case": struct{ Name, NAME string }{"a", "b"},
		"omitempty *\"\"": struct {
			S *string `json:",omitempty"`
		}{new("")},
		"deep": nest(cbor.MaxDepth - 1),
	} {
		t.Run(name, func(t *testing.T) {
			if err := cbor.Codec.Check(reflect.TypeOf(event)); err != nil {
				t.Fatal(err)
			}
			data, err := cbor.Codec.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(event, decode(t, data, event), alike); diff != "" {
				t.Errorf("%x came back as\n%s", data, diff)
			}
			for i := range len(data) - 1 {
				if err := cbor.Codec.Decode(data[:i], reflect.New(reflect.TypeOf(event)).Interface()); err == nil {
					t.Errorf("%d bytes of %x were read", i, data)
				}
			}
			if err := cbor.Codec.Decode(append(data, 0), reflect.New(reflect.TypeOf(event)).Interface()); err == nil {
				t.Error("a byte too many was read")
			}
		})
	}
}

// TestUTC makes sure that a time in UTC comes back in UTC, as it was.
func TestUTC(t *testing.T) {
	type event struct{ At time.Time }
	want := event{time.Date(2026, 3, 4, 5, 6, 7, 891234000, time.UTC)}
	data, err := cbor.Codec.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, data, want); got != want { // the same bits
		t.Errorf("%v; want %v", got, want)
	}
}

// chain is as deep as one likes.
type chain struct{ Next *chain }

func nest(n int) *chain {
	var c *chain
	for range n + 1 {
		c = &chain{c}
	}
	return c
}

// TestEncoding has the bytes of an event, and of the same event made otherwise.
func TestEncoding(t *testing.T) {
	type event struct {
		Longer string `json:"longer"`
		B      []byte `json:"b"`
		M      map[string]int
		At     time.Time
		F      float64
	}
	const want = "a5" + // five pairs, by their keys' bytes: shorter keys first
		"6146" + "f93e00" + // F: 1.5 in 16 bits
		"614d" + "a3" + "6161" + "01" + "6162" + "02" + "626161" + "03" +
		"6162" + "4200ff" + // b
		"624174" + "c0" + "74" + "323032362d30332d30345430353a30363a30375a" + // At: tag 0, text
		"666c6f6e676572" + "6178"
	m := map[string]int{}
	for _, k := range []string{"aa", "b", "a"} {
		m[k] = map[string]int{"a": 1, "b": 2, "aa": 3}[k]
	}
	for range 10 {
		data, err := cbor.Codec.Encode(event{"x", []byte{0, 255}, m, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), 1.5})
		if got := hex.EncodeToString(data); err != nil || got != want {
			t.Fatalf("%v\n%s; want\n%s", err, got, want)
		}
	}
}

// TestNotWritten has values that could not be read.
func TestNotWritten(t *testing.T) {
	for _, tt := range []struct {
		name  string
		event any
		want  string
	}{
		{"no UTF-8", line{SKU: "a\xff"}, "not UTF-8"},
		{"no UTF-8, key", struct{ M map[string]int }{map[string]int{"\xff": 1}}, "not UTF-8"},
		{"year 10000", struct{ T time.Time }{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "parsing time"},
		{"years ago", struct{ T time.Time }{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}, "parsing time"},
		{"far east", struct{ T time.Time }{time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 30*3600))}, "parsing time"},
		{"own, time", struct{ C own }{own{0xc0, 0x01}}, ""},
		{"too deep", nest(cbor.MaxDepth), "nested more than 64 deep"},
		{"array", struct{ L []bool }{make([]bool, cbor.MaxElements+1)}, "1048577 elements"},
		{"key twice", struct{ M map[folding]int }{map[folding]int{"a": 1, "A": 2}}, "a key twice"},
		{"own, length open", struct{ C own }{own{0x9f, 0x01, 0xff}}, ""},
		{"own, key twice", struct{ C own }{own{0xa2, 0x61, 'a', 1, 0x61, 'a', 2}}, "a key twice"},
		{"own, too short", struct{ C own }{own{0x82, 0x01}}, ""},
	} {
		if data, err := cbor.Codec.Encode(tt.event); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %s; %x", tt.name, err, tt.want, data[:min(len(data), 100)])
		}
	}
}

// folding is text that loses the case of its letters when it is written.
type folding string

func (f folding) MarshalText() ([]byte, error) { return []byte(strings.ToLower(string(f))), nil }

func (f *folding) UnmarshalText(text []byte) error {
	*f = folding(text)
	return nil
}

// own writes what it holds.
type own []byte

func (o *own) MarshalCBOR() ([]byte, error) { return *o, nil }

func (o *own) UnmarshalCBOR(data []byte) error {
	*o = bytes.Clone(data)
	return nil
}

// TestNotRead has bytes that are refused.
func TestNotRead(t *testing.T) {
	deep := strings.Repeat("a1644e657874", cbor.MaxDepth+1) + "f6"
	for _, tt := range []struct {
		name, data string
		into       any
	}{
		{"nothing", "", &line{}},
		{"key twice", "a2" + "63736b75" + "6161" + "63736b75" + "6162", &line{}},
		{"unknown key twice", "a2" + "6178" + "01" + "6178" + "02", &line{}},
		{"map key twice", "a1614d" + "a2" + "6178" + "01" + "6178" + "02", &struct{ M map[string]int }{}},
		{"no UTF-8", "a163736b7561ff", &line{}},
		{"other kind", "a163736b7501", &line{}},
		{"overflow", "a163517479" + "1b8000000000000000", &line{}},
		{"length open", "bf63736b756161ff", &line{}},
		{"too deep", deep, &chain{}},
		{"more elements than bytes", "a1614c9b00000000ffffffff", &struct{ L []int }{}},
		{"more elements than are allowed", "a1614c9a00100001" + strings.Repeat("01", 1<<20+1), &struct{ L []int }{}},
		{"no time", "a16154c06161", &struct{ T time.Time }{}},
		{"tag of another kind", "a16154d82a6161", &struct{ T time.Time }{}},
	} {
		data, err := hex.DecodeString(tt.data)
		if err != nil {
			t.Fatal(err)
		}
		if err := cbor.Codec.Decode(data, tt.into); err == nil {
			t.Errorf("%s: %+v", tt.name, tt.into)
		}
	}
	var got line
	data, err := hex.DecodeString("a3" + "634d4f72" + "82a0f6" + "63534b55" + "6161" + "63736b75" + "6162") // MOr, SKU, sku
	if err != nil {
		t.Fatal(err)
	}
	if err := cbor.Codec.Decode(data, &got); err != nil || got != (line{SKU: "b"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestKeepsNothing changes what was decoded.
func TestKeepsNothing(t *testing.T) {
	in := full()
	data, err := cbor.Codec.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	got := decode(t, data, in)
	for i := range data {
		data[i] = 'x'
	}
	if diff := cmp.Diff(any(in), got, alike); diff != "" {
		t.Error(diff)
	}
}
