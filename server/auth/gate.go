package auth

import (
	"context"
	"iter"
	"reflect"

	"github.com/gestadb/gesta/store"
)

// Gate makes stores for principals out of one store. It may be used by any number of goroutines.
type Gate struct {
	inner  store.Store
	powers map[store.Power]store.Answer
}

// NewGate returns a gate before a store. The store stays the caller's to close.
func NewGate(s store.Store) *Gate {
	g := &Gate{inner: s, powers: map[store.Power]store.Answer{
		power[store.Identity](): store.Forwards,
		power[store.Limiter]():  store.Forwards,
		// What is truncated is gone for everybody: that is done where the store is.
		power[store.Truncater](): store.Refuses,
	}}
	offer[store.Tracker](g)
	offer[store.Keys](g)
	offer[store.Starter](g)
	offer[store.Dumper](g)
	offer[store.Restorer](g)
	offer[store.Lister](g)
	offer[store.IDs](g)
	offer[store.Measurer](g)
	offer[store.Checker](g)
	offer[store.Eraser](g)
	return g
}

// power returns the name of a power.
func power[T any]() store.Power { return store.Power(reflect.TypeFor[T]().String()) }

// offer provides a power that the store has.
func offer[T any](g *Gate) {
	g.powers[power[T]()] = store.Refuses
	if _, ok := store.As[T](g.inner); ok {
		g.powers[power[T]()] = store.Provides
	}
}

// Store returns the store as a principal may use it, for one request: traceparent is the header of that name, empty for none. A principal that is nil may do nothing. Closing
// the result does nothing.
func (g *Gate) Store(p *Principal, traceparent string) store.Store {
	return &guarded{gate: g, p: p, traceparent: traceparent}
}

// Store returns a store as a principal may use it: see [Gate], which costs less where it is asked more than once.
func Store(s store.Store, p *Principal, traceparent string) store.Store {
	return NewGate(s).Store(p, traceparent)
}

// guarded is a store in the hands of a principal.
type guarded struct {
	gate        *Gate
	p           *Principal
	traceparent string
}

// Unwrap returns the store behind, without any rule.
func (g *guarded) Unwrap() store.Store { return g.gate.inner }

// Powers answers for each power. The map must not be changed.
func (g *guarded) Powers() map[store.Power]store.Answer { return g.gate.powers }

// MayRead says whether the principal may read everything that matches q: see [store.MayReader]. The error has the code denied.
func (g *guarded) MayRead(_ context.Context, q store.Query) error { return g.p.MayRead(q) }

// Close does nothing: the store is not the principal's.
func (g *guarded) Close() error { return nil }

// Head returns the position of the last event, be it seen or not.
func (g *guarded) Head(ctx context.Context) (store.Position, error) {
	if err := g.p.Require(Read); err != nil {
		return 0, err
	}
	return g.gate.inner.Head(ctx)
}

// Read yields the events that match q and may be read.
func (g *guarded) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	if err := g.p.Require(Read); err != nil {
		return failing[store.Recorded](err)
	}
	if o.Whole {
		if err := g.p.MayRead(q); err != nil {
			return failing[store.Recorded](err)
		}
	}
	if g.p.sees(q) && (!o.Follow || !g.p.mayChange()) {
		return g.p.shown(g.gate.inner.Read(ctx, q, o))
	}
	if err := q.Validate(); err != nil { // before it is narrowed
		return failing[store.Recorded](err)
	}
	if err := o.Validate(); err != nil {
		return failing[store.Recorded](err)
	}
	return func(yield func(store.Recorded, error) bool) { g.read(ctx, q, o, yield) }
}

// read passes on what may be read. Limit counts what is yielded, so that the read behind has none.
func (g *guarded) read(ctx context.Context, q store.Query, o store.ReadOptions, yield func(store.Recorded, error) bool) {
	left := o.Limit
	o.Limit = 0
	if o.Follow {
		watched, stop := g.p.Watch(ctx)
		defer stop()
		ctx = watched
	}
	sight := sight{p: g.p}
	for e, err := range g.gate.inner.Read(ctx, narrow(q, g.p), o) {
		if err == nil && o.Follow && g.p.expired() {
			err = changed()
		}
		if err != nil {
			yield(store.Recorded{}, g.p.whyEnded(ctx, err))
			return
		}
		if !sight.of(e.Stream) {
			continue
		}
		e.Tracking = g.p.tracking(e.Tracking)
		if !yield(e, nil) {
			return
		}
		if left--; left == 0 {
			return
		}
	}
}

// failing is a sequence that is an error alone.
func failing[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// sight remembers the last answer: neighbours are often of one stream.
type sight struct {
	p      *Principal
	asked  bool
	stream string
	may    bool
}

// of says whether events of a stream may be read.
func (s *sight) of(stream string) bool {
	if !s.asked || s.stream != stream {
		s.asked, s.stream, s.may = true, stream, s.p.May(Read, stream)
	}
	return s.may
}

// nothing is a query that no event matches: a stream without a hyphen is in no category.
var nothing = store.Query{{Stream: "nothing", Category: "nothing"}}

// narrow returns a query that matches all that q matches and the principal may read, and as little else as can be said in a query: with globs that are names or
// categories nothing else, so that the reader of one category does not look at all others.
func narrow(q store.Query, p *Principal) store.Query {
	var fewest []store.Item
	for _, list := range p.on {
		if items, ok := list.items(); ok && (fewest == nil || len(items) < len(fewest)) {
			fewest = items
		}
	}
	if fewest == nil {
		return q
	}
	if len(q) == 0 {
		return fewest
	}
	parts := 0
	var narrowed store.Query
	for _, it := range q {
		for _, within := range fewest {
			both, ok := intersect(it, within)
			if !ok {
				continue
			}
			if parts += 1 + len(both.Types) + len(both.Tags); parts > store.MaxQueryParts {
				return q
			}
			narrowed = append(narrowed, both)
		}
	}
	if narrowed == nil {
		return nothing
	}
	return narrowed
}

// intersect returns the item that matches what both match, where within has a stream or a category alone.
func intersect(it, within store.Item) (store.Item, bool) {
	switch {
	case within.Category != "" && it.Stream != "":
		return it, store.Category(it.Stream) == within.Category
	case within.Category != "":
		ok := it.Category == "" || it.Category == within.Category
		it.Category = within.Category
		return it, ok
	case it.Stream != "" && it.Stream != within.Stream:
		return it, false
	case it.Category != "" && store.Category(within.Stream) != it.Category:
		return it, false
	}
	it.Stream = within.Stream
	return it, true
}
