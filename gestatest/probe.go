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
type probe struct{ asked []look }

// look is what a view looks at: what the item selects, or the last event alone of that.
type look struct {
	store.Item
	last bool
}

func (p *probe) Append(context.Context, store.Commit) (store.Result, error) {
	return store.Result{}, fmt.Errorf("append: %w", store.ErrUnsupported)
}

func (p *probe) Head(context.Context) (store.Position, error) { return 1, nil }

func (p *probe) Read(_ context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	for _, it := range q {
		p.asked = append(p.asked, look{it, o.Backward})
	}
	return func(func(store.Recorded, error) bool) {}
}

func (p *probe) Close() error { return nil }

// looksOf returns what each of some views looks at, in their order.
func looksOf(ctx context.Context, views []gesta.AnyView, options []gesta.Option) ([]look, error) {
	if len(views) == 0 {
		return nil, errors.New("it has no Views")
	}
	looks := make([]look, len(views))
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
		looks[i] = p.asked[0]
	}
	return looks, nil
}

// selects says whether any of the looks is at an event of this kind.
func selects(looks []look, e *store.Event) bool {
	for i := range looks {
		if looks[i].Matches(e) {
			return true
		}
	}
	return false
}
