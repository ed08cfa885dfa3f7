package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// TestErrors checks that each error with facts is its sentinel, says its facts, and is no other's.
func TestErrors(t *testing.T) {
	sentinels := []error{
		store.ErrInvalid, store.ErrTooLarge, store.ErrConflict, store.ErrKeyReused, store.ErrTracking, store.ErrNotFound, store.ErrTruncated,
		store.ErrDamaged, store.ErrUnknown, store.ErrFailed, store.ErrClosed, store.ErrReadOnly, store.ErrLocked, store.ErrUnsupported,
	}
	tests := []struct {
		err  error
		is   error
		says []string
	}{
		{&store.InvalidError{Problem: "type is empty"}, store.ErrInvalid, []string{"type is empty"}},
		{&store.TooLargeError{What: "stream", Unit: "bytes", Got: 1025, Max: 1024}, store.ErrTooLarge, []string{"stream", "1025 bytes", "1024"}},
		{&store.KeyReusedError{Key: "k", First: 7}, store.ErrKeyReused, []string{`"k"`, "7"}},
		{&store.TrackingError{Tracking: store.Tracking{Source: "s", Position: 3}, Last: 5}, store.ErrTracking, []string{`"s"`, "3", "5"}},
		{&store.TruncatedError{First: 7}, store.ErrTruncated, []string{"7"}},
		{&store.UnknownError{Cause: errors.New("no space")}, store.ErrUnknown, []string{"no space"}},
		{&store.DamagedError{File: "log/1", Offset: 8192, Position: 77, Problem: "checksum"}, store.ErrDamaged, []string{"log/1", "8192", "77", "checksum"}},
		{&store.DamagedError{File: "log/1", Problem: "checksum"}, store.ErrDamaged, []string{"log/1", "offset 0"}},
		{&store.ConflictError{Failed: []store.GuardFailure{
			{Guard: store.StreamAt{Stream: "a", Version: 2}, ActualVersion: 3},
			{Guard: store.StreamExists{Stream: "b"}},
			{Guard: store.NoneMatch{}, Events: []store.Recorded{{Position: 9}}},
			{Guard: store.NoneMatch{}},
		}}, store.ErrConflict, []string{`"a"`, "2", "3", `"b"`, "9", "; "}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T", tt.err), func(t *testing.T) {
			for _, wrapped := range []error{tt.err, fmt.Errorf("append: %w", tt.err)} {
				for _, s := range sentinels {
					if got, want := errors.Is(wrapped, s), errors.Is(s, tt.is); got != want {
						t.Errorf("%v is %v: %t, want %t", wrapped, s, got, want)
					}
				}
			}
			for _, part := range tt.says {
				if !strings.Contains(tt.err.Error(), part) {
					t.Errorf("%q does not say %s", tt.err, part)
				}
			}
		})
	}
	if err := error(&store.UnknownError{Cause: context.Canceled}); !errors.Is(err, context.Canceled) || !errors.Is(err, store.ErrUnknown) {
		t.Error("an unknown outcome hides its cause")
	}
	for _, s := range sentinels {
		if !strings.HasPrefix(s.Error(), "gesta: ") {
			t.Errorf("%q does not say whose it is", s)
		}
	}
}

func TestGuardString(t *testing.T) {
	for want, g := range map[string]store.Guard{
		`stream "a" does not exist`:                   store.StreamAt{Stream: "a"},
		`stream "a" is at version 2`:                  store.StreamAt{Stream: "a", Version: 2},
		`stream "a" exists`:                           store.StreamExists{Stream: "a"},
		"no event after position 7 matches the query": store.NoneMatch{After: 7},
	} {
		if got := g.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTime(t *testing.T) {
	zone := time.FixedZone("", -7200)
	for _, tt := range []struct{ in, want time.Time }{
		{time.Time{}, time.Time{}},
		{time.Time{}.In(zone), time.Time{}},
		{time.Date(2026, 1, 1, 0, 0, 0, 999, zone), time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)},
		{time.Date(2026, 1, 1, 0, 0, 0, 1999, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 1000, time.UTC)},
		{time.Date(1901, 1, 1, 0, 0, 0, 1999, time.UTC), time.Date(1901, 1, 1, 0, 0, 0, 1000, time.UTC)},
	} {
		if got := store.Time(tt.in); got != tt.want {
			t.Errorf("Time(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
	if now := store.Time(time.Now()); strings.Contains(now.String(), "m=") {
		t.Errorf("%s keeps the monotonic clock", now)
	}
}

func TestRecordedEffective(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := store.Recorded{RecordedAt: at}
	if got := r.Effective(); got != at {
		t.Errorf("got %s, want the time of recording", got)
	}
	r.EffectiveAt = at.Add(-time.Hour)
	if got := r.Effective(); got != r.EffectiveAt {
		t.Errorf("got %s, want the effective time", got)
	}
}

func TestCheckReportOK(t *testing.T) {
	for name, tt := range map[string]struct {
		problems []store.Problem
		want     bool
	}{
		"nothing found": {nil, true}, "a problem": {[]store.Problem{{}}, false},
		"a repaired one": {[]store.Problem{{Repaired: true}}, true}, "one of two": {[]store.Problem{{Repaired: true}, {}}, false},
	} {
		if got := (&store.CheckReport{Problems: tt.problems}).OK(); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}
