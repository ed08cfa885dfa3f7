package answers_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// deny is a store whose caller may read nothing whole, and that notes what was asked.
type deny struct {
	*memory.Store
	code  eventjson.Code
	asked []store.Query
}

func (d *deny) MayRead(_ context.Context, q store.Query) error {
	d.asked = append(d.asked, q)
	return &eventjson.Error{Code: d.code, Message: "no"}
}

// What folds or counts asks about all that it rests on, and shows nothing of it.
func TestDenied(t *testing.T) {
	ctx := t.Context()
	d := &deny{Store: orders(t), code: eventjson.CodeDenied}
	q := ask(t, d, answers.Asked{})
	order := history.Selection{Subject: history.Stream, Name: "order-1", Until: 4}
	tag := history.Selection{Subject: history.Tag, Name: "x", Until: 4}
	stream := func(name string) store.Item { return store.Item{Stream: name} }
	whole := func(filter ...store.Item) history.Selection { return history.Selection{Until: 4, Filter: filter} }
	target := func(sel history.Selection) answers.Target {
		of, err := answers.NewTarget(sel, "it")
		if err != nil {
			t.Fatal(err)
		}
		return of
	}
	narrowed := order
	narrowed.Filter = store.Query{{Types: []string{"Paid"}}}
	impossible := order
	impossible.Filter = store.Query{stream("order-2")}
	first := func(_ any, err error) error { return err }
	for _, tt := range []struct {
		name string
		ask  func() error
		want store.Query // nil is everything
	}{
		{"state of a stream", func() error { return first(q.State(ctx, target(order))) }, store.Query{stream("order-1")}},
		{"state of a tag", func() error { return first(q.State(ctx, target(tag))) }, store.Query{{Tags: []string{"x"}}}},
		{"blame", func() error { return first(q.Blame(ctx, target(order), &answers.Part{}, false)) }, store.Query{stream("order-1")}},
		{"diff", func() error { return first(q.DiffOptions(ctx, order, tag, &answers.Part{})) }, store.Query{stream("order-1"), {Tags: []string{"x"}}}},
		{"diff of the store", func() error { return first(q.DiffOptions(ctx, whole(), whole(), &answers.Part{})) }, nil},
		{"types", func() error { return first(q.Types(ctx)) }, nil},
		{"stats", func() error { _, _, err := q.Stats(ctx, nil); return err }, nil},
		{"fold of what is shown in part", func() error { return q.MayFold(ctx, narrowed) }, store.Query{stream("order-1")}},
		{"fold of streams", func() error {
			return q.MayFold(ctx, whole(store.Item{Stream: "order-1", Types: []string{"Paid"}}, store.Item{Category: "order", Tags: []string{"x"}}))
		}, store.Query{stream("order-1"), {Category: "order"}}},
		{"fold of any streams", func() error { return q.MayFold(ctx, whole(stream("order-1"), store.Item{Types: []string{"Paid"}})) }, nil},
		{"fold of everything and a stream", func() error { return q.MayFold(ctx, order, whole()) }, nil},
		{"count", func() error { return q.MayCount(ctx, &narrowed) }, store.Query{{Stream: "order-1", Types: []string{"Paid"}}}},
		{"a stream that is not there", func() error { return first(q.LookUp(ctx, "order-9@3")) }, store.Query{stream("order-9")}},
	} {
		d.asked = nil
		err := tt.ask()
		if diff := cmp.Diff([]store.Query{tt.want}, d.asked, cmpopts.EquateEmpty()); diff != "" || eventjson.Describe(err).Code != eventjson.CodeDenied {
			t.Errorf("%s: %v; asked, -want +got\n%s", tt.name, err, diff)
		}
	}
	d.asked = nil
	if err := q.MayCount(ctx, &impossible); err != nil || len(d.asked) != 0 {
		t.Errorf("count of what cannot be: %v, asked %v", err, d.asked)
	}
	if _, err := q.LookUp(ctx, "order-1"); err != nil {
		t.Errorf("a stream that is there: %v", err)
	}
	d.code = eventjson.CodeUnavailable
	if _, err := q.LookUp(ctx, "order-9"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stream that is not there, where rights cannot be told: %v", err)
	}
	if _, err := q.State(ctx, target(order)); eventjson.Describe(err).Code != eventjson.CodeUnavailable {
		t.Errorf("a state where rights cannot be told: %v", err)
	}
}
