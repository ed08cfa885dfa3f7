package eventjson_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gestadb/gesta/store/eventjson"
)

func BenchmarkAppendEvent(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			r := address()
			r.Data = fmt.Appendf(nil, `{"city":%q}`, bytes.Repeat([]byte("x"), size))
			buf := eventjson.AppendEvent(nil, &r)
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				buf = eventjson.AppendEvent(buf[:0], &r)
			}
		})
	}
}

func BenchmarkDecodeLine(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			e := address().Event
			e.Data = fmt.Appendf(nil, `{"city":%q}`, bytes.Repeat([]byte("x"), size))
			line := eventjson.AppendNew(nil, &e)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := eventjson.DecodeLine(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
