package storetest

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

// oracle is the contract written as naively as can be: a list of commits, and every answer worked out from the list
// anew. It serves as the model of the tests that compare, and is itself compared with the reference. It is not safe for
// concurrent use and cannot follow.
type oracle struct {
	clock   func() time.Time
	commits []store.RecordedCommit
	sum     uint64 // says whether two oracles were told the same
}

// newOracle makes an oracle as [RunModel] asks for it.
func newOracle(o Options) *oracle { return &oracle{clock: o.Clock} }

// clone returns an oracle that goes on by itself.
func (o *oracle) clone() *oracle {
	return &oracle{clock: o.clock, commits: slices.Clip(o.commits), sum: o.sum}
}

// picked returns the events for which pick says yes.
func (o *oracle) picked(pick func(*store.Recorded) bool) []store.Recorded {
	var out []store.Recorded
	for _, c := range o.commits {
		for i := range c.Events {
			if pick(&c.Events[i]) {
				out = append(out, c.Events[i])
			}
		}
	}
	return out
}

func (o *oracle) head() store.Position {
	var p store.Position
	for _, c := range o.commits {
		p += store.Position(len(c.Events))
	}
	return p
}

func (o *oracle) version(stream string) uint64 {
	return uint64(len(o.picked(func(r *store.Recorded) bool { return stream != "" && r.Stream == stream })))
}

func (o *oracle) tracked(source string) uint64 {
	var last uint64
	for _, c := range o.commits {
		if c.Tracking != nil && c.Tracking.Source == source {
			last = c.Tracking.Position
		}
	}
	return last
}

func (o *oracle) Append(_ context.Context, c store.Commit) (store.Result, error) {
	if err := c.Validate(); err != nil {
		return store.Result{}, err
	}
	for _, known := range o.commits {
		if c.Key == "" || known.Key != c.Key {
			continue
		}
		if !store.Repeats(c.Events, known.Events) {
			return store.Result{}, &store.KeyReusedError{Key: c.Key, First: known.Events[0].Position}
		}
		r := oracleResult(known)
		r.Duplicate = true
		return r, nil
	}
	conflict := &store.ConflictError{}
	for _, g := range c.Guards {
		if f, holds := o.judge(g); !holds {
			f.Guard = g
			conflict.Failed = append(conflict.Failed, f)
		}
	}
	if len(conflict.Failed) > 0 {
		return store.Result{}, conflict
	}
	if t := c.Tracking; t != nil && t.Position <= o.tracked(t.Source) {
		return store.Result{}, &store.TrackingError{Tracking: *t, Last: o.tracked(t.Source)}
	}
	if len(c.Events) == 0 && c.Tracking == nil {
		return store.Result{}, nil
	}
	return o.record(c), nil
}

// judge says whether a guard holds, and what broke it.
func (o *oracle) judge(g store.Guard) (f store.GuardFailure, holds bool) {
	switch g := g.(type) {
	case store.StreamAt:
		f.ActualVersion = o.version(g.Stream)
		holds = f.ActualVersion == g.Version
		f.Events = o.picked(func(r *store.Recorded) bool { return r.Stream == g.Stream && r.Version > g.Version })
	case store.StreamExists:
		holds = o.version(g.Stream) > 0
	case store.NoneMatch:
		f.Events = o.picked(func(r *store.Recorded) bool { return r.Position > g.After && g.Query.Matches(&r.Event) })
		holds = len(f.Events) == 0
	}
	f.Complete = len(f.Events) <= store.MaxConflictEvents
	if !f.Complete {
		f.Events = f.Events[:store.MaxConflictEvents]
	}
	return f, holds
}

// record adds a commit at the end.
func (o *oracle) record(c store.Commit) store.Result {
	rc := store.RecordedCommit{Key: c.Key, Tracking: c.Tracking, RecordedAt: store.Time(o.clock()), After: o.head()}
	if n := len(o.commits); n > 0 && o.commits[n-1].RecordedAt.After(rc.RecordedAt) {
		rc.RecordedAt = o.commits[n-1].RecordedAt
	}
	for i, e := range c.Events {
		e.EffectiveAt = store.Time(e.EffectiveAt)
		r := store.Recorded{
			Event: e, Position: rc.After + store.Position(i) + 1, Commit: rc.After + 1,
			RecordedAt: rc.RecordedAt, Tracking: c.Tracking,
		}
		if e.Stream != "" {
			r.Version = o.version(e.Stream) + 1
			for _, earlier := range rc.Events {
				if earlier.Stream == e.Stream {
					r.Version++
				}
			}
		}
		rc.Events = append(rc.Events, r)
	}
	o.commits = append(o.commits, rc)
	h := fnv.New64a()
	h.Write(fmt.Appendf(nil, "%d %q %v", o.sum, rc.Key, rc.Tracking))
	for _, e := range rc.Events {
		h.Write(fmt.Appendf(nil, "%q %q %q %q", e.Stream, e.Type, e.Tags, e.Data))
	}
	o.sum = h.Sum64()
	return oracleResult(rc)
}

