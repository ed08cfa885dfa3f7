package auth

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// behind returns a power of the store behind.
func behind[T any](g *guarded) (T, error) {
	t, ok := store.As[T](g.gate.inner)
	if !ok {
		return t, store.ErrUnsupported
	}
	return t, nil
}

// atEvent says which event of a commit an error is about.
func atEvent(i int, err error) error { return fmt.Errorf("event %d: %w", i+1, err) }

// Tracked returns the tracking position of a source that may be read as a stream of that name.
func (g *guarded) Tracked(ctx context.Context, source string) (uint64, error) {
	if err := g.p.require(Read, source); err != nil {
		return 0, err
	}
	tracker, err := behind[store.Tracker](g)
	if err != nil {
		return 0, err
	}
	return tracker.Tracked(ctx, source)
}

// Lookup returns the result of the commit with a key where all of the commit may be read, and [store.ErrNotFound] as for a key that is not there otherwise.
func (g *guarded) Lookup(ctx context.Context, key string) (store.Result, error) {
	if err := g.p.Require(Read); err != nil {
		return store.Result{}, err
	}
	keys, err := behind[store.Keys](g)
	if err != nil {
		return store.Result{}, err
	}
	absent := fmt.Errorf("key %q: %w", clip(key), store.ErrNotFound) // the same for each store
	r, err := keys.Lookup(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Result{}, absent
	case err != nil || g.p.Everywhere(Admin):
		return r, err
	}
	whole, err := g.mayReadResult(ctx, &r)
	switch {
	case err != nil:
		return store.Result{}, err
	case !whole:
		return store.Result{}, absent
	}
	return r, nil
}

// mayReadResult says whether every event of a commit may be read. A result names its streams, and not whether there are events without one.
func (g *guarded) mayReadResult(ctx context.Context, r *store.Result) (bool, error) {
	for _, v := range r.Versions {
		if !g.p.May(Read, v.Stream) {
			return false, nil
		}
	}
	if g.p.May(Read, "") {
		return true, nil
	}
	for e, err := range g.gate.inner.Read(ctx, nil, store.ReadOptions{After: r.First - 1, Until: r.Last}) {
		if err != nil || e.Stream == "" {
			return false, err
		}
	}
	return true, nil
}

// ByID yields the events with an id that may be read.
func (g *guarded) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	if err := g.p.Require(Read); err != nil {
		return failing[store.Recorded](err)
	}
	ids, err := behind[store.IDs](g)
	if err != nil {
		return failing[store.Recorded](err)
	}
	return func(yield func(store.Recorded, error) bool) {
		for e, err := range ids.ByID(ctx, id) {
			if err == nil && !g.p.May(Read, e.Stream) {
				continue
			}
			e.Tracking = g.p.tracking(e.Tracking)
			if !yield(e, err) {
				return
			}
		}
	}
}

