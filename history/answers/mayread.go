package answers

import (
	"context"
	"errors"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// MayFold returns nil where states of selections may be shown: the caller may read everything that they are folded from, be it shown or not. Of the whole
// store these are the streams of the events that pass the filter. Otherwise the error has the code denied. The methods that fold have asked.
func (q *Question) MayFold(ctx context.Context, of ...history.Selection) error {
	var all store.Query
	for i := range of {
		from := foldedFrom(&of[i])
		if len(from) == 0 {
			return store.MayRead(ctx, q.Store, nil)
		}
		all = append(all, from...)
	}
	return store.MayRead(ctx, q.Store, all)
}

// MayCount returns nil where the events of a selection may be counted: the caller may read all of them. Otherwise the error has the code denied.
func (q *Question) MayCount(ctx context.Context, of *history.Selection) error {
	query, possible := of.Query()
	if !possible {
		return nil
	}
	return store.MayRead(ctx, q.Store, query)
}

// foldedFrom returns a query that matches what states of a selection are folded from, empty for everything.
func foldedFrom(sel *history.Selection) store.Query {
	if sel.Subject != history.WholeStore {
		whole := history.Selection{Subject: sel.Subject, Name: sel.Name}
		query, _ := whole.Query() // one without a filter is possible
		return query
	}
	var streams store.Query
	for _, it := range sel.Filter {
		if it.Stream == "" && it.Category == "" {
			return nil
		}
		streams = append(streams, store.Item{Stream: it.Stream, Category: it.Category})
	}
	return streams
}

// hiding returns an error of looking up as it is to the caller: a stream that they may not read is denied to them, whether it is there or not.
func (q *Question) hiding(ctx context.Context, err error) error {
	missing, ok := errors.AsType[*eventjson.Error](err)
	if !ok || missing.Code != eventjson.CodeNotFound || missing.Stream == "" {
		return err
	}
	denied := store.MayRead(ctx, q.Store, store.Query{{Stream: missing.Stream}})
	if eventjson.Describe(denied).Code == eventjson.CodeDenied {
		return denied
	}
	return err
}
