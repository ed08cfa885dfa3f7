package gestatest

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// probe is a store that holds nothing, says that it does, and remembers what it was asked.
type probe struct{ asked store.Query }

func (p *probe) Append(context.Context, store.Commit) (store.Result, error) {
	return store.Result{}, fmt.Errorf("append: %w", store.ErrUnsupported)
}

func (p *probe) Head(context.Context) (store.Position, error) { return 1, nil }

func (p *probe) Read(_ context.Context, q store.Query, _ store.ReadOptions) iter.Seq2[store.Recorded, error] {
	p.asked = append(p.asked, q...)
	return func(func(store.Recorded, error) bool) {}
}

func (p *probe) Close() error { return nil }

// itemsOf returns what each of some views selects, in their order.
func itemsOf(ctx context.Context, views []gesta.AnyView, options []gesta.Option) ([]store.Item, error) {
	if len(views) == 0 {
		return nil, errors.New("it has no Views")
	}
	items := make([]store.Item, len(views))
	for i, v := range views {
		p := &probe{}
		db, err := gesta.New(p, options...)
		if err != nil {
			return nil, err
		}
		_, err = gesta.Decide(ctx, db, gesta.Decision[any]{
			Views:  []gesta.AnyView{v},
			Decide: func(gesta.Facts) ([]any, error) { return nil, nil },
		})
		if err != nil {
			return nil, err
		}
		if len(p.asked) != 1 {
			return nil, fmt.Errorf("the %v asked the store %d questions", v, len(p.asked))
		}
		items[i] = p.asked[0]
	}
	return items, nil
}

// selects says whether any of the items matches.
func selects(items []store.Item, e *store.Event) bool { return store.Query(items).Matches(e) }
