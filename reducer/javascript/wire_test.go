package javascript

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

func TestEventOnTheWire(t *testing.T) {
	r := store.Recorded{
		Event:   store.Event{Stream: "order-1", Type: "A", Data: []byte(`{"a":1}`), Metadata: []byte(`{}`), ContentType: "text/json; charset=utf-8"},
		Version: 7, RecordedAt: time.UnixMicro(1234567),
	}
	in := sandbox.NewReader(appendEvent(nil, &r))
	got := readEvent(in)
	want := sentEvent{typ: "A", stream: "order-1", number: 6, created: 1234567, json: true, data: r.Data, metadata: r.Metadata}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sentEvent{})); diff != "" || in.End() != nil {
		t.Errorf("%v %s", in.End(), diff)
	}
	for n := range len(appendEvent(nil, &r)) {
		in := sandbox.NewReader(appendEvent(nil, &r)[:n])
		if readEvent(in); in.End() == nil {
			t.Errorf("%d bytes of it are an event", n)
		}
	}
}
