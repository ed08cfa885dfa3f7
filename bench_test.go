package gesta_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// line is an event as shops have them.
type line struct {
	Order    string `gesta:"tag=order"`
	SKU      string
	Quantity int
	Cents    int64
	Note     string
}

var lineTypes = gesta.Types[any]{"line.added": line{}}

var lines = gesta.Decider[int64, any]{Category: "order", Evolve: func(s int64, e any) int64 {
	if l, ok := e.(line); ok {
		s += int64(l.Quantity) * l.Cents
	}
	return s
}}

func aLine(i int) []any {
	return []any{line{Order: strconv.Itoa(i), SKU: "sku-" + strconv.Itoa(i%97), Quantity: i%3 + 1, Cents: int64(i), Note: "as a present, please"}}
}

// tenLines is a DB on a store that has nothing but a stream of ten events, "order-1".
func tenLines(b *testing.B) *gesta.DB {
	b.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), lineTypes)
	if err != nil {
		b.Fatal(err)
	}
	_, err = lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) {
		var events []any
		for i := range 10 {
			events = append(events, aLine(i)...)
		}
		return events, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkTenEvents loads a stream of ten events on the memory store, and decides and appends an eleventh. Beside it stands what the codec alone needs to
// decode ten such events.
func BenchmarkTenEvents(b *testing.B) {
	b.Run("decode", func(b *testing.B) {
		var data [][]byte
		for r, err := range tenLines(b).Store().Read(b.Context(), nil, store.ReadOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			data = append(data, r.Data)
		}
		b.ReportAllocs()
		for b.Loop() {
			for _, d := range data {
				var l line
				if err := json.Unmarshal(d, &l); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		db := tenLines(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := lines.Load(b.Context(), db, "1"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("handle", func(b *testing.B) {
		const stores = 100
		b.ReportAllocs()
		var dbs []*gesta.DB
		for range b.N {
			if len(dbs) == 0 {
				b.StopTimer()
				for range stores {
					dbs = append(dbs, tenLines(b))
				}
				b.StartTimer()
			}
			db := dbs[len(dbs)-1]
			dbs = dbs[:len(dbs)-1]
			if _, err := lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) { return aLine(1), nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFold folds one long stream.
func BenchmarkFold(b *testing.B) {
	const events = 100_000
	s := memory.New(memory.Options{})
	db, err := gesta.New(s, lineTypes)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) {
		var of []any
		for i := range events {
			of = append(of, aLine(i)...)
		}
		return of, nil
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lines.Load(b.Context(), db, "1"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
