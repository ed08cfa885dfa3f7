package gesta

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gestadb/gesta/store"
)

// View is what a few types of events in some part of the store amount to: one fact that a [Decision] rests on. It is pure, as a [Decider] is, and never changes; it may be part
// of many decisions.
type View[S any] struct {
	initial S
	scope   Scope
	cases   map[reflect.Type]func(S, *Event[any]) S
	types   []reflect.Type // of the cases, in order
	last    bool
	name    string // under which it is kept; empty for a view that is not
	version uint32
	problem error
}

// Scope says which events a [View] looks at: those that fulfil all of its parts. The zero Scope is the whole store.
type Scope struct {
	Stream   string
	Category string
	Tags     []string
}

// String returns the scope as the text of a query, "tag=course:c1": another text for each scope, which stays the same from release to release.
func (s Scope) String() string {
	var parts []string
	if s.Stream != "" {
		parts = append(parts, "stream="+quoted(s.Stream))
	}
	if s.Category != "" {
		parts = append(parts, "category="+quoted(s.Category))
	}
	for _, tag := range s.Tags {
		parts = append(parts, "tag="+quoted(tag))
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, " ")
}

// quoted puts quotes around what would not be one word of a query.
func quoted(word string) string {
	if word == "" || strings.ContainsFunc(word, func(r rune) bool {
		return r == ',' || r == '"' || r == '\\' || !unicode.IsGraphic(r) || unicode.IsSpace(r)
	}) {
		return strconv.Quote(word)
	}
	return word
}

// Tagged is the scope of the events that have all of some tags; see [Tag].
func Tagged(tags ...string) Scope { return Scope{Tags: tags} }

// Case is what a [View] makes of one type of events.
type Case[S any] struct {
	goType reflect.Type
	fold   func(S, *Event[any]) S
}

// When is the case of events of type T.
func When[S, T any](f func(S, T) S) Case[S] {
	if f == nil {
		return Case[S]{goType: reflect.TypeFor[T]()}
	}
	return Case[S]{reflect.TypeFor[T](), func(s S, e *Event[any]) S {
		return f(s, e.Body.(T)) //nolint:errcheck // it is found by its type
	}}
}

// WhenEvent is [When] for who needs times, versions or metadata.
func WhenEvent[S, T any](f func(S, Event[T]) S) Case[S] {
	if f == nil {
		return Case[S]{goType: reflect.TypeFor[T]()}
	}
	return Case[S]{reflect.TypeFor[T](), func(s S, e *Event[any]) S {
		return f(s, Event[T]{Recorded: e.Recorded, Body: e.Body.(T), Part: e.Part}) //nolint:errcheck // it is found by its type
	}}
}

// NewView returns the view that begins with initial and folds the cases over the events in scope. A view without cases, or with two for one type, fails the decision that it is
// part of, and so does an initial state that would be shared by all who ask: one with a map, a pointer, or a list with elements. A case makes these.
func NewView[S any](initial S, scope Scope, cases ...Case[S]) *View[S] {
	v := &View[S]{initial: initial, scope: scope, cases: map[reflect.Type]func(S, *Event[any]) S{}}
	if len(cases) == 0 {
		v.problem = fmt.Errorf("%w: a view of a %v has no cases", store.ErrInvalid, reflect.TypeFor[S]())
	}
	if shares(reflect.ValueOf(&initial).Elem()) {
		v.problem = fmt.Errorf("%w: the initial state of a view, a %v, has memory that all who ask would share: begin with nil, and let the first case make it", store.ErrInvalid, reflect.TypeFor[S]())
	}
	for _, c := range cases {
		if c.fold == nil {
			v.problem = fmt.Errorf("%w: a view of a %v has a case without a function", store.ErrInvalid, reflect.TypeFor[S]())
		}
		if _, twice := v.cases[c.goType]; twice {
			v.problem = fmt.Errorf("%w: a view of a %v has two cases for %v", store.ErrInvalid, reflect.TypeFor[S](), c.goType)
		}
		v.cases[c.goType] = c.fold
		v.types = append(v.types, c.goType)
	}
	return v
}

// shares says whether a copy of a value would have memory in common with it that can be written to.
func shares(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Map, reflect.Pointer:
		return !v.IsNil()
	case reflect.Slice:
		return v.Cap() > 0
	case reflect.Interface:
		return !v.IsNil() && shares(v.Elem())
	case reflect.Array:
		for i := range v.Len() {
			if shares(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return false // its zone is never written to
		}
		for _, field := range v.Fields() {
			if shares(field) {
				return true
			}
		}
	default: // a value, or a function or a channel, of which there is one
	}
	return false
}

// Last returns a view that folds the last of its events alone, however many there are.
func (v *View[S]) Last() *View[S] {
	last := *v
	last.last = true
	return &last
}

