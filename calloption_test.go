package gesta_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestOptionsOfOtherCalls gives each call the options that it has no use for: none is ignored.
func TestOptionsOfOtherCalls(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes)
	addAll(t, db, "1", 1, 2)
	refused := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, o := range map[string]gesta.CallOption{
		"Key": gesta.Key("k"), "Retries": gesta.Retries(1), "ExpectVersion": gesta.ExpectVersion(2), "Actor": gesta.Actor("ada"), "Correlation": gesta.Correlation("c"),
		"Cause": gesta.Cause(gesta.Event[any]{}), "Metadata": gesta.Metadata("a", 1),
	} {
		_, err := sums.Load(t.Context(), db, "1", o)
		refused(name, err)
		for _, err = range sums.History(t.Context(), db, "1", o) {
		}
		refused(name, err)
	}
	for name, o := range map[string]gesta.CallOption{
		"AllowStale": gesta.AllowStale(time.Second), "AsOfVersion": gesta.AsOfVersion(1), "AsOfPosition": gesta.AsOfPosition(1), "AsOf": gesta.AsOf(time.Now()),
		"AsEffective": gesta.AsEffective(time.Now()),
	} {
		_, err := sums.Handle(t.Context(), db, "1", add(1), o)
		refused(name, err)
		_, err = gesta.Decide(t.Context(), db, gesta.Record[tally](added{N: 1}), o)
		refused(name, err)
	}
	var err error
	for _, err = range sums.History(t.Context(), db, "1", gesta.AllowStale(time.Second)) {
	}
	refused("AllowStale", err)
	_, err = sums.Load(t.Context(), db, "1", gesta.AsOf(time.Time{}))
	refused("AsOf", err)
	_, err = sums.Load(t.Context(), db, "1", gesta.AsEffective(time.Time{}))
	refused("AsEffective", err)
	_, err = sums.Handle(t.Context(), db, "1", nil)
	refused("nil", err)
}

// TestBeforeEverything looks at a stream as it was before its first event.
func TestBeforeEverything(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes)
	addAll(t, db, "1", 1, 2)
	for name, o := range map[string]gesta.CallOption{"version": gesta.AsOfVersion(0), "position": gesta.AsOfPosition(0)} {
		if l := load(t, db, "1", o); l.State.Total != 0 || l.Version != 0 {
			t.Errorf("%s 0: %+v", name, l)
		}
		if _, err := sums.Load(t.Context(), db, "1", o, gesta.MustExist()); !errors.Is(err, gesta.ErrNoStream) {
			t.Errorf("%s 0 exists: %v", name, err)
		}
	}
	var err error
	for _, err = range sums.History(t.Context(), db, "2", gesta.MustExist()) {
	}
	if !errors.Is(err, gesta.ErrNoStream) {
		t.Errorf("the history of no stream: %v", err)
	}
}
