package nats_test

import (
	"fmt"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/nats"
)

// A stream of more events than the server finds at once is read all the same.
func TestLongStream(t *testing.T) {
	store, err := nats.Maker.Open(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	const events = 1500
	commit := make([]rival.Event, events)
	for i := range commit {
		commit[i] = rival.Event{Stream: "a.b c", Version: uint64(i + 1), Type: "x", Tag: "y", Data: fmt.Appendf(nil, "%d", i+1)}
	}
	if err := store.Append(t.Context(), commit); err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	if err := store.ReadStream(t.Context(), "a.b c", func(e *rival.Recorded) error {
		if want++; e.Version != want || string(e.Data) != fmt.Sprint(want) {
			return fmt.Errorf("version %d has %s, want %d", e.Version, e.Data, want)
		}
		return nil
	}); err != nil || want != events {
		t.Errorf("read %d events of %d: %v", want, events, err)
	}
}
