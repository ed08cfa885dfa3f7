package main

import (
	"context"

	"github.com/gestadb/gesta/store"
)

// starter returns the power to append without waiting, or an Append that does the same one by one where a store has none.
func starter(s store.Store) func(context.Context, store.Commit) func() (store.Result, error) {
	if power, ok := store.As[store.Starter](s); ok {
		return power.Start
	}
	return func(ctx context.Context, c store.Commit) func() (store.Result, error) {
		result, err := s.Append(ctx, c)
		return func() (store.Result, error) { return result, err }
	}
}
