// Package rivaltest tests that a rival does the work that all of them must do: the contract of [rival.Store].
package rivaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/bench/rival"
)

// open opens a store of maker in dir and closes it when the test ends, unless close was called before.
func open(t *testing.T, maker rival.Maker, dir string, durable bool) (store rival.Store, closeNow func()) {
	t.Helper()
	store, err := maker.Open(dir, durable)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	closed := false
	closeNow = func() {
		t.Helper()
		if closed {
			return
		}
		closed = true
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(closeNow)
	return store, closeNow
}

// event makes an event. Its data names its stream, version, type and tag, and its id stream and version, so that an
// event that is read can be told to be whole from itself: see [checkWhole].
func event(stream string, version uint64, kind, tag string) rival.Event {
	e := rival.Event{
		Stream: stream, Version: version, Type: kind, Tag: tag,
		Data: fmt.Appendf(nil, `{"stream":%q,"version":%d,"type":%q,"tag":%q,"pad":"%0100d"}`, stream, version, kind, tag, version),
	}
	copy(e.ID[:], fmt.Sprintf("%d/%s", version, stream))
	return e
}

// events makes the events of one stream from a version to another, of one type and one tag.
func events(stream string, from, to uint64, tag string) []rival.Event {
	var all []rival.Event
	for v := from; v <= to; v++ {
		all = append(all, event(stream, v, "made", tag))
	}
	return all
}

// mustAppend appends the commits in turn.
func mustAppend(t *testing.T, store rival.Store, commits ...[]rival.Event) {
	t.Helper()
	for i, commit := range commits {
		if err := store.Append(t.Context(), commit); err != nil {
			t.Fatalf("append of commit %d: %v", i, err)
		}
	}
}

// readStream returns what a reader of the stream sees, and checks that positions rise.
func readStream(t *testing.T, store rival.Store, stream string) []rival.Recorded {
	t.Helper()
	return collect(t, "stream "+stream, func(ctx context.Context, visit rival.Visit) error {
		return store.ReadStream(ctx, stream, visit)
	})
}

// readAll returns what a reader of everything sees, and checks that positions rise.
func readAll(t *testing.T, store rival.Store) []rival.Recorded {
	t.Helper()
	return collect(t, "all", store.ReadAll)
}

// readTag returns what a reader of the tag sees, and checks that positions rise.
func readTag(t *testing.T, store rival.Store, tag string, limit int) []rival.Recorded {
	t.Helper()
	return collect(t, "tag "+tag, func(ctx context.Context, visit rival.Visit) error {
		return store.ReadTag(ctx, tag, limit, visit)
	})
}

// collect returns everything that read visits, without a copy: it may be kept. Each event must be whole, and positions
// must rise.
func collect(t *testing.T, what string, read func(context.Context, rival.Visit) error) []rival.Recorded {
	t.Helper()
	var all []rival.Recorded
	err := read(t.Context(), func(e *rival.Recorded) error {
		all = append(all, *e)
		return nil
	})
	if err != nil {
		t.Errorf("read of %s: %v", what, err)
	}
	for i := range all {
		checkWhole(t, what, &all[i])
		if i > 0 && all[i].Position <= all[i-1].Position {
			t.Errorf("%s: position %d follows %d", what, all[i].Position, all[i-1].Position)
		}
	}
	return all
}

// checkWhole checks that an event is what [event] makes of its stream, version, type and tag.
func checkWhole(t *testing.T, what string, e *rival.Recorded) {
	t.Helper()
	want := event(e.Stream, e.Version, e.Type, e.Tag)
	if id, err := e.UUID(); err != nil || id != want.ID {
		t.Errorf("%s: id of version %d of stream %q is %q, %v, want %q", what, e.Version, e.Stream, id, err, want.ID)
	}
	if !bytes.Equal(e.Data, want.Data) {
		t.Errorf("%s: version %d of stream %q, type %q, tag %q has data %s", what, e.Version, e.Stream, e.Type, e.Tag, e.Data)
	}
}

// wantStream checks that the stream has the events of versions 1 to last.
func wantStream(t *testing.T, store rival.Store, stream string, last uint64) {
	t.Helper()
	got := readStream(t, store, stream)
	if uint64(len(got)) != last {
		t.Errorf("stream %s has %d events, want %d", stream, len(got), last)
	}
	for i := range got {
		if e := &got[i]; e.Stream != stream || e.Version != uint64(i)+1 {
			t.Errorf("stream %s: event %d is version %d of stream %q", stream, i+1, e.Version, e.Stream)
		}
	}
}

// wantEvents checks the events that a reader saw, in order.
func wantEvents(t *testing.T, what string, got []rival.Recorded, want ...rival.Event) {
	t.Helper()
	appended := make([]rival.Event, 0, len(got))
	for i := range got {
		e := &got[i]
		id, err := e.UUID()
		if err != nil {
			t.Errorf("%s: event %d: %v", what, i+1, err)
		}
		appended = append(appended, rival.Event{ID: id, Stream: e.Stream, Version: e.Version, Type: e.Type, Tag: e.Tag, Data: e.Data})
	}
	if diff := cmp.Diff(want, appended, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantConflict checks that the commit is refused as a conflict.
func wantConflict(t *testing.T, store rival.Store, commit []rival.Event) {
	t.Helper()
	if err := store.Append(t.Context(), commit); !errors.Is(err, rival.ErrConflict) {
		t.Errorf("append of %s at version %d: %v, want ErrConflict", commit[0].Stream, commit[0].Version, err)
	}
}

// name returns a stream's name.
func name(i int) string { return "order-" + strconv.Itoa(i) }
