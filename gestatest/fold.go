package gestatest

import (
	"testing"

	"github.com/gestadb/gesta"
)

// fold folds an event into a state as a decider does, twice, and fails the test when that was not pure: when the state or the event was changed, or the
// second result is another one. It returns the first result. What names the fold in a failure message.
func fold[S, E any](t testing.TB, what string, evolve func(S, gesta.Event[E]) S, s S, e gesta.Event[E], given past) (next S, pure bool) {
	t.Helper()
	state, body := snap("state", s), snap("event", e.Body)
	next = evolve(s, e)
	where := place(&e.Recorded) + " " + shown(e.Body)
	if changed := state.changed(snap("state", s)); changed != "" {
		t.Errorf("%s changed the state that it was given, at %s:\n%s\nMake a copy and change that: others still look at the state before (slices.Clone, maps.Clone).\n%s",
			what, where, changed, given.text())
		return next, false
	}
	if changed := body.changed(snap("event", e.Body)); changed != "" {
		t.Errorf("%s changed the event that it was given, at %s:\n%s\nAn event is what happened: copy what you need of it.\n%s", what, where, changed, given.text())
		return next, false
	}
	first := snap("state", next)
	again := evolve(s, e)
	if changed := first.changed(snap("state", again)); changed != "" {
		t.Errorf("%s gave another state the second time, at %s:\n%s\nIt may use nothing but its arguments: no clock, no chance, no variable, no order of a map.\n%s",
			what, where, changed, given.text())
		return next, false
	}
	return next, true
}

// decideTwice calls decide two times with the same facts, and fails the test when that was not pure. It returns what the first call did. Facts takes the
// snapshot of what decide looks at.
func decideTwice[E any](t testing.TB, facts func() snapshot, decide func() ([]E, error), given past) ([]E, error) {
	t.Helper()
	before := facts()
	events, err := decide()
	if changed := before.changed(facts()); changed != "" {
		t.Errorf("deciding changed the state that it looked at:\n%s\nWhat happens is returned as events; Evolve alone makes a state of them.\n%s", changed, given.text())
		return events, err
	}
	first, said := snap("events", events), shownError(err)
	again, errAgain := decide()
	if changed := first.changed(snap("events", again)); changed != "" {
		t.Errorf("deciding gave other events the second time:\n%s\nIt is called again when others were faster, and may use nothing but its arguments: "+
			"times and new ids are parameters of the command.\n%s", changed, given.text())
		return events, err
	}
	if now := shownError(errAgain); said != now {
		t.Errorf("deciding gave another error the second time: %s, then %s.\nIt is called again when others were faster, and may use nothing but its arguments.\n%s",
			said, now, given.text())
	}
	return events, err
}
