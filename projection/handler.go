package projection

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"

	"github.com/gestadb/gesta"
)

// Handler applies the events of one type; [On] makes it.
type Handler[TX any] struct {
	event reflect.Type
	apply func(ctx context.Context, tx TX, e *gesta.Event[any]) error
}

// On is the handler of events of type E, which is one of the [gesta.Types] of the DB. F changes the read model through tx and nothing else, as it may run again on the same event.
// Its ctx has the event as the cause of what is recorded with it.
func On[TX, E any](f func(ctx context.Context, tx TX, e gesta.Event[E]) error) Handler[TX] {
	return Handler[TX]{
		event: reflect.TypeFor[E](),
		apply: func(ctx context.Context, tx TX, e *gesta.Event[any]) error {
			return f(ctx, tx, gesta.Event[E]{Recorded: e.Recorded, Body: e.Body.(E), Part: e.Part}) //nolint:errcheck // it was found by its type
		},
	}
}

// handlers are those of a projection by type.
type handlers[TX any] map[reflect.Type]Handler[TX]

// apply applies all that a recorded event has become. A panic is an error.
func (h handlers[TX]) apply(ctx context.Context, in Tx[TX], events []gesta.Event[any]) (err error) {
	defer recovered("handler", &err)
	tx := in.Handle()
	for i := range events {
		handler, ok := h[reflect.TypeOf(events[i].Body)]
		if !ok {
			continue // a stored event may become several, of which the projection looks at some
		}
		if err := handler.apply(&causeContext{Context: ctx, event: &events[i]}, tx, &events[i]); err != nil {
			return err
		}
	}
	return nil
}

// handle lets the handlers apply an event, and closes what they left open. A panic of theirs is an error, and so is [ErrRolledBack], whatever they said.
func (r *Runner[TX]) handle(ctx context.Context, tx Tx[TX], events []gesta.Event[any]) error {
	err := r.handlers.apply(ctx, tx, events)
	if ended := tx.Handled(ctx); err == nil || errors.Is(ended, ErrRolledBack) {
		return ended
	}
	return err
}

// recovered is deferred around what users have written. It makes an error of a panic, with the stack.
func recovered(what string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%s panicked: %v\n%s", what, p, debug.Stack())
	}
}

// causeContext is gesta.WithCause, done when someone asks: most handlers never do, and it has to read the metadata of the event.
type causeContext struct {
	context.Context

	event *gesta.Event[any]
	once  sync.Once
	inner context.Context
}

// Value looks in the context that has the event as the cause.
func (c *causeContext) Value(key any) any {
	c.once.Do(func() { c.inner = gesta.WithCause(c.Context, *c.event) })
	return c.inner.Value(key)
}
