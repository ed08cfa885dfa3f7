package gesta_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/codec/json2"
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

// benchCodecs are those that the benchmarks compare.
var benchCodecs = []struct {
	name  string
	codec gesta.Codec
}{{"json", gesta.JSON}, {"json2", json2.Codec}}

// newLines is a DB that is in use, on a store that has nothing but "order-1", a stream of so many events in ten commits.
func newLines(b *testing.B, codec gesta.Codec, events int, options ...gesta.Option) *gesta.DB {
	b.Helper()
	db, err := gesta.New(memory.New(memory.Options{}), append(options, lineTypes, gesta.WithCodec(codec))...)
	if err != nil {
		b.Fatal(err)
	}
	for range 10 {
		_, err = lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) {
			var of []any
			for i := range events / 10 {
				of = append(of, aLine(i)...)
			}
			return of, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// BenchmarkTenEvents loads a stream of ten events on the memory store, and decides and appends an eleventh. Beside it stands what the codec alone needs to
// decode ten such events.
func BenchmarkTenEvents(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run("do=decode/codec="+c.name, func(b *testing.B) { decodeLines(b, c.codec) })
		b.Run("do=load/codec="+c.name, func(b *testing.B) { loadLines(b, newLines(b, c.codec, 10)) })
		b.Run("do=handle/codec="+c.name, func(b *testing.B) { handleLines(b, c.codec) })
	}
}

// BenchmarkTenEventsInTurns decodes ten events with the codec alone, and then loads, decides and appends on them, in turns and on stores that were not used before: "ratio" says how many
// times as long that takes.
func BenchmarkTenEventsInTurns(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run("codec="+c.name, func(b *testing.B) {
			one := aLine(1)[0]
			var decode, handle time.Duration
			for b.Loop() {
				db := newLines(b, c.codec, 10)
				data := dataOf(b, db)
				began := time.Now()
				for _, d := range data {
					var l line
					if err := c.codec.Decode(d, &l); err != nil {
						b.Fatal(err)
					}
				}
				decoded := time.Now()
				if _, err := lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) { return []any{one}, nil }); err != nil {
					b.Fatal(err)
				}
				decode, handle = decode+decoded.Sub(began), handle+time.Since(decoded)
			}
			b.ReportMetric(float64(decode.Nanoseconds())/float64(b.N), "decode-ns/op")
			b.ReportMetric(float64(handle.Nanoseconds())/float64(b.N), "handle-ns/op")
			b.ReportMetric(float64(handle)/float64(decode), "ratio")
		})
	}
}

// dataOf returns the data of all events.
func dataOf(b *testing.B, db *gesta.DB) [][]byte {
	b.Helper()
	var data [][]byte
	for r, err := range db.Store().Read(b.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			b.Fatal(err)
		}
		data = append(data, r.Data)
	}
	return data
}

// decodeLines decodes ten events with a codec and nothing else.
func decodeLines(b *testing.B, codec gesta.Codec) {
	b.Helper()
	data := dataOf(b, newLines(b, codec, 10))
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range data {
			var l line
			if err := codec.Decode(d, &l); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func loadLines(b *testing.B, db *gesta.DB) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := lines.Load(b.Context(), db, "1"); err != nil {
			b.Fatal(err)
		}
	}
}

// handleLines loads ten events, decides, and appends, each time on a new store.
func handleLines(b *testing.B, codec gesta.Codec) {
	b.Helper()
	const stores = 100
	one := aLine(1)[0]
	b.ReportAllocs()
	var dbs []*gesta.DB
	for range b.N {
		if len(dbs) == 0 {
			b.StopTimer()
			for range stores {
				dbs = append(dbs, newLines(b, codec, 10))
			}
			b.StartTimer()
		}
		db := dbs[len(dbs)-1]
		dbs = dbs[:len(dbs)-1]
		if _, err := lines.Handle(b.Context(), db, "1", func(int64) ([]any, error) { return []any{one}, nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFold folds one long stream, and loads it from what is kept, beside a short one.
func BenchmarkFold(b *testing.B) {
	for _, c := range benchCodecs {
		b.Run("events=100000/codec="+c.name, func(b *testing.B) {
			const events = 100_000
			loadLines(b, newLines(b, c.codec, events))
			b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
	for _, events := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("events=%d/kept", events), func(b *testing.B) {
			loadLines(b, newLines(b, json2.Codec, events, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1))))
		})
	}
}
