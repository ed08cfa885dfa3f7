package gestatest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// DeciderTest is a test of a decider with what has happened in its stream so far. It never changes: each method returns another one, so that several tests may go on
// from the same past.
type DeciderTest[S, E any] struct {
	t       testing.TB
	d       gesta.Decider[S, E]
	encoder *encoder
	past    past
}

// For begins a test of d, whose stream has no events yet.
//
// Options may be left out. With those of the application, its types above all, each event is encoded as it would be for a store: it must come back as it was, and an
// EvolveEvent finds type, tags and data in its envelope.
func For[S, E any](t testing.TB, d gesta.Decider[S, E], options ...gesta.Option) DeciderTest[S, E] {
	t.Helper()
	db, err := gesta.New(memory.New(memory.Options{}))
	if err == nil {
		_, err = d.Load(t.Context(), db, streamID)
	}
	if err != nil {
		t.Fatalf("the decider is refused: %v", err)
	}
	c := DeciderTest[S, E]{t: t, d: d, past: past{now: beginning, stream: d.Stream(streamID)}}
	if len(options) > 0 {
		c.encoder = newEncoder(t, options)
	}
	return c
}

// streamID is the id of the stream that deciders are tested with.
const streamID = "1"

// At sets the time at which the events given after it were recorded, and what is decided is too. It is cut to microseconds, as stores cut it. Without it, all happens at the
// beginning of the year 2000.
func (c DeciderTest[S, E]) At(recorded time.Time) DeciderTest[S, E] {
	c.t.Helper()
	c.past = c.past.at(c.t, recorded)
	return c
}

// With says what the envelopes of the events given after it have: an effective time, tags, metadata such as {"actor": "ada"}. They are all of one stream: that of the envelope
// is empty.
func (c DeciderTest[S, E]) With(e gesta.Envelope) DeciderTest[S, E] {
	c.t.Helper()
	if e.Stream != "" {
		c.t.Fatalf("With(gesta.Envelope{Stream: %q}): a decider is given the events of its own stream alone", e.Stream)
	}
	c.past.envelope = e
	return c
}

// Comparing adds options to how states and events are compared. Without any, unexported fields count, and an empty slice or map is as good as none.
func (c DeciderTest[S, E]) Comparing(options ...cmp.Option) DeciderTest[S, E] {
	c.past.compare = append(slices.Clip(c.past.compare), options...)
	return c
}

// Given adds events to the stream: those of one commit. It fails the test when an event would not come back from a store as it is, where there are
// options that say how it is stored.
func (c DeciderTest[S, E]) Given(events ...E) DeciderTest[S, E] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, anys(events), false)
	return c
}

// GivenStored adds events to the stream as older programs have stored them, with type, version of the schema and data; the rest may be left out. They are read through the
// upcasters among the options that the test began with.
func (c DeciderTest[S, E]) GivenStored(events ...store.Event) DeciderTest[S, E] {
	c.t.Helper()
	c.past = c.past.addStored(c.t, c.encoder, events)
	for _, h := range c.past.events {
		for _, body := range h.bodies {
			if _, ok := body.(E); !ok {
				c.t.Fatalf("the stored event at %s is a %T, which is not among the events of %s", place(&h.Recorded), body, c.d.Category)
			}
		}
	}
	return c
}

// When lets a command decide on the given events. It fails the test when Evolve or decide is not pure, and also when nothing is expected of the outcome.
func (c DeciderTest[S, E]) When(decide func(S) ([]E, error)) *DeciderOutcome[S, E] {
	c.t.Helper()
	s := c.state()
	events, err := decideTwice(c.t, func() snapshot { return snap("state", s) }, func() ([]E, error) { return decide(s) }, c.past)
	o := &DeciderOutcome[S, E]{outcome: newOutcome(c.t, "command", c.past, events, err), state: s}
	o.saw = snap("state", s)
	if err != nil {
		return o
	}
	for _, e := range c.decided(events) {
		if e.Stream == c.past.stream { // a command may write elsewhere too
			o.state, _ = fold(c.t, c.evolver(), c.evolve, o.state, e, c.past)
		}
		o.recorded = append(o.recorded, e)
	}
	return o
}

// ThenState fails the test unless the given events amount to want.
func (c DeciderTest[S, E]) ThenState(want S) {
	c.t.Helper()
	checkState(c.t, want, c.state(), c.past.text(), c.past.compare)
}

// state folds the given events.
func (c DeciderTest[S, E]) state() S {
	c.t.Helper()
	var s S
	if c.d.Initial != nil {
		s = c.d.Initial()
	}
	pure := true
	for i := range c.past.events {
		h := &c.past.events[i]
		for part, body := range h.bodies {
			e := gesta.Event[E]{Recorded: h.Recorded, Body: body.(E), Part: part} //nolint:errcheck // Given takes no other, and GivenStored has looked
			if !pure {
				s = c.evolve(s, e) // it was said once
				continue
			}
			s, pure = fold(c.t, c.evolver(), c.evolve, s, e, c.past)
		}
	}
	return s
}

// decided returns events as they would be recorded.
func (c DeciderTest[S, E]) decided(events []E) []gesta.Event[E] {
	c.t.Helper()
	after := c.past
	var out []gesta.Event[E]
	for i, body := range events {
		after.envelope = gesta.Envelope{}
		if c.d.Envelope != nil {
			after.envelope = c.d.Envelope(body)
		}
		after = after.add(c.t, c.encoder, []any{body}, false)
		r := after.events[len(after.events)-1].Recorded
		r.Commit = r.Position - store.Position(i)
		out = append(out, gesta.Event[E]{Recorded: r, Body: body})
	}
	return out
}

func (c DeciderTest[S, E]) evolve(s S, e gesta.Event[E]) S {
	if c.d.EvolveEvent != nil {
		return c.d.EvolveEvent(s, e)
	}
	return c.d.Evolve(s, e.Body)
}

func (c DeciderTest[S, E]) evolver() string {
	if c.d.EvolveEvent != nil {
		return "EvolveEvent of " + c.d.Category
	}
	return "Evolve of " + c.d.Category
}

// anys returns events as values of any type.
func anys[E any](events []E) []any {
	out := make([]any, len(events))
	for i, e := range events {
		out[i] = e
	}
	return out
}

// checkState fails the test unless two states are equal.
func checkState(t testing.TB, want, got any, given string, compare []cmp.Option) {
	t.Helper()
	if d := diff(want, got, compare); d != "" {
		t.Errorf("the state is another one (-want +got):\n%s\n%s", d, given)
	}
}
