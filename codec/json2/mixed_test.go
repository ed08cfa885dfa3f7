package json2_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/json2"
	"github.com/gestadb/gesta/store/memory"
)

// TestMixedStream has programs with different codecs write to one stream, and each of them read it.
func TestMixedStream(t *testing.T) {
	s := memory.New(memory.Options{})
	all := gesta.Decider[[]any, any]{Category: "mixed", Evolve: func(s []any, e any) []any { return append(slices.Clip(s), e) }}
	types := gesta.Types[any]{"line": line{}, "note": note{}}
	var dbs []*gesta.DB
	for _, options := range [][]gesta.Option{{types}, {types, gesta.WithCodec(json2.Codec)}} {
		db, err := gesta.New(s, options...)
		if err != nil {
			t.Fatal(err)
		}
		dbs = append(dbs, db)
	}
	want := []any{line{"a", 1}, note{Lines: []line{}, By: map[string]line{"b": {"b", 2}, "a": {}}}, line{"<", 0}, note{}}
	for i, e := range want {
		if _, err := all.Handle(t.Context(), dbs[i%2], "1", func([]any) ([]any, error) { return []any{e}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	for i, db := range dbs {
		l, err := all.Load(t.Context(), db, "1")
		if diff := cmp.Diff(want, l.State); err != nil || diff != "" {
			t.Errorf("DB %d: %v\n%s", i, err, diff)
		}
	}
}

type note struct {
	Lines []line
	By    map[string]line
}
