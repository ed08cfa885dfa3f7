package tui_test

import (
	"errors"
	"testing"

	"github.com/gestadb/gesta/cmd/gesta/internal/tui"
	"github.com/gestadb/gesta/store"
)

// A stream or a tag that may have lost events has no states to show.
func TestTruncated(t *testing.T) {
	f := newFixture(t)
	f.commit(store.Event{Stream: "a-1", Type: "A", Data: []byte(`{"n":1}`)})
	f.commit(store.Event{Stream: "a-1", Type: "A", Data: []byte(`{"n":2}`), Tags: []string{"x"}})
	f.commit(store.Event{Stream: "a-2", Type: "A", Data: []byte(`{"n":3}`)})
	if first, err := f.Truncate(t.Context(), 1); err != nil || first != 2 {
		t.Fatalf("the store begins with %d, %v", first, err)
	}
	for target, gone := range map[string]bool{"a-1": true, "tag:x": true, "a-2": false} {
		if _, err := tui.NewReplay(t.Context(), f.options(target), 0, 0); errors.Is(err, store.ErrTruncated) != gone || !gone && err != nil {
			t.Errorf("%s: error = %v, truncated %t", target, err, gone)
		}
	}
}
