package httpapi

import (
	"context"
	"strings"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
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

// target looks up the stream or tag of a parameter.
func target(ctx context.Context, q *answers.Question, text string) (answers.Target, error) {
	if text == "" {
		return answers.Target{}, usagef("the request needs the parameter target: a stream, or tag: and a tag")
	}
	sel, err := q.LookUp(ctx, text)
	if err != nil {
		return answers.Target{}, err
	}
	return answers.NewTarget(sel, text)
}
