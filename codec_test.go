package gesta_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
)

type written struct {
	Text   string
	Quoted string `json:",string"`
	Texts  []string
	ByText map[string]*written
	Raw    json.RawMessage
	Coded  coded
	Bytes  []byte
	Addr   netip.Addr
	Coin   coin
}

// coded holds bytes, and writes them as text.
type coded struct{ bytes []byte }

func (c coded) MarshalText() ([]byte, error) { return c.bytes, nil }

func (c *coded) UnmarshalText(text []byte) error {
	c.bytes = append(c.bytes, text...)
	return nil
}

// coin makes its own JSON, of text that is not exported.
type coin struct{ text string }

func (c coin) MarshalJSON() ([]byte, error) { return []byte(`"\ufffd` + c.text + `"`), nil }

func (c *coin) UnmarshalJSON(text []byte) error {
	c.text = strings.TrimPrefix(string(text[1:len(text)-1]), `\ufffd`)
	return nil
}

// TestJSONText writes text that is UTF-8, whatever it looks like, and no other.
func TestJSONText(t *testing.T) {
	if err := gesta.JSON.Check(reflect.TypeFor[written]()); err != nil {
		t.Fatal(err)
	}
	for name, event := range map[string]written{
		"replaced before":   {Text: "\ufffd", Coin: coin{"x"}, Raw: json.RawMessage("1")},
		"looks like it":     {Text: `\ufffd`, Quoted: `\ufffd"`, ByText: map[string]*written{`\ufffd`: {Raw: json.RawMessage("null")}, "nil": nil}, Raw: json.RawMessage(`"\ufffd"`)},
		"bytes are no text": {Bytes: []byte{0xff}, Coded: coded{[]byte("\ufffd")}, Raw: json.RawMessage(`{}`)},
	} {
		data, err := gesta.JSON.Encode(event)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got written
		if err := gesta.JSON.Decode(data, &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(event, got, cmp.AllowUnexported(coded{}, coin{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, tt := range map[string]struct {
		event any
		want  string
	}{
		"text":       {written{Text: "a\xff"}, `field Text: "a\xff" is not UTF-8`},
		"pointer":    {&written{Text: "a\xff"}, "field Text"},
		"quoted":     {written{Quoted: "\xff"}, "field Quoted"},
		"element":    {written{Texts: []string{"a", "\xff"}}, "field Texts"},
		"key":        {written{ByText: map[string]*written{"\xff": nil}}, "field ByText"},
		"deep":       {written{ByText: map[string]*written{"a": {Text: "\xff"}}}, "field ByText: field Text"},
		"after Raw":  {written{Raw: json.RawMessage(`"\ufffd"`), Coded: coded{[]byte("\xff")}}, "field Coded"},
		"raw":        {written{Raw: json.RawMessage("\"\xff\"")}, "wrote some that is not UTF-8"},
		"own writer": {written{Coin: coin{"\xff"}}, "wrote some that is not UTF-8"},
	} {
		if data, err := gesta.JSON.Encode(tt.event); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v; want %q: %s", name, err, tt.want, data)
		}
	}
}

// TestJSONMeaning is what the codec says of values that have another form in JSON.
func TestJSONMeaning(t *testing.T) {
	type event struct {
		N json.Number
		R json.RawMessage
	}
	data, err := gesta.JSON.Encode(event{})
	if err != nil {
		t.Fatal(err)
	}
	var got event
	if err := gesta.JSON.Decode(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(event{"0", json.RawMessage("null")}, got); diff != "" {
		t.Error(diff)
	}
}
