package json2_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/json2"
)

// FuzzRoundTrip writes values with each library, and reads them with each.
func FuzzRoundTrip(f *testing.F) {
	f.Add("text", []byte("bytes"), int64(-1), uint64(1), 0.5, true, int64(1e18))
	f.Add("<&>\u2028\"\\\x00", []byte{}, int64(1)<<62, uint64(1)<<63, 1e300, false, int64(-1))
	f.Add("", []byte(nil), int64(0), uint64(0), 0.0, false, int64(0))
	f.Fuzz(func(t *testing.T, text string, data []byte, i int64, u uint64, x float64, yes bool, nanos int64) {
		if !utf8.ValidString(text) || x != x || x > 1e308 || x < -1e308 {
			t.Skip("it is refused")
		}
		event := rich{
			Text: text, HTML: text, Yes: yes, I8: int8(i), I64: i, U64: u, F32: float32(int16(i)) / 7, F64: x, At: time.Unix(i%1e9, nanos).UTC(), For: time.Duration(nanos),
			Number: json.Number(strconv.FormatInt(i, 10)), Raw: json.RawMessage("null"), Bytes: data, Named: data, Digits: []digit{digit(u)}, Array: [4]byte{byte(u), 1}, Pair: [2]int16{int16(i)},
			List: []string{text, ""}, Nested: []line{{text, int(i)}}, Map: map[string]int{text: int(i), "k": 1}, ByInt: map[int]string{int(i): text, 0: ""},
			ByTime: map[time.Time]bool{time.Unix(nanos%1e9, 0).UTC(): yes}, Addr: netip.AddrFrom4([4]byte{byte(i), byte(u)}), Big: new(big.Int).SetUint64(u),
			State: state(i), Money: money{i, text}, embedded: embedded{text}, Deeper: Deeper{text}, QuotedInt: i, QuotedText: text, QuotedBool: &yes, QuotedFloat: x,
			EmptyText: text, EmptyInt: int(i), EmptyBool: yes, EmptyPtr: &text,
		}
		if len(data)%2 == 1 {
			event.Pointed, event.Ptr, event.ZeroLine = &Pointed{[]int{int(i)}}, &line{text, 0}, line{text, 0}
		}
		for by, writer := range map[string]gesta.Codec{"json": gesta.JSON, "json2": json2.Codec} {
			data, err := writer.Encode(event)
			if err != nil {
				t.Fatalf("%s: %v", by, err)
			}
			for by2, reader := range map[string]gesta.Codec{"json": gesta.JSON, "json2": json2.Codec} {
				if diff := cmp.Diff(any(event), decode(t, reader, data, event), alike); diff != "" {
					t.Errorf("%s wrote %s; %s read:\n%s", by, data, by2, diff)
				}
			}
		}
	})
}

// FuzzDecode reads damaged bytes. What can be read can be written, and is then the same.
func FuzzDecode(f *testing.F) {
	for _, event := range []rich{full(), {}} {
		data, err := json2.Codec.Encode(event)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	for _, text := range []string{``, `null`, `{"Raw":[[[[[[[[`, `{"Number":1e9999999}`, `{"qf":"NaN"}`, `{"QuotedBool":"null"}`, `{"Array":[1,2]}`, `{"Bytes":"=="}`, `{"At":"2026-01-01T24:00:00Z"}`, "\ufeff{}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var event rich
		if json2.Codec.Decode(data, &event) != nil {
			return
		}
		if x := event.QuotedFloat; math.IsNaN(x) || math.IsInf(x, 0) {
			return // encoding/json reads these too, within quotes, and neither writes them
		}
		once, err := json2.Codec.Encode(event)
		if err != nil {
			t.Fatalf("%s was read, and is not written: %v", data, err)
		}
		twice, err := json2.Codec.Encode(decode(t, json2.Codec, once, event))
		if diff := cmp.Diff(string(once), string(twice)); err != nil || diff != "" {
			t.Errorf("%s came back as %s: %v\n%s", data, once, err, diff)
		}
	})
}
