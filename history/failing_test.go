package history_test

import (
	"context"
	"errors"
	"iter"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// failing is a merge patch that fails on events at position 2.
type failing struct{}

func (failing) Identity() string { return "failing/1" }

func (failing) New(ctx context.Context) (reducer.Fold, error) {
	fold, err := reducer.MergePatch().New(ctx)
	return failingFold{fold}, err
}

type failingFold struct{ reducer.Fold }

func (f failingFold) Steps(events iter.Seq2[store.Recorded, error], w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		for step, err := range f.Fold.Steps(events, w) {
			if err == nil && step.Event.Position == 2 {
				yield(nil, &reducer.EventError{Position: 2, Stream: step.Event.Stream, Type: step.Event.Type, Err: errors.New("no state")})
				return
			}
			if !yield(step, err) {
				return
			}
		}
	}
}
