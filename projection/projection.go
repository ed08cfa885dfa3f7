package projection

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Projection says how events become a read model. It is a value; any number of runners may use it.
type Projection[TX any] struct {
	// Name and Version name what the target keeps. A new version begins at Start and has tables of its own; 0 is a version too.
	Name    string
	Version int

	// Handlers apply the events, at most one for each type. What they have no handler for is not read.
	Handlers []Handler[TX]

	// Setup, unless nil, makes what the handlers change, in the transaction that makes the projection known to the target: once for a version.
	Setup func(ctx context.Context, tx TX) error

	// Key, unless nil, says which events must stay in order when one of them fails: those of the same key. It is pure, and sees what is stored, as what fails may be the
	// decoding. Defaults to the stream.
	Key func(r *store.Recorded) string

	// Start is where a version that the target does not know begins. Defaults to the first event.
	Start Start

	// MaxParked is how many events may be parked. Defaults to 1,000; below 0 is none.
	MaxParked int

	// Transient, unless nil, says of an error of a handler that it has nothing to do with the event, beside those that are known: contexts that ended, connections, and
	// what the target knows.
	Transient func(error) bool
}

const defaultMaxParked = 1000

// ID returns the name and the version.
func (p *Projection[TX]) ID() ID { return ID{p.Name, p.Version} }

// compile returns the handlers by type, and the query for all that may become an event of theirs.
func (p *Projection[TX]) compile(db *gesta.DB) (handlers[TX], store.Query, error) {
	if p.Name == "" {
		return nil, nil, errors.New("it has no Name")
	}
	if p.Version < 0 {
		return nil, nil, fmt.Errorf("its Version is %d, below 0", p.Version)
	}
	if len(p.Handlers) == 0 {
		return nil, nil, errors.New("it has no Handlers, and would read everything for nothing")
	}
	byType := handlers[TX]{}
	var names []string
	for _, h := range p.Handlers {
		if h.apply == nil {
			return nil, nil, errors.New("a handler is the zero Handler: make it with On")
		}
		if h.event.Kind() == reflect.Interface {
			return nil, nil, fmt.Errorf("a handler is for %v, an interface: write one for each of its types", h.event)
		}
		if _, twice := byType[h.event]; twice {
			return nil, nil, fmt.Errorf("%v has two handlers", h.event)
		}
		stored, err := db.StoredAs(h.event)
		if err != nil {
			return nil, nil, err
		}
		byType[h.event] = h
		names = append(names, stored...)
	}
	slices.Sort(names)
	return byType, store.Query{{Types: slices.Compact(names)}}, nil
}

// key returns the key of an event, empty where it has none. A panic of Key is an error.
func (p *Projection[TX]) key(r *store.Recorded) (key string, err error) {
	if p.Key == nil {
		return r.Stream, nil
	}
	defer recovered("Key", &err)
	return p.Key(r), nil
}

func (p *Projection[TX]) maxParked() uint64 {
	switch {
	case p.MaxParked < 0:
		return 0
	case p.MaxParked == 0:
		return defaultMaxParked
	}
	return uint64(p.MaxParked)
}