func oracleResult(c store.RecordedCommit) store.Result {
	r := store.Result{RecordedAt: c.RecordedAt}
	for _, e := range c.Events {
		if r.First == 0 {
			r.First = e.Position
		}
		r.Last = e.Position
		if e.Stream == "" {
			continue
		}
		i := slices.IndexFunc(r.Versions, func(v store.StreamVersion) bool { return v.Stream == e.Stream })
		if i < 0 {
			i = len(r.Versions)
			r.Versions = append(r.Versions, store.StreamVersion{Stream: e.Stream})
		}
		r.Versions[i].Version = e.Version
	}
	return r
}

func (o *oracle) Read(_ context.Context, q store.Query, ro store.ReadOptions) iter.Seq2[store.Recorded, error] {
	if err := errors.Join(q.Validate(), ro.Validate()); err != nil {
		return func(yield func(store.Recorded, error) bool) { yield(store.Recorded{}, err) }
	}
	out := o.picked(func(r *store.Recorded) bool {
		return r.Position > ro.After && (ro.Until == 0 || r.Position <= ro.Until) &&
			(ro.AsOf.IsZero() || !r.RecordedAt.After(ro.AsOf)) && q.Matches(&r.Event)
	})
	if ro.Backward {
		slices.Reverse(out)
	}
	if ro.Limit > 0 && len(out) > ro.Limit {
		out = out[:ro.Limit]
	}
	return sequence(out)
}

func (o *oracle) Head(context.Context) (store.Position, error) { return o.head(), nil }

func (o *oracle) Close() error { return nil }

func (o *oracle) Tracked(_ context.Context, source string) (uint64, error) {
	return o.tracked(source), nil
}

func (o *oracle) Lookup(_ context.Context, key string) (store.Result, error) {
	for _, c := range o.commits {
		if c.Key == key && key != "" {
			r := oracleResult(c)
			r.Duplicate = true
			return r, nil
		}
	}
	return store.Result{}, store.ErrNotFound
}

func (o *oracle) ByID(_ context.Context, id string) iter.Seq2[store.Recorded, error] {
	return sequence(o.picked(func(r *store.Recorded) bool { return r.ID == id }))
}

func (o *oracle) Dump(_ context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	var out []store.RecordedCommit
	for _, c := range o.commits {
		if n := store.Position(len(c.Events)); after == 0 || c.After+n > after {
			if n > 0 {
				c.After = 0
			}
			out = append(out, c)
		}
	}
	return sequence(out)
}

func (o *oracle) Erase(_ context.Context, e store.Erasure) (store.Result, error) {
	if err := e.Validate(); err != nil {
		return store.Result{}, err
	}
	var c store.Commit
	at := slices.Compact(slices.Sorted(slices.Values(e.Positions)))
	for _, p := range at {
		found := o.picked(func(r *store.Recorded) bool { return r.Position == p })
		switch {
		case len(found) == 0:
			return store.Result{}, fmt.Errorf("position %d: %w", p, store.ErrNotFound)
		case found[0].Stream == store.ErasureStream:
			return store.Result{}, fmt.Errorf("position %d: %w", p, store.ErrInvalid)
		case found[0].Erased != 0:
			continue
		}
		erasure, err := store.NewErasure(p, [32]byte{}, e.Reason, e.Actor)
		if err != nil {
			return store.Result{}, err
		}
		c.Events = append(c.Events, erasure)
	}
	if len(c.Events) == 0 {
		return store.Result{}, nil
	}
	r := o.record(c)
	for i := range c.Events {
		p, _ := store.ErasedPosition(&c.Events[i])
		o.erase(p, r.First+store.Position(i))
	}
	return r, nil
}

// erase takes a payload away; what clones hold is left as it is.
func (o *oracle) erase(p, by store.Position) {
	o.commits = slices.Clone(o.commits)
	for i := range o.commits {
		c := &o.commits[i]
		c.Events = slices.Clone(c.Events)
		for j := range c.Events {
			if e := &c.Events[j]; e.Position == p {
				e.Data, e.Metadata, e.Erased = nil, nil, by
			}
		}
	}
}
