package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
)

// readingFlags are the flags of commands that ask about history. A command adds those that mean something to it.
type readingFlags struct {
	knownAt, effectiveAt, reducer, path string

	knownBy string // what the command line calls knownAt, unless --known-at
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

// known reads --known-at: a position where it is all digits, else a time. Position 0 is before the first event: nothing is known.
func (f *readingFlags) known(e *env) (history.Known, error) {
	if f.knownAt == "" {
		return history.Known{}, nil
	}
	return answers.ParseKnown(cmp.Or(f.knownBy, "--known-at"), f.knownAt, e.historyClock())
}

// parseTime reads the value of a flag that is a time; the zero time where it is not given.
func (e *env) parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return answers.ParseTime(flag, text, e.historyClock())
}

// question is what is asked of an open store, and whom it tells of what looks odd.
type question struct {
	*answers.Question
	warn func(format string, args ...any)

	ignored []store.Position // claims to supersede that do not count, where the question itself keeps them
	cut     cutStreams       // streams that have lost their first events, where many are asked about
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
	q, err := answers.Ask(ctx, s, answers.Asked{Known: known, EffectiveAt: effective, Clock: e.historyClock(), Rules: rules})
	if err != nil {
		return nil, closing(s, err)
	}
	if known.Position > q.Basis.Head {
		e.warn("position %d is after the head, %d: what is known there is all that there is", known.Position, q.Basis.Head)
	}
	return &question{Question: q, warn: e.warn}, nil
}

// closing closes a store after err.
func closing(s store.Store, err error) error {
	if closeErr := s.Close(); err == nil {
		return closeErr
	}
	return err
}

// selection looks up an address or range as if the store ended with what is known, and warns of one that can select nothing.
func (q *question) selection(ctx context.Context, text string) (history.Selection, error) {
	sel, err := q.lookUp(ctx, text)
	if err == nil {
		err = q.warnOfNothing(ctx, text, &sel)
	}
	return sel, err
}

// warnOfNothing tells people of a range that ends before it begins, and of a pattern in the place of a tag: their empty answers look
// like any other.
func (q *question) warnOfNothing(ctx context.Context, text string, sel *history.Selection) error {
	switch {
	case sel.Range && sel.Until < sel.After:
		q.warn("the range %s ends before it begins: nothing lies in it", text)
	case sel.Subject == history.Tag && history.IsGlob(sel.Name):
		for _, err := range q.Store.Read(ctx, store.Query{{Tags: []string{sel.Name}}}, store.ReadOptions{Backward: true, Limit: 1}) {
			return err
		}
		q.warn("no event has the tag %q: tags are taken as they stand, patterns such as order-* are for streams", sel.Name)
	}
	return nil
}

// checkLeft returns an error where a selection asks for events that were truncated away: from a start that lies before the first that is left, or up to an end that does.
func (q *question) checkLeft(ctx context.Context, sel *history.Selection) error {
	switch {
	case sel.Explicit:
		return sel.CheckStart(ctx, q.Store)
	case sel.Until < q.Basis.Head:
		return sel.CheckEnd(ctx, q.Store)
	}
	return nil
}

// lookUp is selection without the warnings, and with the name of a stream that may have been meant.
func (q *question) lookUp(ctx context.Context, text string) (history.Selection, error) {
	sel, err := q.LookUp(ctx, text)
	return sel, nearStream(ctx, q.Store, err)
}

// beginsAt returns what tells people that the oldest events are gone.
func (e *env) beginsAt() func(store.Position) {
	return func(first store.Position) {
		e.warn("the events before position %d were truncated away; this begins there", first)
	}
}
