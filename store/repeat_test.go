package store_test

import (
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

func TestRepeats(t *testing.T) {
	sent := func() []store.Event {
		return []store.Event{
			{Stream: "a-1", Type: "T", Tags: []string{"x", "y"}, Data: []byte("1")},
			{Type: "U", Data: []byte("2")},
		}
	}
	recorded := func(change func([]store.Recorded)) []store.Recorded {
		out := make([]store.Recorded, 2)
		for i, e := range sent() {
			out[i] = store.Recorded{Event: e, Position: store.Position(i + 1)}
		}
		if change != nil {
			change(out)
		}
		return out
	}
	tests := []struct {
		name   string
		change func([]store.Recorded)
		want   bool
	}{
		{"the same", nil, true},
		{"another id", func(r []store.Recorded) { r[0].ID = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11" }, true},
		{"other metadata", func(r []store.Recorded) { r[0].Metadata = []byte("{}") }, true},
		{"another content type", func(r []store.Recorded) { r[0].ContentType = "text/plain" }, true},
		{"another schema version", func(r []store.Recorded) { r[0].SchemaVersion = 2 }, true},
		{"other times", func(r []store.Recorded) { r[0].EffectiveAt, r[0].RecordedAt = time.Now(), time.Now() }, true},
		{"another stream", func(r []store.Recorded) { r[0].Stream = "a-2" }, false},
		{"no stream", func(r []store.Recorded) { r[0].Stream = "" }, false},
		{"another type", func(r []store.Recorded) { r[1].Type = "T" }, false},
		{"fewer tags", func(r []store.Recorded) { r[0].Tags = []string{"x"} }, false},
		{"more tags", func(r []store.Recorded) { r[1].Tags = []string{"x"} }, false},
		{"tags in another order", func(r []store.Recorded) { r[0].Tags = []string{"y", "x"} }, false},
		{"other data", func(r []store.Recorded) { r[1].Data = []byte("3") }, false},
		{"no data", func(r []store.Recorded) { r[1].Data = nil }, false},
		{"erased data", func(r []store.Recorded) { r[1].Data, r[1].Erased = nil, 9 }, true},
		{"erased data of another type", func(r []store.Recorded) { r[1].Data, r[1].Erased, r[1].Type = nil, 9, "T" }, false},
		{"another order", func(r []store.Recorded) { r[0], r[1] = r[1], r[0] }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := store.Repeats(sent(), recorded(tt.change)); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
	if store.Repeats(sent(), recorded(nil)[:1]) || store.Repeats(sent()[:1], recorded(nil)) {
		t.Error("another number of events passes as a repeat")
	}
	if !store.Repeats([]store.Event{{Type: "T", Data: []byte{}, Tags: []string{}}}, []store.Recorded{{Event: store.Event{Type: "T"}}}) {
		t.Error("an empty slice is no repeat of nil")
	}
}
