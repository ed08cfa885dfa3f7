package eventjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

func TestDecodeRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "JSON ends"},
		{"blank", `   `, "JSON ends"},
		{"a list", `[]`, "an object"},
		{"two values", `{"type":"A"} {}`, "where the end is expected"},
		{"unknown member", `{"type":"A","colour":1}`, `no member "colour"`},
		{"what a store gives", `{"type":"A","position":1}`, `no member "position"`},
		{"twice", `{"type":"A","type":"B"}`, `"type" twice`},
		{"twice, escaped", `{"type":"A","\u0074ype":"B"}`, `"type" twice`},
		{"type no text", `{"type":1}`, "type, a text"},
		{"null stream", `{"type":"A","stream":null}`, "stream, a text"},
		{"tags no list", `{"type":"A","tags":"a"}`, "tags, a list"},
		{"schema version a fraction", `{"type":"A","schemaVersion":1.5}`, "schemaVersion"},
		{"schema version negative", `{"type":"A","schemaVersion":-1}`, "schemaVersion"},
		{"schema version large", `{"type":"A","schemaVersion":4294967296}`, "schemaVersion"},
		{"schema version huge", `{"type":"A","schemaVersion":99999999999999999999999}`, "schemaVersion"},
		{"time", `{"type":"A","effectiveAt":"yesterday"}`, "effectiveAt"},
		{"zero time", `{"type":"A","effectiveAt":"0001-01-01T00:00:00Z"}`, "effectiveAt"},
		{"Base64", `{"type":"A","dataBase64":"?"}`, "not standard Base64"},
		{"Base64 without padding", `{"type":"A","dataBase64":"AP8"}`, "not standard Base64"},
		{"half a surrogate", `{"type":"\ud800"}`, "half of a surrogate pair"},
		{"half and another", `{"type":"\ud800\u0041"}`, "half of a surrogate pair"},
		{"no UTF-8", "{\"type\":\"\xff\"}", "not valid UTF-8"},
		{"control character", "{\"type\":\"a\nb\"}", "control character"},
		{"leading zero", `{"type":"A","data":01}`, "JSON has"},
		{"bare point", `{"type":"A","data":1.}`, "a digit"},
		{"bad word", `{"type":"A","data":nul}`, "null"},
		{"bad escape", `{"type":"A","data":"\x"}`, "an escape"},
		{"trailing comma", `{"type":"A","data":[1,]}`, "a value"},
		{"trailing comma in an object", `{"type":"A","data":{"a":1,}}`, "a string"},
		{"mismatched brackets", `{"type":"A","data":[1}}`, "a comma or the end"},
		{"cut off", `{"type":"A","data":{"a":`, "JSON ends"},
		{"too deep", `{"type":"A","data":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`, "nested deeper"},
		{"neither", `{"stream":"a"}`, "neither the type"},
		{"both", `{"events":[],"type":"A"}`, "does not belong beside events"},
		{"null events", `{"events":null}`, "events, a list"},
		{"event in a commit", `{"events":[{"type":"A"},{"tpye":"B"}]}`, `event 2: gesta: invalid: an event has no member "tpye"`},
		{"guard of no kind", `{"type":"A","guards":[{}]}`, "guard 1: "},
		{"guard of two kinds", `{"type":"A","guards":[{"streamExists":{"stream":"a"},"streamAt":{"stream":"a","version":1}}]}`, "more than one kind"},
		{"guard of unknown kind", `{"type":"A","guards":[{"never":{}}]}`, `no member "never"`},
		{"version missing", `{"type":"A","guards":[{"streamAt":{"stream":"a"}}]}`, "streamAt needs"},
		{"stream missing", `{"type":"A","guards":[{"streamExists":{}}]}`, "streamExists needs"},
		{"query missing", `{"type":"A","guards":[{"noneMatch":{"after":1}}]}`, "noneMatch needs query"},
		{"query item", `{"type":"A","guards":[{"noneMatch":{"query":[{"type":"A"}]}}]}`, `no member "type"`},
		{"position too large", `{"type":"A","guards":[{"noneMatch":{"query":[],"after":9007199254740992}}]}`, "after"},
		{"tracking", `{"type":"A","tracking":{"source":"a","pos":1}}`, `no member "pos"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := eventjson.DecodeLine([]byte(tt.in))
			if !errors.Is(err, store.ErrInvalid) {
				t.Fatalf("error = %v, want one that is ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %q, want %q in it", err, tt.want)
			}
		})
	}
}

func TestDecodeCommitNeedsEvents(t *testing.T) {
	if _, err := eventjson.DecodeCommit([]byte(`{"key":"a"}`)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("error = %v", err)
	}
	if _, err := eventjson.DecodeCommit([]byte(`{"events":[],"type":"A"}`)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("error = %v", err)
	}
}

func TestDecodeExportRefuses(t *testing.T) {
	tests := []struct{ name, in string }{
		{"no position", `{"commit":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`},
		{"no commit", `{"position":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`},
		{"commit above", `{"position":1,"commit":2,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`},
		{"no type", `{"position":1,"commit":1,"recordedAt":"2026-11-01T10:06:00Z"}`},
		{"no time", `{"position":1,"commit":1,"type":"A"}`},
		{"stream without version", `{"position":1,"commit":1,"stream":"a","type":"A","recordedAt":"2026-11-01T10:06:00Z"}`},
		{"version without stream", `{"position":1,"commit":1,"version":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z"}`},
		{"empty commit without tracking", `{"after":1,"recordedAt":"2026-11-01T10:06:00Z"}`},
		{"empty commit without time", `{"after":1,"tracking":{"source":"a","position":1}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := eventjson.DecodeExportLine([]byte(tt.in)); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("error = %v, want one that is ErrInvalid", err)
			}
		})
	}
}

func TestReadersIgnoreUnknownMembers(t *testing.T) {
	l, err := eventjson.DecodeExportLine([]byte(`{"position":1,"hash":{"deep":[1]},"commit":1,"type":"A","recordedAt":"2026-11-01T10:06:00Z","data":1}`))
	if err != nil || l.Event == nil || string(l.Event.Data) != "1" {
		t.Errorf("line = %+v, error = %v", l, err)
	}
}
