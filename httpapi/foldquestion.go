package httpapi

import (
	"context"
	"errors"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// ask reads the parameters that all questions have, and begins the question. Its caller has read the others.
func (f *folds) ask(ctx context.Context, p *parameters, s store.Store, arrayKey string) (*answers.Question, *answers.Part, error) {
	known, effective, path, name := p.text("knownAt"), p.text("effectiveAt"), p.text("path"), p.text("reducer")
	if err := p.end(); err != nil {
		return nil, nil, err
	}
	part, err := answers.ParsePart("path", path, arrayKey)
	if err != nil {
		return nil, nil, err
	}
	a := answers.Asked{Clock: history.Clock{Now: f.o.Clock()}}
	if a.Known, err = answers.ParseKnown("knownAt", known, a.Clock); err != nil {
		return nil, nil, err
	}
	if a.EffectiveAt, err = answers.ParseTime("effectiveAt", effective, a.Clock); err != nil {
		return nil, nil, err
	}
	q, err := answers.Ask(ctx, s, a)
	if err != nil {
		return nil, nil, err
	}
	q.Rules, err = f.rules(ctx, name) // not before the store has let the caller in
	return q, &part, err
}

// rules returns the rules of a name.
func (f *folds) rules(ctx context.Context, name string) (answers.Rules, error) {
	switch {
	case name == "mergepatch" || name == reducer.MergePatchIdentity:
		return answers.One{Reducer: reducer.MergePatch()}, nil
	case len(name) > store.DefaultLimits().NameBytes || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00"):
		return nil, usagef("the parameter reducer is %q: a reducer is named, not a file", clip(name))
	}
	return f.o.Rules(ctx, name)
}

// mayRead asks whether an answer that is folded from what matches q may be shown.
func mayRead(s store.Store, q store.Query) error {
	for s != nil {
		if power, ok := s.(MayReader); ok {
			if err := power.MayRead(q); err != nil {
				return err
			}
		}
		w, ok := s.(store.Wrapper)
		if !ok {
			return nil
		}
		s = w.Unwrap()
	}
	return nil
}

// target looks up the stream or tag of a parameter, and asks whether its state may be shown.
func target(ctx context.Context, q *answers.Question, text string) (answers.Target, error) {
	if text == "" {
		return answers.Target{}, usagef("the request needs the parameter target: a stream, or tag: and a tag")
	}
	sel, err := q.LookUp(ctx, text)
	if err != nil {
		return answers.Target{}, hiding(q.Store, err)
	}
	of, err := answers.NewTarget(sel, text)
	if err != nil {
		return of, err
	}
	return of, mayFold(q.Store, of.Selection)
}

// hiding returns an error of looking up as it is to the caller: a stream that they may not read is denied to them, whether it is there or not.
func hiding(s store.Store, err error) error {
	missing, ok := errors.AsType[*eventjson.Error](err)
	if !ok || missing.Code != eventjson.CodeNotFound || missing.Stream == "" {
		return err
	}
	if denied := mayRead(s, store.Query{{Stream: missing.Stream}}); denied != nil {
		return denied
	}
	return err
}

// mayFold asks whether states of streams and tags may be shown.
func mayFold(s store.Store, selections ...history.Selection) error {
	var all store.Query
	for i := range selections {
		query, _ := selections[i].Query() // one without a filter is possible
		all = append(all, query...)
	}
	return mayRead(s, all)
}
