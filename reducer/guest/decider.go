package guest

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Decider makes the program a reducer that folds as d does in a service: model has the types, upcasters, stand-ins and codecs that the service gives to
// [gesta.New]. It is called once, in an init function.
//
// What ends a fold in the service ends it here: an event of a type that model does not have, one that cannot be decoded, one that was erased and has no
// [gesta.StandIn]. An event that a [gesta.Split] makes nothing of is skipped.
func Decider[S, E any](d gesta.Decider[S, E], model ...gesta.Option) {
	register(&deciding[S, E]{decider: d, model: model})
}

// deciding is a fold by a decider.
type deciding[S, E any] struct {
	decider gesta.Decider[S, E]
	model   []gesta.Option
	db      *gesta.DB // of no store: it decodes
	now     S
}

// noStore is the store of a DB that only decodes, and asks for nothing.
type noStore struct{ store.Store }

func (f *deciding[S, E]) begin() (err error) {
	if (f.decider.Evolve == nil) == (f.decider.EvolveEvent == nil) {
		return errors.New("the decider has to have one of Evolve and EvolveEvent")
	}
	if f.db, err = gesta.New(noStore{}, f.model...); err != nil {
		return err
	}
	if f.decider.Initial != nil {
		f.now = f.decider.Initial()
	}
	return nil
}

func (f *deciding[S, E]) apply(e *Event) (bool, error) {
	parts, err := f.db.Decode(e)
	if err != nil {
		return false, err
	}
	for i := range parts {
		if _, ok := parts[i].Body.(E); !ok {
			return false, fmt.Errorf("%w: the %T is no %v", gesta.ErrUnknownType, parts[i].Body, reflect.TypeFor[E]())
		}
	}
	for i := range parts {
		body, _ := parts[i].Body.(E) // it is one
		if f.decider.EvolveEvent != nil {
			f.now = f.decider.EvolveEvent(f.now, gesta.Event[E]{Recorded: *e, Body: body, Part: parts[i].Part})
		} else {
			f.now = f.decider.Evolve(f.now, body)
		}
	}
	return len(parts) > 0, nil
}

func (f *deciding[S, E]) state() any { return f.now }
