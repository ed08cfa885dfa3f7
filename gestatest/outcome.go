package gestatest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gestadb/gesta"
)

// outcome is what was decided: events, or an error.
type outcome[E any] struct {
	t        testing.TB
	what     string // was asked to decide
	past     past
	events   []E
	saw      snapshot // what it was decided on
	recorded []gesta.Event[E]
	err      error
	checked  bool
}

// newOutcome returns an outcome of which something has to be expected before the test ends.
func newOutcome[E any](t testing.TB, what string, given past, events []E, err error) *outcome[E] {
	t.Helper()
	o := &outcome[E]{t: t, what: what, past: given, events: events, err: err}
	t.Cleanup(func() {
		if !o.checked {
			t.Errorf("nothing was expected of a %s: When is followed by Then, ThenNothing, ThenError or ThenState.\n%s", what, given.text())
		}
	})
	return o
}

// text says for a failure message what was given, and what the decision could see of it.
func (o *outcome[E]) text() string {
	const most = 20
	lines := o.saw.text()
	if len(lines) == 0 {
		return o.past.text()
	}
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("and %d more", len(lines)-most))
	}
	return o.past.text() + "\ndecided on\n" + indent(lines)
}

// then expects events.
func (o *outcome[E]) then(want []E) {
	o.t.Helper()
	o.checked = true
	if o.err != nil {
		o.t.Errorf("the %s was refused: %s\nwant the events\n%s\n%s", o.what, shownError(o.err), list(want), o.text())
		return
	}
	if d := diff(want, o.events, o.past.compare); d != "" {
		o.t.Errorf("the %s led to other events (-want +got):\n%s\n%s", o.what, d, o.text())
	}
}

// thenError expects an error.
func (o *outcome[E]) thenError(want error) {
	o.t.Helper()
	o.checked = true
	switch {
	case want == nil:
		o.t.Errorf("ThenError(nil) expects nothing: ThenNothing says that no event and no error is expected")
	case o.err == nil:
		o.t.Errorf("the %s was not refused, and led to\n%s\nwant the error %s\n%s", o.what, list(o.events), shownError(want), o.text())
	case !errors.Is(o.err, want):
		o.t.Errorf("the %s was refused with another error:\n  got  %s\n  want %s, which errors.Is finds in it\n%s", o.what, shownError(o.err), shownError(want), o.text())
	}
}

// thenNothing expects neither events nor an error.
func (o *outcome[E]) thenNothing() {
	o.t.Helper()
	o.checked = true
	var what string
	switch {
	case o.err != nil:
		what = fmt.Sprintf("was refused: %s", shownError(o.err))
	case len(o.events) > 0:
		what = "led to\n" + list(o.events)
	default:
		return
	}
	o.t.Errorf("the %s %s\nwant neither events nor an error\n%s", o.what, what, o.text())
}

// DeciderOutcome is what a command of a decider led to.
type DeciderOutcome[S, E any] struct {
	*outcome[E]
	state S
}

// Then fails the test unless the command led to exactly these events, in this order.
func (o *DeciderOutcome[S, E]) Then(events ...E) *DeciderOutcome[S, E] {
	o.t.Helper()
	o.then(events)
	return o
}

// ThenError fails the test unless the command was refused with an error in which errors.Is finds want.
func (o *DeciderOutcome[S, E]) ThenError(want error) {
	o.t.Helper()
	o.thenError(want)
}

// ThenNothing fails the test unless the command led to no event and no error: what it is for has happened before.
func (o *DeciderOutcome[S, E]) ThenNothing() {
	o.t.Helper()
	o.thenNothing()
}

// ThenState fails the test unless the stream amounts to want after the command. A command that was refused changes nothing.
func (o *DeciderOutcome[S, E]) ThenState(want S) *DeciderOutcome[S, E] {
	o.t.Helper()
	o.checked = true
	checkState(o.t, want, o.state, o.text()+"\nand led to\n"+list(o.events), o.past.compare)
	return o
}

// Events returns what the command led to as it would be recorded, envelopes and all, for what a test wants to know beyond the events themselves. It says nothing where the command was
// refused.
func (o *DeciderOutcome[S, E]) Events() []gesta.Event[E] {
	o.checked = true
	return o.recorded
}
