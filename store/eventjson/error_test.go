package eventjson_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

func TestDescribe(t *testing.T) {
	guard := store.StreamAt{Stream: "a-1", Version: 2}
	conflict := &store.ConflictError{Failed: []store.GuardFailure{{Guard: guard, ActualVersion: 3, Complete: true}}}
	tests := []struct {
		name string
		err  error
		want eventjson.Error
	}{
		{"nil", nil, eventjson.Error{}},
		{"invalid", fmt.Errorf("event 1: %w", &store.InvalidError{Problem: "x"}), eventjson.Error{Code: "usage", Message: "event 1: invalid: x"}},
		{"unsupported", store.ErrUnsupported, eventjson.Error{Code: "usage", Message: "not supported by this store"}},
		{"conflict", conflict, eventjson.Error{
			Code: "conflict", Message: `conflict: expected stream "a-1" at version 2, it is at 3`, Failed: conflict.Failed,
		}},
		{"key", &store.KeyReusedError{Key: "k", First: 7}, eventjson.Error{
			Code: "keyReused", Message: `key "k" was used by the commit at position 7 with other events`, Position: 7,
		}},
		{"truncated", &store.TruncatedError{First: 9}, eventjson.Error{Code: "truncated", Message: "truncated: the first position left is 9", Position: 9}},
		{"damaged", &store.DamagedError{File: "log/1", Offset: 5, Position: 6, Problem: "p"}, eventjson.Error{
			Code: "damaged", Message: "damaged: log/1 at offset 5, position 6: p", File: "log/1", Offset: 5, Position: 6,
		}},
		{"unknown outcome of a lock", &store.UnknownError{Cause: store.ErrLocked}, eventjson.Error{
			Code: "outcomeUnknown", Message: "outcome unknown: store is locked by another opener",
		}},
		{"a path with the prefix in it", fmt.Errorf("open store /a/.gesta: open /a/.gesta: %w", store.ErrLocked), eventjson.Error{
			Code: "locked", Message: "open store /a/.gesta: open /a/.gesta: store is locked by another opener",
		}},
		{"a path that reads like a sentinel", fmt.Errorf("make store /a/.gesta: %w", fmt.Errorf("%w: there is no directory", store.ErrNotFound)), eventjson.Error{
			Code: "notFound", Message: "make store /a/.gesta: not found: there is no directory",
		}},
		{"a path with the prefix in it, and no sentinel", fmt.Errorf("read /a/.gesta: %w", fs.ErrPermission), eventjson.Error{
			Code: "denied", Message: "read /a/.gesta: permission denied",
		}},
		{"joined", errors.Join(&store.InvalidError{Problem: "x"}, errors.New("boom")), eventjson.Error{Code: "usage", Message: "invalid: x; boom"}},
		{
			"joined, one in the other", errors.Join(&store.UnknownError{Cause: fmt.Errorf("%w: no space", store.ErrFailed)}, fmt.Errorf("%w: no space", store.ErrFailed)),
			eventjson.Error{Code: "outcomeUnknown", Message: "outcome unknown: store failed, close it and open it again: no space"},
		},
		{"joined, one ends like the other", errors.Join(errors.New("line 12"), errors.New("2")), eventjson.Error{Code: "internal", Message: "line 12; 2"}},
		{"deadline", context.DeadlineExceeded, eventjson.Error{Code: "timeout", Message: "context deadline exceeded"}},
		{"permission", fs.ErrPermission, eventjson.Error{Code: "denied", Message: "permission denied"}},
		{"anything", errors.New("boom"), eventjson.Error{Code: "internal", Message: "boom"}},
		{
			"its own", fmt.Errorf("at 1: %w", &eventjson.Error{Code: "reducer", Message: "no", Hint: "h", Line: 3}),
			eventjson.Error{Code: "reducer", Message: "at 1: no", Hint: "h", Line: 3},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, eventjson.Describe(tt.err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every error of the contract has a code of its own kind, and an Error with that code is that error.
func TestErrorIs(t *testing.T) {
	for _, sentinel := range []error{
		store.ErrInvalid, store.ErrTooLarge, store.ErrConflict, store.ErrKeyReused, store.ErrTracking, store.ErrNotFound,
		store.ErrTruncated, store.ErrDamaged, store.ErrUnknown, store.ErrReadOnly, store.ErrLocked,
	} {
		d := eventjson.Describe(sentinel)
		if d.Code == eventjson.CodeInternal || !errors.Is(&d, sentinel) {
			t.Errorf("%v is described as %q, which is not that error", sentinel, d.Code)
		}
	}
	for _, sentinel := range []error{store.ErrFailed, store.ErrClosed} {
		if d := eventjson.Describe(sentinel); d.Code != eventjson.CodeUnavailable {
			t.Errorf("%v is described as %q", sentinel, d.Code)
		}
	}
	if errors.Is(&eventjson.Error{Code: eventjson.CodeTimeout}, context.Canceled) {
		t.Error("a timeout is a cancelled context")
	}
}

func TestAppendError(t *testing.T) {
	r := address()
	tests := []struct {
		name string
		e    eventjson.Error
		want string
	}{
		{"least", eventjson.Error{Code: "usage", Message: "m"}, `{"code":"usage","message":"m"}`},
		{"place in a file", eventjson.Error{Code: "usage", Message: "m", Hint: "h", File: "f.csv", Line: 3}, `{"code":"usage","message":"m","hint":"h","file":"f.csv","line":3}`},
		{"damage", eventjson.Error{Code: "damaged", Message: "m", File: "log/1", Position: 4}, `{"code":"damaged","message":"m","file":"log/1","offset":0,"position":4}`},
		{"stream", eventjson.Error{Code: "notFound", Message: "m", Stream: "s"}, `{"code":"notFound","message":"m","stream":"s"}`},
		{"conflict", eventjson.Error{Code: "conflict", Message: "m", Failed: []store.GuardFailure{
			{Guard: store.StreamAt{Stream: "a", Version: 2}, Complete: true},
			{Guard: store.NoneMatch{Query: store.Query{}, After: 9}, Events: []store.Recorded{r}},
		}}, `{"code":"conflict","message":"m","failed":[{"guard":{"streamAt":{"stream":"a","version":2}},"actualVersion":0,"events":[],"complete":true},` +
			`{"guard":{"noneMatch":{"query":[],"after":9}},"events":[` + string(eventjson.AppendEvent(nil, &r)) + `],"complete":false}]}`},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, string(eventjson.AppendError(nil, &tt.e))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
