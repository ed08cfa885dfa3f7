package javascript_test

import (
	"fmt"
	"testing"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/store"
)

// BenchmarkFold folds a stream of 100,000 events of which every tenth puts an element at the end of a list, in place.
func BenchmarkFold(b *testing.B) {
	const source = `fromAll().when({
		$init() { return { open: [], counts: {}, due: 0 } },
		Added(s, e) { s.open.push({ sku: e.data.sku, qty: e.data.qty }) },
		$any(s, e) { s.counts[e.eventType] = (s.counts[e.eventType] || 0) + 1; s.due += e.data.price },
	})`
	var all []store.Recorded
	for i := range 100_000 {
		typ := fmt.Sprintf("Type%d", i%7)
		if i%10 == 0 {
			typ = "Added"
		}
		all = append(all, event(i+1, typ, fmt.Sprintf(`{"sku":"SKU-%d","qty":%d,"price":%d.25,"warehouse":"FRA-1","tags":["kitchen","gift"]}`, i%50, i%9, i%100)))
	}
	for _, tt := range []struct {
		name string
		want reducer.Want
	}{
		{"changes", reducer.Want{Changes: true}},
		{"paths", reducer.Want{Paths: []reducer.Path{{"due"}}}},
		{"state", reducer.Want{}},
	} {
		b.Run("want="+tt.name+"/events=100k", func(b *testing.B) {
			r := rule(b, source, javascript.Options{})
			for b.Loop() {
				f := begin(b, r)
				if n := run(b, f, all, tt.want); n != len(all) {
					b.Fatal(n)
				}
				if len(f.AppendState(nil)) < 100_000 {
					b.Fatal("the state is too small")
				}
				if err := f.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/event")
		})
	}
	b.Run("want=state/events=20", func(b *testing.B) {
		r := rule(b, source, javascript.Options{})
		for b.Loop() {
			f := begin(b, r)
			run(b, f, all[:20], reducer.Want{})
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
