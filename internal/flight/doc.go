// Package flight appends many commits at a time. A store answers a commit when it is durable, and makes many durable with one sync; whoever waits for each answer before
// the next commit pays a sync for every one of them. Here commits are started as they come, and their outcomes are taken in the order in which they were started, which is
// the order in which the store judges them (see [store.Starter]; a store that does not have this power appends one by one).
//
// [Flight] takes outcomes on a goroutine of its own, as soon as they are there: for one who is to be told while no further commit comes. [Window] takes them where
// commits are started, when it is full: for one who asks at the end, and keeps to one goroutine. [Writer] sends what is told of outcomes.
//
// Everything is bounded: the commits that are on their way by their number and by what they hold together, and what is told by its bytes. Who is ahead waits.
package flight

import (
	"context"

	"github.com/gestadb/gesta/store"
)

// A start starts a commit, as [store.Starter] has it.
type start func(context.Context, store.Commit) (wait func() (store.Result, error))

// starting returns how commits of a store are started: without waiting, where it has that power.
func starting(s store.Store) start {
	if power, ok := store.As[store.Starter](s); ok {
		return power.Start
	}
	return func(ctx context.Context, c store.Commit) func() (store.Result, error) {
		result, err := s.Append(ctx, c)
		return func() (store.Result, error) { return result, err }
	}
}

// A Land is told the outcome of a commit, with what was said of it when it was started.
type Land[T any] func(what T, result store.Result, err error)

// begun is a commit on its way.
type begun[T any] struct {
	what T
	size int64
	wait func() (store.Result, error)
}
