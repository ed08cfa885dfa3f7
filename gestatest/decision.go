package gestatest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// DecisionTest is a test of decisions over the whole store, with what has happened so far. It never changes: each method returns another one, so that several tests may go on
// from the same past.
type DecisionTest[E any] struct {
	t       testing.TB
	encoder *encoder
	past    past
	alone   bool
	ofView  bool // it is the test of a view
}

// Deciding begins a test of decisions on events of E, in a store without events. Options are those of the application: its types, upcasters and codecs.
func Deciding[E any](t testing.TB, options ...gesta.Option) DecisionTest[E] {
	t.Helper()
	return DecisionTest[E]{t: t, encoder: newEncoder(t, options), past: past{now: beginning}}
}

// At sets the time at which the events given after it were recorded, and what is decided is too. Without it, all happens at the beginning of the year 2000.
func (c DecisionTest[E]) At(recorded time.Time) DecisionTest[E] {
	c.t.Helper()
	c.past = c.past.at(c.t, recorded)
	return c
}

// In sets the stream of the events given after it; they have none before, nor after In("").
func (c DecisionTest[E]) In(stream string) DecisionTest[E] {
	c.past.stream = stream
	return c
}

// With says what the envelopes of the events given after it have. A stream in it beats that of In.
func (c DecisionTest[E]) With(e gesta.Envelope) DecisionTest[E] {
	c.past.envelope = e
	return c
}

// Comparing adds options to how events are compared. Without any, unexported fields count, and an empty slice or map is as good as none.
func (c DecisionTest[E]) Comparing(options ...cmp.Option) DecisionTest[E] {
	c.past.compare = append(slices.Clip(c.past.compare), options...)
	return c
}

// Alone leaves out one thing that When looks at: whether the views see the same when other events lie between those given. Views that make something of positions or
// versions do not.
func (c DecisionTest[E]) Alone() DecisionTest[E] {
	c.alone = true
	return c
}

// Given adds events to the past, in one commit: of any of the types that the test began with. The decisions that are tested have to look at each of them. It fails the test when an event
// would not come back from a store as it is.
func (c DecisionTest[E]) Given(events ...any) DecisionTest[E] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, events, false)
	return c
}

// GivenStored adds events to the past as older programs have stored them, in one commit: with type, version of the schema, tags and data; the rest may be left out. They are
// read through the upcasters among the options that the test began with.
func (c DecisionTest[E]) GivenStored(events ...store.Event) DecisionTest[E] {
	c.t.Helper()
	c.past = c.past.addStored(c.t, c.encoder, events)
	return c
}

// GivenElsewhere adds events to the past at which the decisions that are tested must not look: other courses, other customers.
func (c DecisionTest[E]) GivenElsewhere(events ...any) DecisionTest[E] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, events, true)
	return c
}

// When makes a decision on the given events with [gesta.Decide]. It fails the test
//   - when a given event is looked at by no view, or one given elsewhere is;
//   - when the decision, or a case of a view, is not pure: each event is folded into each view twice;
//   - when the views see something else as soon as other events lie between, see [DecisionTest.Alone];
//   - when nothing is expected of the outcome.
func (c DecisionTest[E]) When(d gesta.Decision[E]) *DecisionOutcome[E] {
	c.t.Helper()
	looks, err := looksOf(c.t.Context(), d.Views, c.encoder.options)
	if err != nil {
		c.t.Fatalf("the %s is refused: %v", c.what(), err)
	}
	v := &views{all: d.Views, looks: looks, alone: c.ofView}
	c.checkSelection(v)
	first := c.decide(d, v, recordedIn(c.t, c.past, nil, nil), true)
	if v.checkCases(c.t, c.past) {
		c.checkAgain(d, v, first.seen)
	}
	o := newOutcome(c.t, c.what(), c.past, bodies(first.recorded), first.err)
	o.saw = first.seen
	o.recorded = first.recorded
	for i := range o.recorded {
		e := &o.recorded[i]
		if err := c.encoder.returns(&e.Recorded, e.Body, c.past.compare); err != nil {
			c.t.Errorf("what the decision led to cannot be read: %s: %v", shown(e.Body), err)
		}
	}
	return &DecisionOutcome[E]{o}
}

