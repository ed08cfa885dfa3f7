package gestatest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// ViewTest is a test of a view, with what has happened so far. It never changes: each method returns another one.
type ViewTest[S any] struct {
	view     *gesta.View[S]
	decision DecisionTest[any]
}

// ViewOf begins a test of a view, in a store without events. Types are those of the application, and more its further options.
func ViewOf[S any](t testing.TB, types gesta.Option, view *gesta.View[S], more ...gesta.Option) ViewTest[S] {
	t.Helper()
	d := Deciding[any](t, append([]gesta.Option{types}, more...)...)
	d.ofView = true
	return ViewTest[S]{view: view, decision: d}
}

// At sets the time at which the events given after it were recorded. Without it, all happens at the beginning of the year 2000.
func (v ViewTest[S]) At(recorded time.Time) ViewTest[S] {
	v.decision.t.Helper()
	v.decision = v.decision.At(recorded)
	return v
}

// In sets the stream of the events given after it; they have none before, nor after In("").
func (v ViewTest[S]) In(stream string) ViewTest[S] {
	v.decision = v.decision.In(stream)
	return v
}

// With says what the envelopes of the events given after it have. A stream in it beats that of In.
func (v ViewTest[S]) With(e gesta.Envelope) ViewTest[S] {
	v.decision = v.decision.With(e)
	return v
}

// Comparing adds options to how states are compared. Without any, unexported fields count, and an empty slice or map is as good as none.
func (v ViewTest[S]) Comparing(options ...cmp.Option) ViewTest[S] {
	v.decision.past.compare = append(slices.Clip(v.decision.past.compare), options...)
	return v
}

// Alone leaves out whether the view sees the same when other events lie between those given: see [DecisionTest.Alone].
func (v ViewTest[S]) Alone() ViewTest[S] {
	v.decision = v.decision.Alone()
	return v
}

// Given adds events to the past, in one commit, at which the view has to look.
func (v ViewTest[S]) Given(events ...any) ViewTest[S] {
	v.decision.t.Helper()
	v.decision = v.decision.Given(events...)
	return v
}

// GivenStored adds events to the past as older programs have stored them: see [DecisionTest.GivenStored].
func (v ViewTest[S]) GivenStored(events ...store.Event) ViewTest[S] {
	v.decision.t.Helper()
	v.decision = v.decision.GivenStored(events...)
	return v
}

// GivenElsewhere adds events to the past at which the view must not look.
func (v ViewTest[S]) GivenElsewhere(events ...any) ViewTest[S] {
	v.decision.t.Helper()
	v.decision = v.decision.GivenElsewhere(events...)
	return v
}

// Is fails the test unless the given events amount to want, when a decision looks at them through the view. It fails the test for all that [DecisionTest.When] fails it for.
func (v ViewTest[S]) Is(want S) {
	t := v.decision.t
	t.Helper()
	var got S
	o := v.decision.When(gesta.Decision[any]{
		Views: []gesta.AnyView{v.view},
		Decide: func(f gesta.Facts) ([]any, error) {
			got = v.view.In(f)
			return nil, nil
		},
	})
	o.checked = true
	if o.err != nil {
		t.Errorf("the view is refused: %v\n%s", o.err, v.decision.past.text())
		return
	}
	checkState(t, want, got, v.decision.past.text(), v.decision.past.compare)
}
