package main

import (
	"context"
	"maps"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
)

// Loans is a read model: which books are lent, and to whom.
type Loans map[string]Lent

// Clone is for projection.Memory: readers see one copy while the next one is made.
func (l Loans) Clone() Loans { return maps.Clone(l) }

// Lending keeps Loans up to date.
var Lending = projection.Projection[Loans]{Name: "loans", Handlers: []projection.Handler[Loans]{
	projection.On(func(_ context.Context, l Loans, e gesta.Event[Lent]) error {
		l[e.Stream] = e.Body
		return nil
	}),
	projection.On(func(_ context.Context, l Loans, e gesta.Event[Returned]) error {
		delete(l, e.Stream)
		return nil
	}),
}}

// Current returns the loans as of now.
func Current(ctx context.Context, db *gesta.DB) (Loans, error) {
	model := projection.NewMemory(Loans{}, nil)
	runner, err := projection.New(db, Lending, model, projection.Options{})
	if err != nil {
		return nil, err
	}
	err = runner.RunToHead(ctx)
	return model.Model(), err
}
