package eventjson_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

var recordedAt = time.Date(2026, 11, 1, 10, 6, 0, 123456000, time.UTC)

func address() store.Recorded {
	return store.Recorded{
		Event: store.Event{
			ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", Stream: "order-42", Type: "AddressChanged", SchemaVersion: 1,
			Tags: []string{"order:42", "customer:c-77"}, EffectiveAt: time.Date(2026, 11, 1, 10, 6, 0, 0, time.UTC),
			Data: []byte(`{"city":"Sacramento"}`), Metadata: []byte(`{"actor":"ada"}`),
		},
		Position: 1120, Commit: 1120, Version: 5, RecordedAt: recordedAt,
	}
}

func TestAppendEvent(t *testing.T) {
	bare := store.Recorded{Event: store.Event{Type: "Ping"}, Position: 3, Commit: 2, RecordedAt: recordedAt}
	with := func(change func(*store.Recorded)) store.Recorded {
		r := bare
		change(&r)
		return r
	}
	const head = `{"position":3,"commit":2,"type":"Ping","recordedAt":"2026-11-01T10:06:00.123456Z"`
	tests := []struct {
		name string
		r    store.Recorded
		want string
	}{
		{"all of it", address(), `{"position":1120,"commit":1120,"id":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11","stream":"order-42","version":5,` +
			`"type":"AddressChanged","schemaVersion":1,"tags":["order:42","customer:c-77"],"recordedAt":"2026-11-01T10:06:00.123456Z",` +
			`"effectiveAt":"2026-11-01T10:06:00Z","data":{"city":"Sacramento"},"metadata":{"actor":"ada"}}`},
		{"bare", bare, head + `}`},
		{
			"indented", with(func(r *store.Recorded) { r.Data = []byte("{ \"a\" :\n [1, 2] }\n") }),
			head + `,"data":{"a":[1,2]},"dataBase64":"eyAiYSIgOgogWzEsIDJdIH0K"}`,
		},
		{
			"as stored", with(func(r *store.Recorded) { r.Data = []byte(`{"b":1.50,"b":"<>&\u00e9é","a":1e400}`) }),
			head + `,"data":{"b":1.50,"b":"<>&\u00e9é","a":1e400}}`,
		},
		{
			"no JSON", with(func(r *store.Recorded) { r.Data = []byte("{a}"); r.ContentType = "text/plain" }),
			`{"position":3,"commit":2,"type":"Ping","contentType":"text/plain","recordedAt":"2026-11-01T10:06:00.123456Z","dataBase64":"e2F9"}`,
		},
		{"no UTF-8", with(func(r *store.Recorded) { r.Metadata = []byte("\"\xff\"") }), head + `,"metadataBase64":"Iv8i"}`},
		{"null", with(func(r *store.Recorded) { r.Data = []byte("null") }), head + `,"data":null}`},
		{"the usual content type", with(func(r *store.Recorded) { r.ContentType = "application/json" }), head + `}`},
		{
			"erased", with(func(r *store.Recorded) { r.Erased = 9; r.Stream = "a"; r.Version = 1 }),
			`{"position":3,"commit":2,"stream":"a","version":1,"type":"Ping","recordedAt":"2026-11-01T10:06:00.123456Z","erased":{"position":9}}`,
		},
		{
			"names escaped", with(func(r *store.Recorded) { r.Type = "a\"b\\c<é>\u2028\x7f" }),
			`{"position":3,"commit":2,"type":"a\"b\\c<é>` + "\u2028\x7f" + `","recordedAt":"2026-11-01T10:06:00.123456Z"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, string(eventjson.AppendEvent(nil, &tt.r))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeepNestingIsNotJSON(t *testing.T) {
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if !eventjson.Valid(deep(eventjson.MaxDepth)) {
		t.Errorf("%d levels are not valid", eventjson.MaxDepth)
	}
	if eventjson.Valid(deep(eventjson.MaxDepth + 1)) {
		t.Errorf("%d levels are valid", eventjson.MaxDepth+1)
	}
}

func TestDecodeEvent(t *testing.T) {
	tests := []struct {
		name, in string
		want     store.Event
	}{
		{"least", `{"type":"A"}`, store.Event{Type: "A"}},
		{"most", ` {"id":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11","stream":"s-1","type":"\u0041\ud83d\ude00","schemaVersion":4294967295,
			"contentType":"text/plain","tags":["a","b","a"],"effectiveAt":"2026-11-01T12:06:00.1234567+02:00","data":{"a": [ 1 ]},
			"metadata":{"actor":"x y"}} `, store.Event{
			ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", Stream: "s-1", Type: "A😀", SchemaVersion: 4294967295, ContentType: "text/plain",
			Tags: []string{"a", "b", "a"}, EffectiveAt: recordedAt, Data: []byte(`{"a":[1]}`), Metadata: []byte(`{"actor":"x y"}`),
		}},
		{"Base64 wins before", `{"type":"A","dataBase64":"AP8=","data":1}`, store.Event{Type: "A", Data: []byte{0, 255}}},
		{"Base64 wins after", `{"type":"A","metadata":1,"metadataBase64":""}`, store.Event{Type: "A"}},
		{"null data is data", `{"type":"A","data":null}`, store.Event{Type: "A", Data: []byte("null")}},
		{"the usual content type", `{"type":"A","contentType":"application/json"}`, store.Event{Type: "A"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := eventjson.DecodeEvent([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A path keeps the names of members apart that are halves of surrogate pairs; any other text has no such thing.
func TestAppendPath(t *testing.T) {
	for _, tt := range []struct{ path, want string }{
		{"", `""`},
		{"/a\"é😀\n\ufffd", `"/a\"é😀\n` + "\ufffd\""},
		{"/\xed\xa0\x80", `"/\ud800"`},
		{"/\xed\xbf\xbf/\xed\xa6\x9ab", `"/\udfff/\ud99ab"`},
		{"/\xed\x9f\xbf\xed\xa0", "\"/\ud7ff\ufffd\ufffd\""},
		{"/\xff\xed", "\"/\ufffd\ufffd\""},
	} {
		if got := string(eventjson.AppendPath(nil, tt.path)); got != tt.want {
			t.Errorf("%q is written %s, want %s", tt.path, got, tt.want)
		}
	}
	if got := string(eventjson.AppendString(nil, "\xed\xa0\x80")); got != "\"\ufffd\ufffd\ufffd\"" {
		t.Errorf("a text is written %s", got)
	}
}
