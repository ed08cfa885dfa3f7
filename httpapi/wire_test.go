package httpapi

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// everyEvent are events that have every part, and that lack every part.
func everyEvent() []store.Recorded {
	at := time.Date(2026, 11, 1, 9, 0, 0, 123456000, time.UTC)
	tracking := &store.Tracking{Source: "s", Position: 1 << 52}
	full := store.Event{
		ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", Stream: "order-42", Type: "AddressChanged", SchemaVersion: 7, ContentType: "text/plain",
		Tags: []string{"order:42", "", "é"}, Data: []byte("data"), Metadata: []byte{0, 255}, EffectiveAt: at.Add(-time.Hour),
	}
	return []store.Recorded{
		{Event: full, Position: 5, Commit: 4, Version: 3, RecordedAt: at, Tracking: tracking, Erased: 9},
		{Event: full, Position: 6, Commit: 4, Version: 4, RecordedAt: at},
		{Event: store.Event{Type: "AddressChanged"}, Position: 7, Commit: 7, RecordedAt: at},
		{Event: store.Event{Type: "T", Stream: "a-1"}, Position: 3, Commit: 3, Version: 1, RecordedAt: at.Add(-time.Minute)},
		{Event: store.Event{Type: "T", Stream: "a-1"}, Position: store.MaxPosition, Commit: 3, Version: uint64(store.MaxPosition), RecordedAt: time.Time{}},
		{},
		{Event: store.Event{Type: "é", EffectiveAt: firstTime}, Position: 1, Commit: 1, RecordedAt: lastTime},
	}
}

func unbatched(p []byte) (out []store.Recorded, err error) {
	d := decoder{b: p}
	err = d.unbatch(func(r *store.Recorded) bool { out = append(out, *r); return true })
	return out, err
}

func TestBatchRoundTrip(t *testing.T) {
	var b batch
	for range 2 { // the second time after a reset
		want := everyEvent()
		for i := range want {
			b.add(&want[i])
		}
		got, err := unbatched(b.appendTo(nil))
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		b.reset()
	}
}

// TestBatchCut decodes a batch that is cut off at every byte: each is an error, and none reads beyond its end.
func TestBatchCut(t *testing.T) {
	var b batch
	for _, r := range everyEvent() {
		b.add(&r)
	}
	whole := b.appendTo(nil)
	for n := range whole {
		if _, err := unbatched(whole[:n:n]); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := unbatched(append(whole, 0)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a byte too many: %v", err)
	}
}

func everyCommit() []store.Commit {
	events := everyEvent()
	return []store.Commit{
		{},
		{Key: "k", Tracking: &store.Tracking{Source: "s", Position: 3}, Events: []store.Event{events[0].Event, events[2].Event}},
		{Guards: []store.Guard{
			store.StreamAt{Stream: "a-1", Version: 7},
			store.StreamExists{Stream: "b-1"},
			store.NoneMatch{After: 9, Query: store.Query{{}, {Stream: "a", Category: "b", Types: []string{"T", "U"}, Tags: []string{"x"}}}},
			store.NoneMatch{},
		}},
	}
}

func TestCommitRoundTrip(t *testing.T) {
	for _, want := range everyCommit() {
		frame, err := appendCommitFrame([]byte(magic), &want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeCommitBody(frame)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
	if _, err := appendCommitFrame(nil, &store.Commit{Guards: []store.Guard{nil}}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a guard that is nil: %v", err)
	}
}

func TestErrorRoundTrip(t *testing.T) {
	events := everyEvent()[:3]
	for _, want := range []error{
		&store.InvalidError{Problem: "p"},
		&store.TooLargeError{What: "event", Unit: "bytes", Got: 5, Max: 4},
		&store.ConflictError{Failed: []store.GuardFailure{
			{Guard: store.StreamAt{Stream: "a", Version: 1}, ActualVersion: 3, Events: events, Complete: true}, {Guard: store.NoneMatch{}},
		}},
		&store.KeyReusedError{Key: "k", First: 9},
		&store.TrackingError{Tracking: store.Tracking{Source: "s", Position: 3}, Last: 4},
		&store.TruncatedError{First: 8},
		&store.DamagedError{File: "f", Offset: 1, Position: 2, Problem: "p"},
		&store.UnknownError{Cause: errors.New("c")},
		&eventjson.Error{Code: eventjson.CodeDenied, Message: "m", Hint: "h", Position: 7, Stream: "s"},
	} {
		payload, err := onlyFrame(appendErrorFrame([]byte(magic), want), frameError)
		if err != nil {
			t.Fatal(err)
		}
		got := decodeError(payload)
		if want.Error() != got.Error() || reflect.TypeOf(want) != reflect.TypeOf(got) {
			t.Errorf("got %T %v, want %T %v", got, got, want, want)
		}
		if _, unknown := got.(*store.UnknownError); !unknown { //nolint:errorlint // it is not wrapped
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		wrapped := fmt.Errorf("event 3: %w", want)
		payload, err = onlyFrame(appendErrorFrame([]byte(magic), wrapped), frameError)
		if err != nil {
			t.Fatal(err)
		}
		if got := decodeError(payload); got.Error() != wrapped.Error() || eventjson.Describe(got).Code != eventjson.Describe(want).Code {
			t.Errorf("got %v, want %v", got, wrapped)
		}
	}
}

// TestConflictsAreBounded checks that an answer does not carry more of events than it may.
func TestConflictsAreBounded(t *testing.T) {
	large := store.Recorded{Event: store.Event{Type: "T", Data: make([]byte, 5<<20)}, Position: 1, Commit: 1}
	many := []store.Recorded{large, large, large, large}
	err := bounded(&store.ConflictError{Failed: []store.GuardFailure{
		{Guard: store.NoneMatch{}, Events: many[:1], Complete: true},
		{Guard: store.NoneMatch{}, Events: many, Complete: true},
		{Guard: store.NoneMatch{}, Events: many, Complete: true},
	}})
	conflict, ok := errors.AsType[*store.ConflictError](err)
	if !ok {
		t.Fatal(err)
	}
	var got []string
	for _, f := range conflict.Failed {
		got = append(got, fmt.Sprint(len(f.Events), f.Complete))
	}
	if want := "1 true,2 false,0 false"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
