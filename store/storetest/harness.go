package storetest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// Harness says how to make the store under test.
type Harness struct {
	// Open makes a new, empty store. The suite closes it; closing it again when the test ends must do no harm.
	Open func(t testing.TB, o Options) store.Store

	// Reopen closes s, which an Open or Reopen of the same test returned, and opens what it kept. Nil is for a store that
	// does not survive.
	Reopen func(t testing.TB, s store.Store, o Options) store.Store

	// OpenFiles returns how many files the process has open for stores of this kind. Nil is for a store without files.
	OpenFiles func() int

	// ExactTruncate says that Truncate drops every commit that lies at or below the position given, where media usually
	// drop larger units. It decides whether the conversation about truncation is run.
	ExactTruncate bool

	// Rewrite is the directory of package storetest, for the reference alone: with GESTA_UPDATE=1 its answers become the
	// expected ones. Empty is for every other store.
	Rewrite string
}

// Options are what a test asks of a store.
type Options struct {
	// Clock is the store's clock. Nil is time.Now.
	Clock func() time.Time
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Run("conversation", func(t *testing.T) { runConversations(t, h) })
	t.Run("progress", func(t *testing.T) { runProgress(t, h) })
	t.Run("follow", func(t *testing.T) { runFollow(t, h) })
	t.Run("readers", func(t *testing.T) { runReaders(t, h) })
	t.Run("cancel", func(t *testing.T) { runCancel(t, h) })
	t.Run("close", func(t *testing.T) { runClose(t, h) })
	t.Run("start", func(t *testing.T) { runStart(t, h) })
	t.Run("retry", func(t *testing.T) { runRetry(t, h) })
	t.Run("names", func(t *testing.T) { runNames(t, h) })
	t.Run("limits", func(t *testing.T) { runLimits(t, h) })
	t.Run("clock", func(t *testing.T) { runClock(t, h) })
	t.Run("volume", func(t *testing.T) { runVolume(t, h) })
	t.Run("restart", func(t *testing.T) { runRestart(t, h) })
	t.Run("restore", func(t *testing.T) { runRestore(t, h) })
	t.Run("truncate", func(t *testing.T) { runTruncate(t, h) })
	t.Run("race", func(t *testing.T) { runRaces(t, h) })
	t.Run("model", func(t *testing.T) {
		RunModel(t, h, func(_ testing.TB, o Options) Reference { return newOracle(o) })
	})
}

// open makes a store that is checked and closed when the test ends.
func (h Harness) open(t testing.TB) store.Store { return h.openWith(t, Options{}) }

// openWith makes a store with options that is checked and closed when the test ends.
func (h Harness) openWith(t testing.TB, o Options) store.Store {
	t.Helper()
	s := h.Open(t, o)
	end(t, s)
	return s
}

// reopen closes s and opens it again, and skips the test where that cannot be done.
func (h Harness) reopen(t testing.TB, s store.Store, o Options) store.Store {
	t.Helper()
	if h.Reopen == nil {
		t.Skip("the store does not survive being closed")
	}
	s = h.Reopen(t, s, o)
	end(t, s)
	return s
}

// end checks s, unless it is closed by then, and closes it when the test ends.
func end(t testing.TB, s store.Store) {
	t.Helper()
	t.Cleanup(func() {
		if checker, ok := store.As[store.Checker](s); ok {
			report, err := checker.Check(context.WithoutCancel(t.Context()), store.CheckOptions{})
			if err != nil && !errors.Is(err, store.ErrClosed) {
				t.Errorf("check: %v", err)
			}
			for _, p := range report.Problems {
				t.Errorf("check: %s in %s at offset %d, position %d: %s", p.Code, p.File, p.Offset, p.Position, p.Message)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// power finds the power T of a store, and skips the test by its name where the store does not have it.
func power[T any](t testing.TB, s store.Store) T {
	t.Helper()
	p, ok := store.As[T](s)
	if !ok {
		t.Skipf("the store has no %s", reflect.TypeFor[T]())
	}
	return p
}
