package gesta_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// What the orders of a shop once were, and are now.
type (
	Placed struct {
		Customer string
		Cents    int64
		Currency string
	}
	Paid     struct{ Cents int64 }
	placedV1 struct{ Name string }
	placedV2 struct {
		Name  string
		Price int64
	}
	createdV1 struct{ Who string }
	checkedV1 struct{ Price int64 }
)

var orderOptions = []gesta.Option{
	gesta.Types[any]{"order.placed": Placed{}, "order.paid": Paid{}},
	gesta.Upcast("order.placed", 1, func(o placedV1) placedV2 { return placedV2{Name: o.Name} }),
	gesta.Upcast("order.placed", 2, func(o placedV2) Placed { return Placed{Customer: o.Name, Cents: o.Price * 100, Currency: "EUR"} }),
	gesta.Upcast("order.created", 1, func(o createdV1) placedV1 { return placedV1{Name: o.Who} }),
	gesta.Split("order.checked-out", 1, func(o checkedV1) []any {
		return []any{Placed{Cents: o.Price, Currency: "USD"}, Paid{Cents: o.Price}}
	}, any(Placed{}), any(Paid{})),
	gesta.Rename("order.settled", "order.paid"),
}

// history writes events as older programs did.
func history(t *testing.T, events ...store.Event) store.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	for i := range events {
		events[i].Stream = "order-1"
	}
	if _, err := s.Append(t.Context(), store.Commit{Events: events}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestUpcast(t *testing.T) {
	s := history(t,
		store.Event{Type: "order.placed", Data: []byte(`{"Name":"ada"}`)}, // no version is version 1
		store.Event{Type: "order.placed", SchemaVersion: 2, Data: []byte(`{"Name":"bob","Price":3}`)},
		store.Event{Type: "order.placed", SchemaVersion: 3, Data: []byte(`{"Customer":"cid","Cents":7,"Currency":"CHF"}`)},
		store.Event{Type: "order.created", SchemaVersion: 1, Data: []byte(`{"Who":"dan"}`)},
		store.Event{Type: "order.checked-out", Data: []byte(`{"Price":9}`)},
		store.Event{Type: "order.settled", Data: []byte(`{"Cents":11}`)},
	)
	db, err := gesta.New(s, orderOptions...)
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	var parts []int
	for e, err := range gesta.Read[any](t.Context(), db, nil, gesta.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got, parts = append(got, e.Body), append(parts, e.Part)
	}
	want := []any{
		Placed{"ada", 0, "EUR"},
		Placed{"bob", 300, "EUR"},
		Placed{"cid", 7, "CHF"},
		Placed{"dan", 0, "EUR"},
		Placed{"", 9, "USD"},
		Paid{9},
		Paid{11},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{0, 0, 0, 0, 0, 1, 0}, parts); diff != "" {
		t.Error(diff)
	}
}

// TestViewSeesOldEvents makes sure that the condition of a decision covers what older programs wrote.
func TestViewSeesOldEvents(t *testing.T) {
	s := history(t, store.Event{Type: "order.created", Data: []byte(`{"Who":"dan"}`)}, store.Event{Type: "order.checked-out", Data: []byte(`{"Price":9}`)})
	db, err := gesta.New(s, orderOptions...)
	if err != nil {
		t.Fatal(err)
	}
	placed := gesta.NewView(0, gesta.Scope{Category: "order"}, gesta.When(func(n int, _ Placed) int { return n + 1 }))
	var interfere func()
	var saw []int
	d := gesta.Decision[any]{Views: []gesta.AnyView{placed}, Stream: "order-2", Decide: func(f gesta.Facts) ([]any, error) {
		saw = append(saw, placed.In(f))
		if interfere != nil {
			interfere()
		}
		return []any{Paid{1}}, nil
	}}
	interfere = func() {
		interfere = nil
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-3", Type: "order.checked-out", Data: []byte(`{"Price":1}`)}}}); err != nil {
			t.Error(err)
		}
	}
	if _, err := gesta.Decide(t.Context(), db, d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 3}, saw); diff != "" {
		t.Errorf("the decision saw, time after time: %s", diff)
	}
}

func TestUnknownTypes(t *testing.T) {
	s := history(t,
		store.Event{Type: "order.lost", Data: []byte(`{}`)},
		store.Event{Type: "order.paid", SchemaVersion: 2, Data: []byte(`{}`)},
		store.Event{Type: "order.paid", Data: []byte(`{"Cents":"many"}`)},
		store.Event{Type: "order.paid", ContentType: "application/cbor", Data: []byte{0xa0}},
	)
	db, err := gesta.New(s, orderOptions...)
	if err != nil {
		t.Fatal(err)
	}
	read := func(after store.Position) error {
		for _, err := range gesta.Read[any](t.Context(), db, nil, gesta.ReadOptions{ReadOptions: store.ReadOptions{After: after}}) {
			return err
		}
		return nil
	}
	for after, want := range []string{
		`gesta: unknown type of event: position 1 has a "order.lost"`,
		`gesta: unknown type of event: position 2 has version 2 of "order.paid", the newest known here is 1`,
		`decode position 3, "order.paid": json: cannot unmarshal string into Go struct field Paid.Cents of type int64`,
		`decode position 4, "order.paid": there is no codec for "application/cbor"`,
	} {
		if err := read(store.Position(after)); err == nil || err.Error() != want {
			t.Errorf("after %d: %v; want %s", after, err, want)
		}
	}
	skipped := 0
	for _, err := range gesta.Read[any](t.Context(), db, nil, gesta.ReadOptions{
		ReadOptions: store.ReadOptions{Until: 2}, Skip: func(*store.Recorded, error) { skipped++ },
	}) {
		t.Errorf("%v", err)
	}
	if skipped != 2 {
		t.Errorf("%d events skipped", skipped)
	}
	if err := read(0); !errors.Is(err, gesta.ErrUnknownType) {
		t.Error(err)
	}
}
