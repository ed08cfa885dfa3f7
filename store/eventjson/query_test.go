package eventjson_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		in    string
		want  store.Query
		again string // how it is written; "" is as it was
	}{
		{`type=Shipped,Cancelled tag=order:42 tag=eu OR category=stock`, store.Query{
			{Types: []string{"Shipped", "Cancelled"}, Tags: []string{"order:42", "eu"}}, {Category: "stock"},
		}, `type=Shipped,Cancelled tag=order:42 tag=eu OR category=stock`},
		{`  tag="city:New York"	stream="a,b\"\\" `, store.Query{{Stream: `a,b"\`, Tags: []string{"city:New York"}}}, `stream="a,b\"\\" tag="city:New York"`},
		{`type="A B",C,"D"`, store.Query{{Types: []string{"A B", "C", "D"}}}, `type="A B",C,D`},
		{`type=OR`, store.Query{{Types: []string{"OR"}}}, ""},
		{`tag=a=b`, store.Query{{Tags: []string{"a=b"}}}, ""},
		{`[]`, store.Query{}, ""},
		{` [{"stream":"a-1"}, {}] `, store.Query{{Stream: "a-1"}, {}}, `[{"stream":"a-1"},{}]`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := eventjson.ParseQuery(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again := tt.again
			if again == "" {
				again = tt.in
			}
			if text := eventjson.FormatQuery(got); text != again {
				t.Errorf("FormatQuery = %s, want %s", text, again)
			}
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	tests := []struct{ in, want string }{
		{``, "[] matches every event"},
		{`type=A OR`, "alternative without a term"},
		{`OR type=A`, "alternative without a term"},
		{`type=A OR OR type=B`, "alternative without a term"},
		{`Shipped`, "where a term such as type=Shipped"},
		{`types=A`, `no term "types"`},
		{`type=`, "empty value for type"},
		{`type=A,`, "empty value for type"},
		{`type=A type=B`, "write type=A,B"},
		{`tag=a,b`, "write tag=A tag=B for both"},
		{`stream=a stream=b`, "several values for stream"},
		{`category=a,b`, "several values for category"},
		{`tag="a`, "a quote that does not end"},
		{`tag="a"b`, "right after a quote"},
		{`tag=a"b`, "put the value in double quotes"},
		{`tag="a\n"`, "a backslash before"},
		{`[{"types":"A"}]`, "types, a list"},
		{`[`, "JSON ends"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			_, err := eventjson.ParseQuery(tt.in)
			if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one that is ErrInvalid with %q in it", err, tt.want)
			}
		})
	}
}
