package auth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestMetadata(t *testing.T) {
	const invalid, denied = "usage", "denied"
	tests := []struct {
		name, sent  string
		traceparent string
		appender    string // what is kept, or the code of an error, with the role append
		operator    string // and with operate; empty for the same
	}{
		{"none", ``, "", `{"actor":"a\"b"}`, ""},
		{"empty object", `{}`, "", `{"actor":"a\"b"}`, ""},
		{"other members", `{"x":1}`, "", `{"x":1,"actor":"a\"b"}`, ""},
		{"bytes as sent", "\t{ \"x\" : 1.0 ,\n\"x\":\"\\u00e9\" } \n", "", "\t{ \"x\" : 1.0 ,\n\"x\":\"\\u00e9\" ,\"actor\":\"a\\\"b\"} \n", ""},
		{"the same actor", `{"actor":"a\"b"}`, "", `{"actor":"a\"b"}`, ""},
		{"the same actor in other letters", `{"\u0061ctor":"\u0061\u0022b","x":{"actor":"eve"}}`, "", `{"x":{"actor":"eve"},"actor":"a\"b"}`, ""},
		{"the same actor first", `{"actor":"a\"b" , "x":[1,{"y":"}"}]}`, "", `{"x":[1,{"y":"}"}],"actor":"a\"b"}`, ""},
		{"the same actor between", `{"x":1, "actor":"a\"b", "y":2}`, "", `{"x":1, "y":2,"actor":"a\"b"}`, ""},
		{"the same actor last", `{"x":1, "actor":"a\"b" }`, "", `{"x":1 ,"actor":"a\"b"}`, ""},
		{"another actor", `{"actor":"eve"}`, "", denied, `{"onBehalfOf":"eve","actor":"a\"b"}`},
		{"another actor in other letters", `{"x":1,"\u0061ctor":"eve"}`, "", denied, `{"x":1,"onBehalfOf":"eve","actor":"a\"b"}`},
		{"an actor that is no text", `{"actor":[1, 2],"x":1}`, "", denied, `{"x":1,"onBehalfOf":[1, 2],"actor":"a\"b"}`},
		{"an actor that is null", `{"actor":null}`, "", denied, `{"onBehalfOf":null,"actor":"a\"b"}`},
		{"a number", `{"actor":-1.5e3}`, "", denied, `{"onBehalfOf":-1.5e3,"actor":"a\"b"}`},
		{"on behalf of", `{"onBehalfOf":"eve"}`, "", denied, `{"onBehalfOf":"eve","actor":"a\"b"}`},
		{"the same actor on behalf of", `{"actor":"a\"b","onBehalfOf":"eve"}`, "", denied, `{"onBehalfOf":"eve","actor":"a\"b"}`},
		{"another actor on behalf of", `{"actor":"bob","onBehalfOf":"eve"}`, "", denied, invalid},
		{"two actors", `{"actor":"a\"b","actor":"eve"}`, "", invalid, ""},
		{"two actors, one in other letters", `{"\u0061ctor":"a\"b","actor":"a\"b"}`, "", invalid, ""},
		{"traceparent", `{"x":1}`, parent, `{"x":1,"traceparent":"` + parent + `","actor":"a\"b"}`, ""},
		{"traceparent alone", ``, parent, `{"traceparent":"` + parent + `","actor":"a\"b"}`, ""},
		{"traceparent that was sent", `{"traceparent":"mine"}`, parent, `{"traceparent":"mine","actor":"a\"b"}`, ""},
		{"traceparent that is none", ``, strings.ToUpper(parent), `{"actor":"a\"b"}`, ""},
		{"traceparent of zeros", ``, "00-00000000000000000000000000000000-00f067aa0ba902b7-01", `{"actor":"a\"b"}`, ""},
		{"traceparent with a member", ``, `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-","x":"`, `{"actor":"a\"b"}`, ""},
		{"text", `"x"`, "", invalid, ""},
		{"list", `[]`, "", invalid, ""},
		{"space", ` `, "", invalid, ""},
		{"cut off", `{"x":1`, "", invalid, ""},
		{"two values", `{}{}`, "", invalid, ""},
		{"not UTF-8", "{\"x\":\"\xff\"}", "", invalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, role := range []auth.Role{auth.Append, auth.Operate} {
				want := tt.appender
				if role == auth.Operate && tt.operator != "" {
					want = tt.operator
				}
				inner := memory.New(memory.Options{})
				s := auth.Store(inner, must(auth.NewPrincipal(`a"b`, role)), tt.traceparent)
				sent := []byte(tt.sent)
				_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}, {Type: "T", Metadata: sent}}})
				if string(sent) != tt.sent {
					t.Error("the caller's bytes were changed")
				}
				got := string(eventjson.Describe(err).Code)
				if err == nil {
					got = string(must(collect(inner.Read(t.Context(), nil, store.ReadOptions{After: 1})))[0].Metadata)
				}
				if got != want {
					t.Errorf("%s keeps %s, want %s (%v)", role, got, want, err)
				}
			}
		})
	}
}

func TestMetadataCountsInLimits(t *testing.T) {
	s := auth.Store(memory.New(memory.Options{}), must(auth.NewPrincipal("ada", auth.Append)), "")
	e := store.Event{Type: "T"}
	e.Data = make([]byte, store.MaxEventBytes-store.EventBytes(&e)-len(`{"actor":"ada"}`))
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
		t.Error(err)
	}
	e.Data = append(e.Data, 0)
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, store.ErrTooLarge)
	}
}

// FuzzMetadata checks that whatever is kept is what was sent, with the members that belong there.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"actor":"eve"}`, `{ "x" : [ {"a":"\\\""} , -1e9, null ] , "actor" : "ada" , "\u0061":true}`, `{"onBehalfOf":1}`, `[{}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		inner := memory.New(memory.Options{})
		s := auth.Store(inner, must(auth.NewPrincipal("ada", auth.Operate)), parent)
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T", Metadata: sent}}})
		if err != nil {
			if eventjson.Describe(err).Code != eventjson.CodeUsage {
				t.Errorf("%q: %v", sent, err)
			}
			return
		}
		kept := must(collect(inner.Read(t.Context(), nil, store.ReadOptions{})))[0].Metadata
		if !eventjson.Valid(kept) || !bytes.HasSuffix(bytes.TrimRight(kept, " \t\r\n"), []byte(`"actor":"ada"}`)) {
			t.Fatalf("%q is kept as %q", sent, kept)
		}
		if len(sent) == 0 {
			return
		}
		want, got := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		if json.Unmarshal(sent, &want) != nil || json.Unmarshal(kept, &got) != nil {
			return // what encoding/json nests less deep
		}
		var actor string
		if v, ok := want["actor"]; ok && (json.Unmarshal(v, &actor) != nil || actor != "ada") {
			want["onBehalfOf"] = v
		}
		if _, ok := want["traceparent"]; !ok {
			want["traceparent"] = json.RawMessage(`"` + parent + `"`)
		}
		want["actor"] = json.RawMessage(`"ada"`)
		if len(want) != len(got) {
			t.Fatalf("%q is kept as %q", sent, kept)
		}
		for name, v := range want {
			if !bytes.Equal(v, got[name]) {
				t.Errorf("%q is kept as %q: %s differs", sent, kept, name)
			}
		}
	})
}
