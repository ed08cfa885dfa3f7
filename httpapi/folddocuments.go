package httpapi

import (
	"context"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
)

func (f *folds) state(ctx context.Context, p *parameters, s store.Store) ([]byte, error) {
	text := p.text("target")
	q, part, err := f.ask(ctx, p, s, "")
	if err != nil {
		return nil, err
	}
	of, err := target(ctx, q, text)
	if err != nil {
		return nil, err
	}
	st, err := q.State(ctx, of)
	if err != nil {
		return nil, err
	}
	value, err := part.In(st, of)
	if err != nil {
		return nil, err
	}
	members, err := answers.Members(part.Document(st, value))
	if err != nil {
		return nil, err
	}
	return answers.AppendDocument(nil, &q.Basis, members), nil
}

func (f *folds) blame(ctx context.Context, p *parameters, s store.Store) ([]byte, error) {
	text, arrayKey, reverse := p.text("target"), p.text("arrayKey"), p.flag("reverse")
	q, part, err := f.ask(ctx, p, s, arrayKey)
	if err != nil {
		return nil, err
	}
	of, err := target(ctx, q, text)
	if err != nil {
		return nil, err
	}
	b, err := q.Blame(ctx, of, part, reverse)
	if err != nil {
		return nil, err
	}
	doc := answers.AppendListBegin(nil, &q.Basis, answers.AppendBlame(nil, b))
	for i := range b.Leaves {
		if i > 0 {
			doc = append(doc, ',')
		}
		doc = answers.AppendBlamed(doc, &b.Leaves[i])
		if err := f.fits(doc); err != nil {
			return nil, err
		}
	}
	return append(doc, ']', '}'), nil
}

func (f *folds) diff(ctx context.Context, p *parameters, s store.Store) ([]byte, error) {
	from, to, arrayKey := p.text("from"), p.text("to"), p.text("arrayKey")
	q, part, err := f.ask(ctx, p, s, arrayKey)
	if err != nil {
		return nil, err
	}
	if from == "" || to == "" {
		return nil, usagef("a diff needs the parameters from and to: two streams, tags or points of one, such as order-42@3, or two points of the store")
	}
	a, b, err := q.Points(ctx, from, to)
	if err != nil {
		return nil, err
	}
	o, err := q.DiffOptions(ctx, a, b, part)
	if err != nil {
		return nil, err
	}
	if a.Subject == history.WholeStore {
		return f.diffStore(ctx, q, a.Until, b.Until, o)
	}
	d, err := history.Diff(ctx, s, a, b, o)
	if err != nil {
		return nil, err
	}
	doc := answers.AppendListBegin(nil, &q.Basis, nil)
	return append(answers.AppendDifference(doc, d), ']', '}'), nil
}

// diffStore is diff of two points of the store.
func (f *folds) diffStore(ctx context.Context, q *answers.Question, from, to store.Position, o history.DiffOptions) ([]byte, error) {
	from, to, err := history.StorePoints(ctx, q.Store, from, to, o.Known)
	if err != nil {
		return nil, err
	}
	truncated := 0
	o.LeftOut = func(string, store.Position) { truncated++ }
	doc := answers.AppendListBegin(nil, &q.Basis, answers.AppendStorePoints(nil, from, to))
	begin := len(doc)
	for d, err := range history.DiffStore(ctx, q.Store, from, to, o) {
		if err != nil {
			return nil, err
		}
		if len(doc) > begin {
			doc = append(doc, ',')
		}
		doc = answers.AppendDifference(doc, d)
		if err := f.fits(doc); err != nil {
			return nil, err
		}
	}
	return append(answers.AppendTruncated(append(doc, ']'), truncated), '}'), nil
}
