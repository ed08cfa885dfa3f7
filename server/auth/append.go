package auth

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gestadb/gesta/store"
)

// Append appends a commit whose streams may be appended to and whose guards show nothing that may not be read.
func (g *guarded) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if err := g.admit(&c); err != nil {
		return store.Result{}, err
	}
	r, err := store.AppendIgnoring(ctx, g.gate.inner, c, g.unseen)
	return r, g.conceal(ctx, err)
}

// unseen says whether a stream is not there for the principal, so that its events break no guard of theirs.
func (g *guarded) unseen(stream string) bool { return store.IsSystem(stream) && !g.p.May(Read, stream) }

// Start queues a commit as Append would append it.
func (g *guarded) Start(ctx context.Context, c store.Commit) (wait func() (store.Result, error)) {
	starter, ok := store.As[store.Starter](g.gate.inner)
	err := g.admit(&c)
	if err == nil && !ok {
		err = store.ErrUnsupported
	}
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	inner := starter.Start(ctx, c)
	return sync.OnceValues(func() (store.Result, error) {
		r, err := inner()
		if err != nil {
			r, err = store.RetryIgnoring(ctx, g.gate.inner, c, err, g.unseen)
		}
		return r, g.conceal(context.WithoutCancel(ctx), err) // the outcome is known by then, whatever became of ctx
	})
}

// admit says whether a commit may be appended, and writes who does into a copy of its events.
func (g *guarded) admit(c *store.Commit) error {
	if err := g.p.Require(Append); err != nil {
		return err
	}
	for i := range c.Events {
		stream := c.Events[i].Stream
		if stream == UsersStream || stream == AuditStream {
			return invalidf("event %d: the stream %s is written by the server alone", i+1, stream)
		}
		if err := g.p.require(Append, stream); err != nil {
			return err
		}
	}
	if t := c.Tracking; t != nil {
		if err := g.p.require(Append, t.Source); err != nil {
			return err
		}
	}
	for _, guard := range c.Guards {
		if err := g.p.mayGuard(guard); err != nil {
			return err
		}
	}
	return g.stampEvents(c)
}

func (g *guarded) stampEvents(c *store.Commit) error {
	if len(c.Events) == 0 {
		return nil
	}
	s := newStamp(g.p, g.traceparent)
	c.Events = slices.Clone(c.Events)
	for i := range c.Events {
		metadata, err := s.apply(c.Events[i].Metadata)
		if err != nil {
			return atEvent(i, err)
		}
		c.Events[i].Metadata = metadata
	}
	return nil
}

// mayGuard holds a guard against the rules of the package doc.
func (p *Principal) mayGuard(guard store.Guard) error {
	switch g := guard.(type) {
	case store.StreamAt:
		return p.require(Read, g.Stream)
	case store.StreamExists:
		return p.require(Read, g.Stream)
	case store.NoneMatch:
		return p.MayRead(g.Query)
	}
	return nil // the store refuses what it does not know
}

// conceal takes out of an error of Append what the principal may not read.
func (g *guarded) conceal(ctx context.Context, err error) error {
	if err == nil || g.p.Everywhere(Admin) {
		return err
	}
	if conflict, ok := errors.AsType[*store.ConflictError](err); ok {
		return g.concealConflict(conflict)
	}
	if reused, ok := errors.AsType[*store.KeyReusedError](err); ok && !g.mayLocate(ctx, reused.First) {
		return &hiddenKeyError{key: reused.Key}
	}
	return err
}

// concealConflict leaves events out that may not be read. What there is stays as it is: others may hold it.
func (g *guarded) concealConflict(conflict *store.ConflictError) *store.ConflictError {
	shown := &store.ConflictError{Failed: slices.Clone(conflict.Failed)}
	for i := range shown.Failed {
		f := &shown.Failed[i]
		found := len(f.Events)
		f.Events = slices.DeleteFunc(slices.Clone(f.Events), func(e store.Recorded) bool { return !g.p.May(Read, e.Stream) })
		f.Complete = f.Complete && len(f.Events) == found
		for j := range f.Events {
			f.Events[j].Tracking = g.p.tracking(f.Events[j].Tracking)
		}
	}
	return shown
}

// mayLocate says whether the event at a position may be read, and so be known to be there.
func (g *guarded) mayLocate(ctx context.Context, p store.Position) bool {
	if p == 0 {
		return true
	}
	for e, err := range g.gate.inner.Read(ctx, nil, store.ReadOptions{After: p - 1, Until: p, Limit: 1}) {
		return err == nil && e.Position == p && g.p.May(Read, e.Stream)
	}
	return false
}
