package cbor_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/cbor"
	"github.com/gestadb/gesta/store/memory"
)

type note struct {
	Lines []line
	By    map[string]line
}

// TestMixedStream begins a stream as JSON and goes on in CBOR; one DB reads both.
func TestMixedStream(t *testing.T) {
	s := memory.New(memory.Options{})
	all := gesta.Decider[[]any, any]{Category: "mixed", Evolve: func(s []any, e any) []any { return append(slices.Clip(s), e) }}
	types := gesta.Types[any]{"line": line{}, "note": note{}}
	plain, err := gesta.New(s, types)
	if err != nil {
		t.Fatal(err)
	}
	db, err := gesta.New(s, types, gesta.WithCodec(cbor.Codec))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{line{"a", 1}, note{Lines: []line{}, By: map[string]line{"b": {"b", 2}, "a": {}}}, line{"", 0}, note{}}
	var stored []string
	for i, e := range want {
		by := plain
		if i > 1 {
			by = db
		}
		res, err := all.Handle(t.Context(), by, "1", func([]any) ([]any, error) { return []any{e}, nil })
		if i == 2 { // plain does not know CBOR, and need not: it wrote before
			if _, err := all.Load(t.Context(), plain, "1"); err == nil {
				t.Error("CBOR was read without its codec")
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, res.Events[0].ContentType)
	}
	if diff := cmp.Diff([]string{"", "", "application/cbor", "application/cbor"}, stored); diff != "" {
		t.Error(diff)
	}
	l, err := all.Load(t.Context(), db, "1")
	if diff := cmp.Diff(want, l.State); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
