package gesta

import "context"

// Objects are the aggregates of a category for those who like methods better than functions: a struct with a method Apply, which takes in an event, and methods that
// decide, which record events. There is nothing to embed.
//
//	type Account struct{ Balance int64 }
//
//	func (a *Account) Apply(e Event) {
//		switch e := e.(type) {
//		case Deposited:
//			a.Balance += e.Cents
//		case Withdrawn:
//			a.Balance -= e.Cents
//		}
//	}
//
//	func (a *Account) Withdraw(c *gesta.Changes[Event], cents int64) error {
//		if a.Balance < cents {
//			return ErrTooLittle
//		}
//		c.Record(Withdrawn{cents})
//		return nil
//	}
//
//	var Accounts = gesta.ObjectsOf[Account, Event]("account")
//
// Behind it is a [Decider], and its rules hold: Apply is given a copy of the struct, and replaces maps and slices that it changes.
type Objects[A, E any] struct {
	decider Decider[A, E]
	apply   func(*A, E)
}

// ObjectsOf returns the aggregates of type A in the streams of a category.
func ObjectsOf[A, E any, P interface {
	*A
	Apply(E)
}](category string) Objects[A, E] {
	apply := func(a *A, e E) { P(a).Apply(e) }
	return Objects[A, E]{apply: apply, decider: Decider[A, E]{Category: category, Evolve: func(a A, e E) A {
		apply(&a, e)
		return a
	}}}
}

// With returns the objects with another Version, Initial, Envelope or Name of the decider behind them, which f sets. Its Category and Evolve stay.
func (o Objects[A, E]) With(f func(*Decider[A, E])) Objects[A, E] {
	d := o.decider
	f(&d)
	d.Category, d.Evolve, d.EvolveEvent = o.decider.Category, o.decider.Evolve, nil
	o.decider = d
	return o
}

// Decider returns the decider behind the objects, for all that is not here.
func (o Objects[A, E]) Decider() Decider[A, E] { return o.decider }

// Load returns the object of an id, as [Decider.Load] does.
func (o Objects[A, E]) Load(ctx context.Context, db *DB, id string, options ...CallOption) (Loaded[A], error) {
	return o.decider.Load(ctx, db, id, options...)
}

// Use loads the object of an id, calls its methods in f, and records what these said, as [Decider.Handle] does: f is called again on a new object when others were faster. An
// error of f records nothing.
func (o Objects[A, E]) Use(ctx context.Context, db *DB, id string, f func(*A, *Changes[E]) error, options ...CallOption) (Result[A, E], error) {
	return o.decider.Handle(ctx, db, id, o.Command(f), options...)
}

// Command returns f as a command of the decider: for [Decider.Handling], and for tests.
func (o Objects[A, E]) Command(f func(*A, *Changes[E]) error) func(A) ([]E, error) {
	return func(a A) ([]E, error) {
		c := &Changes[E]{apply: func(e E) { o.apply(&a, e) }}
		if err := f(&a, c); err != nil {
			return nil, err
		}
		return c.events, nil
	}
}

// Changes are the events that the methods of an object have recorded. They belong to one call.
type Changes[E any] struct {
	apply  func(E)
	events []E
}

// Record says that events have happened. The object takes them in at once.
func (c *Changes[E]) Record(events ...E) {
	for _, e := range events {
		c.apply(e)
		c.events = append(c.events, e)
	}
}
