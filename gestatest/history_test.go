package gestatest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// historyOptions are those of an application that has changed.
var historyOptions = []gesta.Option{
	gesta.Upcast("order.placed", 1, func(o placedV1) Placed {
		if o.Name == "nobody" {
			panic("no such customer")
		}
		return Placed{Customer: o.Name}
	}),
}

var orders = gesta.Types[any]{"order.placed": Placed{}}

// stored returns a store with events as older programs have written them.
func stored(t *testing.T, events ...store.Event) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	if _, err := s.Append(t.Context(), store.Commit{Events: events}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHistory(t *testing.T) {
	s := stored(t,
		store.Event{Type: "order.placed", Data: []byte(`{"Name":"ann"}`)},
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Customer":"bob"}`)},
		store.Event{Type: "$erasure", Stream: "$gesta"},
	)
	report := gestatest.History(t, orders, s, historyOptions...)
	want := &gestatest.HistoryReport{Events: 3, System: 1, Kinds: []gestatest.HistoryKind{{Type: "order.placed", Version: 1, Events: 1}, {Type: "order.placed", Version: 2, Events: 1}}}
	if d := cmp.Diff(want, report); d != "" {
		t.Error(d)
	}
}

func TestHistoryBreaks(t *testing.T) {
	s := stored(t,
		store.Event{Type: "order.placed", Data: []byte(`{"Name":"ann"}`)},
		store.Event{Type: "order.lost", Data: []byte(`{}`)},
		store.Event{Type: "order.placed", SchemaVersion: 3, Data: []byte(`{}`)},
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Customer":7}`)},
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Customer":8}`)},
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Customer":"x"}`)},
		store.Event{Type: "order.placed", Data: []byte(`{"Name":"nobody"}`)},
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Customer":"erased"}`)},
	)
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{8}}); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, func(t testing.TB) {
		report := gestatest.History(t, orders, s, historyOptions...)
		if n := report.Broken(); n != 6 {
			t.Errorf("%d are broken; want 6", n)
		}
	}, `6 of 9 events cannot be read (1 of gesta itself were left alone)

BROKEN  TYPE          VERSION  FIRST AT  WHAT IS WRONG
2       order.placed  2        #4        json: cannot unmarshal number into Go struct field Placed.Customer of type string
1       order.lost    1        #2        unknown type: it is in no Types, and nothing renames or upcasts it
1       order.placed  3        #3        unknown version: the newest known is 2
1       order.placed  1        #7        panic: no such customer
1       order.placed  2        #8        erased, and its type has no StandIn

EVENTS  TYPE          VERSION  BROKEN
1       order.lost    1        1
2       order.placed  1        1
4       order.placed  2        3
1       order.placed  3        1
`)
}

// many yields events whose data is broken in as many ways, and then an error.
type many struct{ n int }

func (m many) Read(context.Context, store.Query, store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for i := range m.n {
			r := store.Recorded{Event: store.Event{Type: "order.placed", SchemaVersion: 2, ContentType: fmt.Sprintf("x/%d", i), Data: []byte("{}")}, Position: store.Position(i + 1)}
			if !yield(r, nil) {
				return
			}
		}
		yield(store.Recorded{}, errors.New("the disk is gone"))
	}
}

func TestHistoryIsBounded(t *testing.T) {
	text, _ := said(t, func(t testing.TB) { gestatest.History(t, orders, many{100}, historyOptions...) })
	if n := len(text); n > 4096 {
		t.Errorf("the report has %d bytes", n)
	}
	wantFailure(t, func(t testing.TB) { gestatest.History(t, orders, many{100}, historyOptions...) },
		"read the history: the disk is gone", "100 of 100 events cannot be read", `81      order.placed  2        #20       other reasons, the first of them: there is no codec for "x/19"`)
}
