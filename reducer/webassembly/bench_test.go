package webassembly_test

import (
	"testing"

	"github.com/gestadb/gesta/reducer"
)

// BenchmarkFold folds merge patches in the module, with the state at the end alone and with the changes of each event.
func BenchmarkFold(b *testing.B) {
	wasm := reducerOf(b, "merge")
	events := patches(1, 1000)
	for _, tt := range []struct {
		name string
		want reducer.Want
	}{{"state", reducer.Want{}}, {"changes", reducer.Want{Changes: true}}} {
		b.Run("want="+tt.name, func(b *testing.B) {
			for b.Loop() {
				f, err := wasm.New(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				run(b, f, events, tt.want)
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
		})
	}
}

// BenchmarkBegin begins a fold, which takes an instance of the module.
func BenchmarkBegin(b *testing.B) {
	wasm := reducerOf(b, "merge")
	b.ReportAllocs()
	for b.Loop() {
		f, err := wasm.New(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
