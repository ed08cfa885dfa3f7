package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// DefaultMaxEvents is how many events are shown at the most: an index of so many takes some 50 MiB.
const DefaultMaxEvents = 1_000_000

// Options say what is shown, and how. Store, Selection, Reducer and the functions have to be given.
type Options struct {
	Store       store.Store
	Selection   history.Selection // a stream or a tag; its Until bounds what is known
	EffectiveAt time.Time         // the zero time shows the events in position order
	Reducer     reducer.Reducer

	// ReducerName is what --reducer is in a copied command line. Empty where commands find the reducer by themselves.
	ReducerName string

	// Follow allows to show events as they come: nothing bounds what is known.
	Follow bool

	// Basis says in the title what the answer rests on, such as "known at 2026-11-01". Defaults to nothing.
	Basis string

	// Flags are what a copied command line has behind the name of the verb, such as --store and its value. Defaults to nothing.
	Flags []string

	Color bool           // whether there are colors; there are signs either way
	Zone  *time.Location // of times that are shown. Defaults to UTC.

	// MaxEvents is how many events are shown at the most. Defaults to DefaultMaxEvents.
	MaxEvents int

	// Visible makes text from data what a terminal may be given, on one line. ShownPath writes a JSON Pointer for people. Quote writes an argument for a shell.
	Visible, ShownPath, Quote func(string) string
}

// ErrInterrupted is returned by Run when Ctrl-C, a signal or the end of its context ended it.
var ErrInterrupted = errors.New("interrupted")

// Run shows the history on a terminal until the person leaves, and puts the terminal back into the state in which it was, whatever happens. What it
// began has ended when it returns. It returns [ErrInterrupted], the errors of reading the events, among them [store.ErrTooLarge] for more than MaxEvents
// and [store.ErrTruncated] for a stream whose first events are gone, and those of the terminal.
func Run(ctx context.Context, out io.Writer, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newModel(ctx, o)
	profile := colorprofile.ASCII
	if o.Color {
		profile = colorprofile.ANSI
	}
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithOutput(out), tea.WithColorProfile(profile)).Run()
	interrupted := ctx.Err() != nil
	cancel()
	m.work.end()
	switch {
	case errors.Is(err, tea.ErrInterrupted):
		return ErrInterrupted
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("show history: %w", err)
	case interrupted:
		return ErrInterrupted
	case err != nil:
		return fmt.Errorf("show history: %w", err)
	case m.fatal != nil:
		return m.fatal
	case !m.left:
		return ErrInterrupted // by a signal
	}
	return nil
}

func (o *Options) defaults() {
	o.MaxEvents = cmp.Or(o.MaxEvents, DefaultMaxEvents)
	if o.Zone == nil {
		o.Zone = time.UTC
	}
}
