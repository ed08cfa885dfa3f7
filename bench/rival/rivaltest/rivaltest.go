// Package rivaltest tests that a rival does the work that all of them must do: the contract of [rival.Store].
package rivaltest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// entry is one event as a reader sees it.
type entry struct {
	At   uint64 // version or position
	Data string
}

// event makes an event whose data names its stream and version.
func event(stream string, version uint64, kind, tag string) rival.Event {
	e := rival.Event{
		Stream: stream, Version: version, Type: kind, Tag: tag,
		Data: fmt.Appendf(nil, `{"stream":%q,"version":%d,"pad":"%0100d"}`, stream, version, version),
	}
	copy(e.ID[:], fmt.Sprintf("%s/%d", stream, version))
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

// readStream returns what a reader of the stream sees.
func readStream(t *testing.T, store rival.Store, stream string) []entry {
	t.Helper()
	return collect(t, func(ctx context.Context, visit func(uint64, []byte) error) error {
		return store.ReadStream(ctx, stream, visit)
	})
}

// readAll returns what a reader of everything sees, and checks that positions rise.
func readAll(t *testing.T, store rival.Store) []entry {
	t.Helper()
	all := collect(t, store.ReadAll)
	checkRising(t, "all", all)
	return all
}

// readTag returns what a reader of the tag sees, and checks that positions rise.
func readTag(t *testing.T, store rival.Store, tag string, limit int) []entry {
	t.Helper()
	all := collect(t, func(ctx context.Context, visit func(uint64, []byte) error) error {
		return store.ReadTag(ctx, tag, limit, visit)
	})
	checkRising(t, "tag "+tag, all)
	return all
}

// collect returns everything that read visits.
func collect(t *testing.T, read func(context.Context, func(uint64, []byte) error) error) []entry {
	t.Helper()
	var all []entry
	err := read(t.Context(), func(at uint64, data []byte) error {
		all = append(all, entry{at, string(data)})
		return nil
	})
	if err != nil {
		t.Errorf("read: %v", err)
	}
	return all
}

// checkRising reports positions that do not rise.
func checkRising(t *testing.T, what string, all []entry) {
	t.Helper()
	for i := 1; i < len(all); i++ {
		if all[i].At <= all[i-1].At {
			t.Errorf("%s: position %d follows %d", what, all[i].At, all[i-1].At)
		}
	}
}

// wantStream checks that the stream has the events of versions 1 to last.
func wantStream(t *testing.T, store rival.Store, stream string, last uint64) {
	t.Helper()
	var want []entry
	for v := uint64(1); v <= last; v++ {
		want = append(want, entry{v, string(event(stream, v, "", "").Data)})
	}
	if diff := cmp.Diff(want, readStream(t, store, stream)); diff != "" {
		t.Errorf("stream %s (-want +got):\n%s", stream, diff)
	}
}

// wantData checks the data that a reader saw, in order.
func wantData(t *testing.T, what string, got []entry, want ...rival.Event) {
	t.Helper()
	var a, b []string
	for _, e := range got {
		a = append(a, e.Data)
	}
	for _, e := range want {
		b = append(b, string(e.Data))
	}
	if diff := cmp.Diff(b, a); diff != "" {
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
