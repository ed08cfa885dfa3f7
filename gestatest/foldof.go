package gestatest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Fold is what [Pin] pins: something that makes a state of events, with its name and its version.
type Fold struct {
	name     string
	version  uint32
	versions string // where the version is raised
	options  []gesta.Option
	members  map[string]any // the types of its events, by name
	samples  []any
	problem  error // why it cannot be pinned

	// scope returns where it looks for events, and what their types may be; none for all members.
	scope func(context.Context) (store.Item, error)

	// state folds what there is in the scope.
	state func(context.Context, *gesta.DB) (any, error)
}

// FoldOf returns the fold of a decider, named by its category, in its version. Types are those of its events, and more the further options of the application.
func FoldOf[S, E any](d gesta.Decider[S, E], types gesta.Types[E], more ...gesta.Option) Fold {
	return Fold{
		name: d.Category, version: d.Version, versions: "the Version of the decider of " + d.Category,
		options: append([]gesta.Option{types}, more...), members: membersOf(types),
		scope: func(context.Context) (store.Item, error) { return store.Item{Stream: d.Stream(streamID)}, nil },
		state: func(ctx context.Context, db *gesta.DB) (any, error) {
			l, err := d.Load(ctx, db, streamID)
			return l.State, err
		},
	}
}

// FoldOfView returns the fold of a view, for which name and version are kept by whoever pins it: [FoldOfNamed] is for a view that has its own. Types are those of the events that it has
// cases for; where they are of several unions, a gesta.Types[any] can have them all.
func FoldOfView[S, E any](name string, version uint32, v *gesta.View[S], types gesta.Types[E], more ...gesta.Option) Fold {
	f := foldOfView(v, types, more)
	f.name, f.version, f.versions = name, version, "the version of the view "+name
	if own, ownVersion := v.Name(); own != "" {
		f.problem = fmt.Errorf("the view is Named(%q, %d): what is kept of it goes by that, and so does its pin: gestatest.FoldOfNamed", own, ownVersion)
	}
	return f
}

// FoldOfNamed returns the fold of a view under the name and the version that it was given by [gesta.View.Named]: those by which its states are kept. Types and more are those of
// [FoldOfView].
func FoldOfNamed[S, E any](v *gesta.View[S], types gesta.Types[E], more ...gesta.Option) Fold {
	f := foldOfView(v, types, more)
	f.name, f.version = v.Name()
	f.versions = fmt.Sprintf("the version in Named(%q, %d)", f.name, f.version)
	if f.name == "" {
		f.problem = fmt.Errorf("the %v has no name: give it one by Named(name, version), or pin it by gestatest.FoldOfView", v)
	}
	return f
}

// foldOfView returns the fold of a view without a name.
func foldOfView[S, E any](v *gesta.View[S], types gesta.Types[E], more []gesta.Option) Fold {
	options := append([]gesta.Option{types}, more...)
	return Fold{
		options: options, members: membersOf(types),
		scope: func(ctx context.Context) (store.Item, error) {
			looks, err := looksOf(ctx, []gesta.AnyView{v}, options)
			if err != nil {
				return store.Item{}, err
			}
			return looks[0].Item, nil
		},
		state: func(ctx context.Context, db *gesta.DB) (any, error) {
			l, err := v.Load(ctx, db)
			return l.State, err
		},
	}
}

// And returns the fold with more events in its history than those that are made up: for fields in which not every text or number leads anywhere.
func (f Fold) And(events ...any) Fold {
	f.samples = append(slices.Clip(f.samples), events...)
	return f
}

// membersOf returns the members of a union.
func membersOf[E any](types gesta.Types[E]) map[string]any {
	out := make(map[string]any, len(types))
	for name, member := range types {
		out[name] = member
	}
	return out
}

// pastOf returns a history with events that are in scope, each recorded an hour after the one before.
func pastOf(events []store.Event, scope *store.Item) past {
	p := past{now: beginning}
	for i, e := range events {
		position := store.Position(i + 1)
		e.Stream = scope.Stream
		if scope.Category != "" {
			e.Stream = cmp.Or(e.Stream, scope.Category+"-"+streamID)
		}
		e.Tags = slices.Concat(e.Tags, scope.Tags)
		e.ID = eventID(p.now, i+1)
		e.Metadata = []byte(`{"actor":"` + []string{"ann", "bob"}[i%2] + `"}`)
		p.events = append(p.events, happened{Recorded: store.Recorded{Event: e, Position: position, Commit: position, RecordedAt: p.now}})
		p.now = p.now.Add(pinInterval)
	}
	return p
}
