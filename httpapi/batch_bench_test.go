package httpapi

import (
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// BenchmarkBatch encodes and decodes events of 256 bytes; an op is an event.
func BenchmarkBatch(b *testing.B) {
	const n = 256
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	var events []store.Recorded
	for i := range n {
		p := store.Position(i + 1)
		events = append(events, store.Recorded{
			Event: store.Event{
				ID: fmt.Sprintf("0199a7c2-5b1e-7c3d-9f00-%012x", i), Stream: fmt.Sprintf("order-%d", i%50), Type: "Placed",
				Tags: []string{fmt.Sprintf("order:%d", i%50)}, Data: make([]byte, 180), Metadata: []byte(`{"actor":"ada"}`),
			},
			Position: p, Commit: p, Version: 3, RecordedAt: at.Add(time.Duration(i) * time.Millisecond),
		})
	}
	var w batch
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		var out []byte
		for i := 0; i < b.N; i += n {
			w.reset()
			for j := range events {
				w.add(&events[j])
			}
			out = w.appendTo(out[:0])
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		p := w.appendTo(nil)
		for i := 0; i < b.N; i += n {
			d := decoder{b: p}
			if err := d.unbatch(func(*store.Recorded) bool { return true }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