// Streams yields the streams that may be read; Limit counts those.
func (g *guarded) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	if err := g.p.Require(Read); err != nil {
		return failing[store.StreamInfo](err)
	}
	lister, err := behind[store.Lister](g)
	if err != nil {
		return failing[store.StreamInfo](err)
	}
	if g.p.Everywhere(Admin) {
		return lister.Streams(ctx, o)
	}
	return func(yield func(store.StreamInfo, error) bool) {
		inner := o
		inner.Limit = 0
		inner.Prefix = g.p.prefix(o.Prefix)
		left := max(o.Limit, 0)
		for s, err := range lister.Streams(ctx, inner) {
			if err == nil && (!strings.HasPrefix(s.Stream, o.Prefix) || !g.p.May(Read, s.Stream)) {
				continue
			}
			if !yield(s, err) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// prefix returns what every name begins with that begins with prefix and may be read: prefix, or more.
func (p *Principal) prefix(prefix string) string {
	longest := prefix
	for _, list := range p.on {
		common, first := "", true
		for _, g := range list {
			switch own := g.prefix(); {
			case !strings.HasPrefix(own, prefix) && !strings.HasPrefix(prefix, own):
				continue // it matches nothing that is asked for
			case first:
				common, first = max(own, prefix), false // one begins with the other: the longer
			default:
				common = sharedPrefix(common, max(own, prefix))
			}
		}
		longest = max(longest, common)
	}
	return longest
}

func sharedPrefix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// Types yields the types of all events, for who may read them. System streams count for admins alone.
func (g *guarded) Types(ctx context.Context) iter.Seq2[store.TypeInfo, error] {
	if err := g.p.RequireEverywhere(Read); err != nil {
		return failing[store.TypeInfo](err)
	}
	lister, err := behind[store.Lister](g)
	if err != nil {
		return failing[store.TypeInfo](err)
	}
	if g.p.Everywhere(Admin) {
		return lister.Types(ctx)
	}
	return func(yield func(store.TypeInfo, error) bool) {
		// System events that come in between are subtracted without having been counted, never the other way about.
		types := []store.TypeInfo{}
		for t, err := range lister.Types(ctx) {
			if err != nil {
				yield(store.TypeInfo{}, err)
				return
			}
			types = append(types, t)
		}
		system, err := g.systemTypes(ctx, lister)
		if err != nil {
			yield(store.TypeInfo{}, err)
			return
		}
		for _, t := range types {
			if t.Events <= system[t.Type] {
				continue
			}
			t.Events -= system[t.Type]
			if !yield(t, nil) {
				return
			}
		}
	}
}

// systemTypes counts the events of system streams by type.
func (g *guarded) systemTypes(ctx context.Context, lister store.Lister) (map[string]uint64, error) {
	var q store.Query
	for s, err := range lister.Streams(ctx, store.StreamsOptions{Prefix: "$"}) {
		if err != nil {
			return nil, err
		}
		q = append(q, store.Item{Stream: s.Stream})
	}
	count := map[string]uint64{}
	for part := range slices.Chunk(q, store.MaxQueryParts) {
		for e, err := range g.gate.inner.Read(ctx, part, store.ReadOptions{}) {
			if err != nil {
				return nil, err
			}
			count[e.Type]++
		}
	}
	return count, nil
}

// Stats returns the figures of the medium, for who may read everything.
func (g *guarded) Stats(ctx context.Context) (store.Stats, error) {
	if err := g.p.RequireEverywhere(Read); err != nil {
		return store.Stats{}, err
	}
	measurer, err := behind[store.Measurer](g)
	if err != nil {
		return store.Stats{}, err
	}
	return measurer.Stats(ctx)
}

// Check walks the store for operators; for admins it may repair.
func (g *guarded) Check(ctx context.Context, o store.CheckOptions) (store.CheckReport, error) {
	need := Operate
	if o.Repair {
		need = Admin
	}
	if err := g.p.RequireEverywhere(need); err != nil {
		return store.CheckReport{}, err
	}
	checker, err := behind[store.Checker](g)
	if err != nil {
		return store.CheckReport{}, err
	}
	return checker.Check(ctx, o)
}

// Dump yields everything, for admins.
func (g *guarded) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	if err := g.p.RequireEverywhere(Admin); err != nil {
		return failing[store.RecordedCommit](err)
	}
	dumper, err := behind[store.Dumper](g)
	if err != nil {
		return failing[store.RecordedCommit](err)
	}
	return dumper.Dump(ctx, after)
}

// Restore takes recorded commits as they are, from admins.
func (g *guarded) Restore(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) error {
	if err := g.p.RequireEverywhere(Admin); err != nil {
		return err
	}
	restorer, err := behind[store.Restorer](g)
	if err != nil {
		return err
	}
	return restorer.Restore(ctx, commits)
}

// Erase takes payloads away of events whose streams the principal operates. The version of the system's stream that says so is for admins alone.
func (g *guarded) Erase(ctx context.Context, e store.Erasure) (store.Result, error) {
	if err := g.p.Require(Operate); err != nil {
		return store.Result{}, err
	}
	eraser, err := behind[store.Eraser](g)
	if err != nil {
		return store.Result{}, err
	}
	g.p.stampErasure(&e)
	if err := e.Validate(); err != nil {
		return store.Result{}, err
	}
	if err := g.mayErase(ctx, e.Positions); err != nil {
		return store.Result{}, err
	}
	noteTarget(ctx, e.Positions)
	r, err := eraser.Erase(ctx, e)
	r.Versions = slices.DeleteFunc(slices.Clone(r.Versions), func(v store.StreamVersion) bool { return !g.p.May(Read, v.Stream) })
	return r, err
}

// mayErase says whether the principal operates the stream of each event. A position that holds none up to the head is denied like that of an event that may not be seen; above
// the head, which everybody knows, it is not found, and stays so here even where an event arrives meanwhile.
func (g *guarded) mayErase(ctx context.Context, positions []store.Position) error {
	if g.p.Everywhere(Admin) {
		return nil
	}
	head, err := g.gate.inner.Head(ctx)
	if err != nil {
		return err
	}
	for _, p := range positions {
		if p == 0 || p > head {
			return fmt.Errorf("erase position %d: %w", p, store.ErrNotFound)
		}
		may := false
		for e, err := range g.gate.inner.Read(ctx, nil, store.ReadOptions{After: p - 1, Until: p, Limit: 1}) {
			if err != nil {
				return err
			}
			may = g.p.May(Operate, e.Stream)
		}
		if !may {
			denied := deniedf("erasing position %d needs the role %s on the stream of its event", p, Operate)
			denied.Position = p
			return denied
		}
	}
	return nil
}
