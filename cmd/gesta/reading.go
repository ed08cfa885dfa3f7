package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// readingFlags are the flags of commands that ask about history. A command adds those that mean something to it.
type readingFlags struct {
	knownAt, effectiveAt, reducer, path string
}

func (f *readingFlags) addKnown(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.knownAt, "known-at", "", "answer with what was recorded by this `TIME|POSITION`")
}

func (f *readingFlags) addEffective(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.effectiveAt, "effective-at", "", "take the events that hold at this `TIME`, in the order in which they took effect")
}

func (f *readingFlags) addReducer(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.reducer, "reducer", "", "how events are folded: mergepatch, a .js or .wasm `FILE`, or a `NAME` of one in the store")
}

func (f *readingFlags) addFold(cmd *cobra.Command) {
	f.addReducer(cmd)
	cmd.Flags().StringVar(&f.path, "path", "", "only this part of the state: items[0].qty or /items/0/qty")
}

// optionalTarget returns the one argument that there may be, empty for none.
func optionalTarget(args []string) (string, error) {
	if len(args) == 0 {
		return "", nil
	}
	if args[0] == "" {
		return "", usagef("the name of the stream is empty")
	}
	return args[0], nil
}

// historyClock says what now is to words such as yesterday.
func (e *env) historyClock() history.Clock { return history.Clock{Now: e.clock(), Zone: e.zone} }

// known reads --known-at: a position where it is all digits, else a time.
func (f *readingFlags) known(e *env) (history.Known, error) {
	return e.parseKnown("--known-at", f.knownAt)
}

func (e *env) parseKnown(what, text string) (history.Known, error) {
	if text == "" {
		return history.Known{}, nil
	}
	if strings.Trim(text, "0123456789") == "" {
		n, err := strconv.ParseUint(text, 10, 53)
		if err != nil || n == 0 {
			return history.Known{}, usagef("%s %s: a position is between 1 and 2^53-1", what, text)
		}
		return history.Known{Position: store.Position(n)}, nil
	}
	t, err := e.historyClock().Time(text)
	if err != nil {
		return history.Known{}, fmt.Errorf("%s: %w", what, err)
	}
	return history.Known{At: t}, nil
}

// parseTime reads the value of a flag that is a time; the zero time where it is not given.
func (e *env) parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := e.historyClock().Time(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", flag, err)
	}
	return t, nil
}

// question is an open store, what an answer rests on, and what it is about.
type question struct {
	store store.Store
	basis eventjson.Basis
	known history.Known
	until store.Position // the last position that is known
	clock history.Clock
	rules *reducers // by which states are folded
}

// ask opens the store for a question and works out what is known.
func (e *env) ask(ctx context.Context, f *readingFlags) (*question, error) {
	known, err := f.known(e)
	if err != nil {
		return nil, err
	}
	effective, err := e.parseTime("--effective-at", f.effectiveAt)
	if err != nil {
		return nil, err
	}
	rules, err := e.reducers(ctx, f.reducer)
	if err != nil {
		return nil, err
	}
	s, err := e.openReader(ctx)
	if err != nil {
		return nil, err
	}
	q := &question{store: s, known: known, clock: e.historyClock(), rules: rules}
	if q.basis, err = basisOf(ctx, s); err == nil {
		q.until, err = known.Bound(ctx, s, q.basis.Head)
	}
	if err != nil {
		return nil, closing(s, err)
	}
	if known.Position > q.basis.Head {
		e.warn("position %d is after the head, %d: what is known there is all that there is", known.Position, q.basis.Head)
	}
	q.basis.EffectiveAt = effective
	q.basis.KnownAt = known.At
	if known.Position != 0 {
		q.basis.KnownAtPosition = q.until
	}
	return q, nil
}

// closing closes a store after err.
func closing(s store.Store, err error) error {
	if closeErr := s.Close(); err == nil {
		return closeErr
	}
	return err
}

// selection looks up an address or range as if the store ended with what is known.
func (q *question) selection(ctx context.Context, text string) (history.Selection, error) {
	if text == "" {
		return history.Selection{Until: q.until}, nil
	}
	sel, err := history.ResolveAt(ctx, q.store, text, q.clock, q.until)
	return sel, nearStream(ctx, q.store, err)
}

// beginsAt returns what tells people that the oldest events are gone.
func (e *env) beginsAt() func(store.Position) {
	return func(first store.Position) {
		e.warn("the events before position %d were truncated away; this begins there", first)
	}
}
