package gesta

import (
	"context"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// Decision is a decision that rests on facts from anywhere in the store: on views, not on a stream. Its consistency boundary is dynamic: what it decides is recorded unless an
// event that matches one of its views has been recorded since they were read. It is built from parameters alone, and may be run any number of times, by any number of
// goroutines:
//
//	func Enroll(course, student string) gesta.Decision[Event] {
//		seats, courses := freeSeats(course), coursesOf(student)
//		return gesta.Decision[Event]{
//			Views: []gesta.AnyView{seats, courses},
//			Decide: func(f gesta.Facts) ([]Event, error) {
//				switch {
//				case seats.In(f) < 1:
//					return nil, ErrFull
//				case courses.In(f) >= 2:
//					return nil, ErrTooMany
//				}
//				return []Event{Enrolled{course, student}}, nil
//			},
//		}
//	}
type Decision[E any] struct {
	// Views are all that Decide asks for. All of them see the same prefix of the store.
	Views []AnyView

	// Decide says what happens. It is pure; it is called again when others have changed a fact.
	Decide func(Facts) ([]E, error)

	// Stream is where the events go, unless their Envelope says otherwise. Empty for events without a stream.
	Stream string

	// Envelope, unless nil, says of an event what is not in its fields.
	Envelope func(E) Envelope
}

// Decided is what a [Decision] led to.
type Decided[E any] struct {
	// Events are those that were recorded, none when the decision was that nothing happens.
	Events []Event[E]

	// Position is that of the last of them, or else up to where the store was read.
	Position store.Position

	// Duplicate says that they were recorded before, under the same [Key].
	Duplicate bool
}

// Decide reads what the views of d look at, lets it decide, and records what it says, unless a fact has changed meanwhile: then it decides again, up to three more
// times (see [Retries]), and returns the [*store.ConflictError] after that. An error of d.Decide is returned as it is, and nothing is recorded.
//
// It returns the errors of [store.Store], and those of [Read] for what the views look at.
func Decide[E any](ctx context.Context, db *DB, d Decision[E], options ...CallOption) (Decided[E], error) {
	p := d.Deciding(options...)
	if err := run(ctx, db, p); err != nil {
		return Decided[E]{}, err
	}
	return p.Result(), nil
}

// Deciding returns what [Decide] does, to be done together with others by [Atomic].
func (d Decision[E]) Deciding(options ...CallOption) *Deciding[E] {
	return &Deciding[E]{d: d, given: options, own: newCall(metadata{}, options)}
}

// Deciding is a decision that is not run yet, for [Atomic]. It is used once, by one goroutine.
type Deciding[E any] struct {
	d     Decision[E]
	given []CallOption
	own   call

	views  []AnyView
	query  store.Query // of the views, in their order
	facts  *facts
	seen   store.Position
	result Decided[E]
}

// Result returns what the decision led to, when [Atomic] has returned nil.
func (p *Deciding[E]) Result() Decided[E] { return p.result }

func (p *Deciding[E]) options() []CallOption { return p.given }

func (p *Deciding[E]) decidesOn() string { return "" }

func (p *Deciding[E]) load(ctx context.Context, db *DB) error {
	if p.own.exists || p.own.expected != nil {
		return fmt.Errorf("%w: MustExist and ExpectVersion are about a stream, and a decision has views", store.ErrInvalid)
	}
	if len(p.d.Views) == 0 || p.d.Decide == nil {
		return fmt.Errorf("%w: a decision needs Views to rest on, and a Decide", store.ErrInvalid)
	}
	if slices.Contains(p.d.Views, nil) {
		return fmt.Errorf("%w: one of the Views of a decision is nil", store.ErrInvalid)
	}
	p.views = distinct(p.d.Views)
	var err error
	if p.query, err = queryOf(p.views, db.catalog); err != nil {
		return err
	}
	p.facts = newFacts(p.views)
	if p.seen, err = p.facts.read(ctx, db, p.views, p.query); err != nil {
		return err
	}
	return nil
}

// distinct returns views, each once however often it is listed: two rules may ask the same one.
func distinct(views []AnyView) []AnyView {
	out := make([]AnyView, 0, len(views))
	for _, v := range views {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// queryOf returns the items of views, in their order.
func queryOf(views []AnyView, c *catalog) (store.Query, error) {
	q := make(store.Query, len(views))
	for i, v := range views {
		var err error
		if q[i], err = v.item(c); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// catchUp leaves it to load: which view an event is for depends on all of its query.
func (p *Deciding[E]) catchUp(*DB, *store.ConflictError) bool { return false }

func (p *Deciding[E]) decideOn(to *draft) error {
	events, err := p.d.Decide(Facts{p.facts})
	if p.facts.problem != nil {
		return p.facts.problem
	}
	if err != nil {
		return err
	}
	to.commit.Guards = append(to.commit.Guards, store.NoneMatch{Query: p.query, After: p.seen})
	return addAll(to, p.d.Stream, p.d.Envelope, events)
}

func (p *Deciding[E]) owns(r *store.Recorded, body any) bool {
	e, ok := body.(E)
	return ok && r.Stream == streamOf(p.d.Stream, p.d.Envelope, e)
}

func (p *Deciding[E]) recorded(_ context.Context, _ *DB, events []Event[any]) error {
	own, err := as[E](events)
	p.result = Decided[E]{Events: own, Position: p.seen}
	if len(own) > 0 {
		p.result.Position = own[len(own)-1].Position
	}
	return err
}

func (p *Deciding[E]) repeated(_ context.Context, _ *DB, events []Event[any], last store.Position) error {
	own, err := as[E](events)
	p.result = Decided[E]{Events: own, Position: last, Duplicate: true}
	return err
}