// what names what is tested.
func (c DecisionTest[E]) what() string {
	if c.ofView {
		return "view"
	}
	return "decision"
}

// checkSelection holds what the views select against where events were given.
func (c DecisionTest[E]) checkSelection(v *views) {
	c.t.Helper()
	nobody, somebody := "no view looks", "a view looks"
	if v.alone {
		nobody, somebody = "the view does not look", "the view looks"
	}
	for i := range c.past.events {
		h := &c.past.events[i]
		switch seen := selects(v.looks, &h.Event); {
		case !seen && !h.elsewhere:
			c.t.Errorf("%s at the given %s %s, which has %s:\n%s\nIf that is meant, it is given by GivenElsewhere.",
				nobody, place(&h.Recorded), h.shown(), eventText(&h.Event), v.selection())
		case seen && h.elsewhere:
			c.t.Errorf("%s at %s %s, which was given elsewhere and has %s:\n%s\nIf that is meant, it is given by Given. If not, the view needs a tag more.",
				somebody, place(&h.Recorded), h.shown(), eventText(&h.Event), v.selection())
		}
	}
}

// checkAgain holds what the views saw against what they see a second time, and among other events.
func (c DecisionTest[E]) checkAgain(d gesta.Decision[E], v *views, seen snapshot) {
	c.t.Helper()
	again := c.decide(d, v, recordedIn(c.t, c.past, nil, nil), false)
	if changed := seen.changed(again.seen); changed != "" {
		c.t.Errorf("what the views saw of the same events was something else the second time:\n%s\nA case may use nothing but its arguments: no clock, no chance, no variable, "+
			"no order of a map.\n%s\n%s", changed, v.selection(), c.past.text())
		return
	}
	if c.alone {
		return
	}
	among := c.decide(d, v, recordedIn(c.t, c.past, c.encoder.strangers(), v.looks), false)
	if changed := seen.changed(among.seen); changed != "" {
		c.t.Errorf("the views see something else when events at which they do not look lie between:\n%s\nPositions and versions count other events too. If that is meant, Alone() "+
			"leaves this out.\n%s\n%s", changed, v.selection(), c.past.text())
	}
}

// decided is a decision that was made.
type decided[E any] struct {
	seen     snapshot
	recorded []gesta.Event[E]
	err      error
}

// decide makes a decision on a store. Pure says whether it is to be found out if the decision is.
func (c DecisionTest[E]) decide(d gesta.Decision[E], v *views, s store.Store, pure bool) decided[E] {
	c.t.Helper()
	var out decided[E]
	asked := d
	if d.Decide != nil {
		asked.Decide = func(f gesta.Facts) ([]E, error) {
			c.t.Helper()
			facts := func() snapshot { return v.in(f) }
			out.seen = facts()
			if !pure {
				return d.Decide(f)
			}
			return decideTwice(c.t, facts, func() ([]E, error) { return d.Decide(f) }, c.past)
		}
	}
	var res gesta.Decided[E]
	res, out.err = gesta.Decide(c.t.Context(), c.encoder.at(c.t, s), asked)
	out.recorded = res.Events
	return out
}

// bodies returns what is in the envelopes.
func bodies[E any](events []gesta.Event[E]) []E {
	out := make([]E, len(events))
	for i := range events {
		out[i] = events[i].Body
	}
	return out
}

// DecisionOutcome is what a decision led to.
type DecisionOutcome[E any] struct{ *outcome[E] }

// Then fails the test unless the decision led to exactly these events, in this order.
func (o *DecisionOutcome[E]) Then(events ...E) *DecisionOutcome[E] {
	o.t.Helper()
	o.then(events)
	return o
}

// ThenError fails the test unless the decision was refused with an error in which errors.Is finds want.
func (o *DecisionOutcome[E]) ThenError(want error) {
	o.t.Helper()
	o.thenError(want)
}

// ThenNothing fails the test unless the decision led to no event and no error.
func (o *DecisionOutcome[E]) ThenNothing() {
	o.t.Helper()
	o.thenNothing()
}

// Events returns what the decision led to as it was recorded, envelopes and all, for what a test wants to know beyond the events themselves. It says nothing where the decision was
// refused.
func (o *DecisionOutcome[E]) Events() []gesta.Event[E] {
	o.checked = true
	return o.recorded
}
