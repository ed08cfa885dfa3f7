package gestatest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// ProjectionTest is a test of a projection, with what has happened so far. It never changes: each method returns another one, so that several tests may go on from the same past.
type ProjectionTest[TX, R any] struct {
	t       testing.TB
	p       projection.Projection[TX]
	open    func(t testing.TB) projection.Target[TX]
	query   func(ctx context.Context, tx TX) (R, error)
	encoder *encoder
	past    past
}

// Projecting begins a test of a projection, in a store without events. Open returns a target that is new each time: [InMemory], or one on a database that has nothing in it, which is
// cleaned up when t ends. Query says what the read model amounts to: [Model], [Rows], or any question of the test; it changes nothing. Options are those of the application: its types,
// upcasters and codecs.
//
// The projection begins with the first event that is given, whatever its Start says.
func Projecting[TX, R any](t testing.TB, p projection.Projection[TX], open func(t testing.TB) projection.Target[TX],
	query func(ctx context.Context, tx TX) (R, error), options ...gesta.Option,
) ProjectionTest[TX, R] {
	t.Helper()
	p.Start = projection.Start{}
	c := ProjectionTest[TX, R]{t: t, p: p, open: open, query: query, encoder: newEncoder(t, options), past: past{now: beginning}}
	if _, err := projection.New(c.encoder.db, p, nil, projection.Options{}); err != nil {
		t.Fatalf("the projection is refused: %v", err)
	}
	return c
}

// At sets the time at which the events given after it were recorded. Without it, all happens at the beginning of the year 2000.
func (c ProjectionTest[TX, R]) At(recorded time.Time) ProjectionTest[TX, R] {
	c.t.Helper()
	c.past = c.past.at(c.t, recorded)
	return c
}

// In sets the stream of the events given after it; they have none before, nor after In("").
func (c ProjectionTest[TX, R]) In(stream string) ProjectionTest[TX, R] {
	c.past.stream = stream
	return c
}

// With says what the envelopes of the events given after it have. A stream in it beats that of In.
func (c ProjectionTest[TX, R]) With(e gesta.Envelope) ProjectionTest[TX, R] {
	c.past.envelope = e
	return c
}

// Comparing adds options to how read models are compared. Without any, unexported fields count, and an empty slice or map is as good as none.
func (c ProjectionTest[TX, R]) Comparing(options ...cmp.Option) ProjectionTest[TX, R] {
	c.past.compare = append(slices.Clip(c.past.compare), options...)
	return c
}

// Given adds events to the past, in one commit: of any of the types that the test began with. The projection has to have a handler for each, which takes it.
func (c ProjectionTest[TX, R]) Given(events ...any) ProjectionTest[TX, R] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, events, false)
	return c
}

// GivenStored adds events to the past as older programs have stored them: see [DecisionTest.GivenStored].
func (c ProjectionTest[TX, R]) GivenStored(events ...store.Event) ProjectionTest[TX, R] {
	c.t.Helper()
	c.past = c.past.addStored(c.t, c.encoder, events)
	return c
}

// GivenElsewhere adds events to the past at which the projection must not look.
func (c ProjectionTest[TX, R]) GivenElsewhere(events ...any) ProjectionTest[TX, R] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, events, true)
	return c
}

// GivenParked adds events to the past that the projection has to park: because their handler returns an error that does not pass, or because an event before, of the same
// key, was parked.
func (c ProjectionTest[TX, R]) GivenParked(events ...any) ProjectionTest[TX, R] {
	c.t.Helper()
	c.past = c.past.add(c.t, c.encoder, events, false)
	for i := len(c.past.events) - len(events); i < len(c.past.events); i++ {
		c.past.events[i].parked = true
	}
	return c
}

// Is fails the test unless the given events amount to want in the read model, and for all that [ProjectionTest.Result] fails it for.
func (c ProjectionTest[TX, R]) Is(want R) {
	c.t.Helper()
	got := c.Result()
	if d := diff(want, got, c.past.compare); d != "" {
		c.t.Errorf("the read model is another one (-want +got):\n%s\n%s", d, c.past.text())
	}
}

// Result returns what the read model amounts to after the given events, for what a test wants to know beyond [ProjectionTest.Is]. A runner applies them, one by one, to a new target;
// and then again, each time to a new one: all in one batch; and in batches of one, of two, and of all, each of which is rolled back when it is to be committed, and
// delivered a second time from the same checkpoint, as happens when a process ends at that moment. It fails the test
//   - when the read model is not the same after the same events each time, and says from which event on;
//   - when something is left of what was rolled back;
//   - when no handler is for a given event, or one is for an event given elsewhere;
//   - when an event is parked that was not given so, or the other way round;
//   - when the projection stops: at an event without a key, or when Setup fails.
func (c ProjectionTest[TX, R]) Result() R {
	c.t.Helper()
	r := &rerun[TX, R]{ProjectionTest: c, db: c.encoder.at(c.t, recordedIn(c.t, c.past, nil, nil))}
	r.run()
	return r.first[len(r.first)-1].value
}
