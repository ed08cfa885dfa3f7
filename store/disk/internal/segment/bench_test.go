package segment_test

import (
	"bytes"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// BenchmarkDecode decodes the records of a commit of a hundred events of 256 bytes, with id, stream, type and tag; the figure is for one event.
func BenchmarkDecode(b *testing.B) {
	const n = 100
	events, payloads := make([]store.Event, n), make([]segment.Payload, n)
	for i := range events {
		events[i] = store.Event{
			ID: "01234567-89ab-cdef-0123-456789abcdef", Stream: "order-0012345", Type: "OrderPlaced12",
			Tags: []string{"customer:12345"}, Data: bytes.Repeat([]byte("x"), 256),
		}
		payloads[i] = segment.Payload{Salt: make([]byte, store.SaltBytes)}
	}
	c := segment.Encode("", nil, events, payloads)
	c.Finish()
	var l segment.Layout
	b.ReportAllocs()
	for left := b.N; left > 0; {
		for body := c.Body; len(body) > 0 && left > 0; left-- {
			if err := l.Decode(body); err != nil {
				b.Fatal(err)
			}
			body = body[l.Size():]
		}
	}
}
