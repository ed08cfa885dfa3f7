package history_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// longStream makes a store with one stream of 100,000 events; first is the data of the first.
func longStream(b *testing.B, first string) store.Store {
	b.Helper()
	s := memory.New(memory.Options{})
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	const events, batch = 100_000, 1000
	for n := 0; n < events; n += batch {
		var c store.Commit
		for i := n; i < n+batch; i++ {
			data := fmt.Sprintf(`{"status":"s%d","due":%d.50,"customer":{"name":"c-%d","city":"Lyon"},"counts":{"k%d":%d}}`, i%7, i%1000, i%50, i%100, i)
			if i == 0 && first != "" {
				data = first
			}
			c.Events = append(c.Events, store.Event{
				Stream: "order-42", Type: "Changed", ID: fmt.Sprintf("0199a7c2-5b1e-7c3d-9f00-%012x", i), Data: []byte(data), Metadata: []byte(`{"actor":"ada","correlationId":"req-9"}`),
			})
		}
		if _, err := s.Append(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// beside are states of which one event set a part that the others leave alone.
var beside = []struct{ name, first string }{
	{"nothing", ""},
	{"list", `{"list":[` + strings.TrimSuffix(strings.Repeat(`{"sku":"a","qty":2},`, 10_000), ",") + `]}`},
}

var long = history.Selection{Subject: history.Stream, Name: "order-42", Until: 100_000}

// BenchmarkBlame blames a stream of 100,000 events.
func BenchmarkBlame(b *testing.B) {
	for _, bb := range beside {
		b.Run("beside="+bb.name, func(b *testing.B) {
			s := longStream(b, bb.first)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := history.FoldBlame(b.Context(), s, long, history.BlameOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPick looks for the changes of one value in a stream of 100,000 events.
func BenchmarkPick(b *testing.B) {
	for _, bb := range beside {
		b.Run("beside="+bb.name, func(b *testing.B) {
			s := longStream(b, bb.first)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := long.Pick(b.Context(), s, history.Pickaxe{Path: reducer.Path{"due"}, Value: []byte("7.5")}, 0, history.StateOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDiff tells the two halves of a stream of 100,000 events apart.
func BenchmarkDiff(b *testing.B) {
	for _, bb := range beside {
		b.Run("beside="+bb.name, func(b *testing.B) {
			s := longStream(b, bb.first)
			half := long
			half.Until /= 2
			b.ReportAllocs()
			for b.Loop() {
				if _, err := history.Diff(b.Context(), s, half, long, history.DiffOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