// Named returns a view whose states the keepers of a DB may keep; see [Keep]. The name stands for the fold and not for the scope: views of many courses share one. Version is raised when the fold makes
// something else of the same events.
func (v *View[S]) Named(name string, version uint32) *View[S] {
	named := *v
	named.name, named.version = name, version
	return &named
}

// Name returns the name and the version by which the view is [View.Named], an empty name where it is not.
func (v *View[S]) Name() (name string, version uint32) { return v.name, v.version }

// Scope returns which events the view looks at. The text of it is what [DB.Forget] takes.
func (v *View[S]) Scope() Scope {
	s := v.scope
	s.Tags = slices.Clone(s.Tags)
	return s
}

// Load returns what the view amounts to now, without a decision. The version is that of no stream, 0. It returns the errors of [Decide].
func (v *View[S]) Load(ctx context.Context, db *DB) (Loaded[S], error) {
	it, err := v.item(db.catalog)
	if err != nil {
		return Loaded[S]{}, err
	}
	views := []AnyView{v}
	f := newFacts(views)
	p, err := f.read(ctx, db, views, store.Query{it})
	if err != nil {
		return Loaded[S]{}, err
	}
	return Loaded[S]{State: v.In(Facts{f}), Position: p}, nil
}

// Initial returns what the view amounts to without any event.
func (v *View[S]) Initial() S { return v.initial }

// Fold returns what the view amounts to after one more event: s itself where it has no case for that.
func (v *View[S]) Fold(s S, e Event[any]) S {
	if f := v.cases[reflect.TypeOf(e.Body)]; f != nil {
		return f(s, &e)
	}
	return s
}

// In returns what the view amounts to in the facts of a decision that has it among its Views.
func (v *View[S]) In(f Facts) S {
	state, ok := f.of(v).(*S)
	if !ok {
		f.missing(v)
		return v.initial
	}
	return *state
}

func (v *View[S]) String() string {
	return fmt.Sprintf("view of %v over %v", reflect.TypeFor[S](), v.scope)
}

// AnyView is a [*View] of any state; nothing else is one.
type AnyView interface {
	fmt.Stringer

	// item returns what the view selects.
	item(c *catalog) (store.Item, error)

	// onlyLast says whether it looks at the last event alone.
	onlyLast() bool

	// takes says whether there is a case for an event.
	takes(body any) bool

	// begin returns its state before any event, and fold changes that. Blank returns memory for a state.
	begin() any
	blank() any
	fold(state any, e *Event[any])

	// kept returns how its states are kept, nil when they are not, and under which subject.
	kept(db *DB) (f *foldKept, subject string, err error)
}

func (v *View[S]) item(c *catalog) (store.Item, error) {
	if v == nil {
		return store.Item{}, fmt.Errorf("%w: a view of a %v is nil", store.ErrInvalid, reflect.TypeFor[S]())
	}
	if v.problem != nil {
		return store.Item{}, v.problem
	}
	if v.last && v.name != "" {
		return store.Item{}, fmt.Errorf("%w: %v has the name %q to be kept under, and folds one event alone", store.ErrInvalid, v, v.name)
	}
	it := store.Item{Stream: v.scope.Stream, Category: v.scope.Category, Tags: v.scope.Tags}
	for _, t := range v.types {
		k := c.kinds[t]
		if k == nil {
			return it, fmt.Errorf("%w: %v has a case for %v, which is in no Types of the DB", ErrUnknownType, v, t)
		}
		it.Types = append(it.Types, c.storedAs(k)...)
	}
	slices.Sort(it.Types)
	it.Types = slices.Compact(it.Types)
	if err := (store.Query{it}).Validate(); err != nil {
		return it, fmt.Errorf("%v: %w", v, err)
	}
	return it, nil
}

func (v *View[S]) onlyLast() bool { return v.last }

func (v *View[S]) takes(body any) bool { return v.cases[reflect.TypeOf(body)] != nil }

func (v *View[S]) begin() any {
	s := v.initial
	return &s
}

func (v *View[S]) blank() any { return new(S) }

func (v *View[S]) fold(state any, e *Event[any]) {
	s := state.(*S) //nolint:errcheck // begin has made it
	*s = v.Fold(*s, *e)
}

func (v *View[S]) kept(db *DB) (*foldKept, string, error) {
	if v.name == "" || len(db.kept.keepers) == 0 {
		return nil, "", nil
	}
	key := foldKey{name: v.name, version: v.version, state: reflect.TypeFor[S](), cases: fmt.Sprint(v.types)}
	f, err := db.fold(key, func(t reflect.Type) bool { return slices.Contains(v.types, t) })
	return f, v.scope.String(), err
}
