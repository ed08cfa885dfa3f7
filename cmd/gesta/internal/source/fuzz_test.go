package source_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/gestadb/gesta/cmd/gesta/internal/source"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// checkSource reads any bytes twice: an error is about the source and nothing else, and rows are what a store takes, in
// order, each with a key of its own, and the same both times.
func checkSource(t *testing.T, text []byte, read func(context.Context, io.Reader, source.Options) (*source.Rows, error), m source.Mapping) {
	var first []string
	for turn, memory := range []int{0, 1} {
		o := skipping(2, m)
		o.MemoryBytes, o.TempDir = memory, t.TempDir()
		rows, err := read(t.Context(), bytes.NewReader(text), o)
		if err != nil {
			if !errors.Is(err, store.ErrInvalid) && !errors.Is(err, store.ErrTooLarge) {
				t.Fatalf("error of no known kind: %v", err)
			}
			return
		}
		var got []string
		keys := map[string]bool{}
		var before source.Row
		for row, err := range rows.All() {
			if err != nil {
				t.Fatal(err)
			}
			c := row.Commit()
			if err := c.Validate(); err != nil {
				t.Fatalf("a row that no store takes: %v", err)
			}
			if !eventjson.Valid(row.Event.Data) {
				t.Fatalf("data is no JSON: %s", row.Event.Data)
			}
			if keys[c.Key] || row.Event.EffectiveAt.Before(before.Event.EffectiveAt) {
				t.Fatalf("key %q is known, or %s lies before %s", c.Key, row.Event.EffectiveAt, before.Event.EffectiveAt)
			}
			keys[c.Key], before = true, row
			got = append(got, string(row.Event.Data))
			if turn > 0 && (len(got) > len(first) || got[len(got)-1] != first[len(got)-1]) {
				t.Fatalf("row %d differs when it went through files", len(got))
			}
		}
		if len(got) != rows.Count || turn > 0 && len(got) != len(first) {
			t.Fatalf("%d rows, %d counted, %d the first time", len(got), rows.Count, len(first))
		}
		first = got
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzXES(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(event(`<list key="a"><values><int key="x" value="1"/></values></list><int key="case" value="1"/>`)))
	f.Add([]byte(event(`<string key="a" value="v"><container key="b"/></string><int key="a" value="1"/>`)))
	f.Add([]byte(`<?xml version="1.0" encoding="ISO-8859-1"?><log>` + "\xe9" + `</log>`))
	f.Fuzz(func(t *testing.T, text []byte) { checkSource(t, text, source.ReadXES, source.Mapping{}) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("what,at,id\na,2020-01-01,x\nb,2019-01-01,\"y\nz\"\n"))
	f.Add([]byte("what,at,id,id,\na,2020-01-01,x,,\n\"b\n"))
	m := source.Mapping{Type: "what", Time: "at", Stream: "id", Tags: []source.TagField{{Name: "t", Field: "id"}}}
	f.Fuzz(func(t *testing.T, text []byte) { checkSource(t, text, source.ReadCSV, m) })
}
