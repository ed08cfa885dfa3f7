package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// warnLeftOut tells people what has no part in an answer about many streams.
func (e *env) warnLeftOut(b *history.Bisection) {
	e.warnTruncated(leftOutOf(b))
	if n := b.Streamless; n > 0 {
		e.warn("%s no stream, and no part in this; tag:TAG looks at those of a tag", plural(int(n), "event has", "events have")) //nolint:gosec // counts of events fit
	}
}

// leftOutStreams are streams that have no part in an answer because their first events were truncated away.
type leftOutStreams struct {
	streams   int            // how many there are
	firstLeft store.Position // where there are any, the first position left
}

func leftOutOf(b *history.Bisection) leftOutStreams {
	return leftOutStreams{streams: b.Truncated, firstLeft: b.FirstLeft}
}

// cutStreams gathers leftOutStreams where the same stream may come more than once. It keeps a number of each, so that two in many million streams may count as one.
type cutStreams struct {
	leftOutStreams
	seed maphash.Seed
	seen map[uint64]struct{}
}

// add takes a stream in; see [history.StateOptions].
func (c *cutStreams) add(stream string, first store.Position) {
	if c.seen == nil {
		c.seed, c.seen = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	c.seen[maphash.String(c.seed, stream)] = struct{}{}
	c.streams, c.firstLeft = len(c.seen), first
}

// text goes on a summary: how many there are, nothing of none.
func (l leftOutStreams) text() string {
	if l.streams == 0 {
		return ""
	}
	return ", " + thousands(l.streams) + " left out"
}

// warnTruncated tells people that streams have no part in an answer because they lost their first events.
func (e *env) warnTruncated(l leftOutStreams) {
	if l.streams > 0 {
		e.warn("%s left out: the first events were truncated away; the first position left is %d", plural(l.streams, "stream was", "streams were"), l.firstLeft)
	}
}

// warnUntold tells people that it is not known what events of some streams changed.
func (e *env) warnUntold(l leftOutStreams) {
	if l.streams > 0 {
		e.warn("what events of %s changed is not known: their first events were truncated away; the first position left is %d", plural(l.streams, "stream", "streams"), l.firstLeft)
	}
}

// exitCodeOf is how a command ends that was asked to say by its exit code whether something is found: where nothing is, and streams were left out, that cannot be told.
func exitCodeOf(found bool, l leftOutStreams) error {
	switch {
	case found:
		return &exitError{exitFound}
	case l.streams == 0:
		return nil
	}
	return &eventjson.Error{
		Code: eventjson.CodeTruncated, Position: l.firstLeft, Hint: "name the streams that count, or ask without --exit-code",
		Message: "nothing was found, but " + plural(l.streams, "stream was", "streams were") + " left out",
	}
}

// warnUnseen tells people of paths that no state has, where nothing was found: they may be misspelt.
func (e *env) warnUnseen(q *question, sel history.Selection, b *history.Bisection) {
	if b.Streams == 0 {
		return
	}
	for i := range b.Unseen {
		e.warnPath(q.lookedAt(&sel, b.Streams), &b.Unseen[i])
	}
}

// lookedAt says whose states were looked at, how many streams of the store, and up to where.
func (q *question) lookedAt(sel *history.Selection, streams int) string {
	of := sel.Target()
	if of == "" {
		of = "the " + plural(streams, "stream", "streams") + " looked at"
	}
	if sel.Until < q.Basis.Head {
		of += fmt.Sprintf(" up to position %d", sel.Until)
	}
	if !q.EffectiveAt.IsZero() {
		of += " with what takes effect by " + eventjson.FormatTime(q.EffectiveAt)
	}
	return of
}

// warnPath tells people that no state has a path, and which one may have been meant.
func (e *env) warnPath(of string, u *history.Unseen) {
	text := "no state of " + of + " has " + u.Path.String()
	if near := nearPath(u); near != "" {
		text += "; nearest: " + near
	}
	e.warn("%s", text)
}

// nearPath returns a path that states have and that is like the one that none has, empty for none.
func nearPath(u *history.Unseen) string {
	if u.Depth == len(u.Path) {
		return ""
	}
	near := nearest(u.Path[u.Depth], u.Names)
	if near == "" {
		return ""
	}
	return append(slices.Clone(u.Path[:u.Depth]), near).String()
}

// warnUnpicked tells people, where nothing was found at a path, that no state has it. Of a store of which it looked at a part it speaks only where another path may have been meant.
func (e *env) warnUnpicked(ctx context.Context, q *question, sel *history.Selection, path reducer.Path, o history.StateOptions) {
	u, err := sel.Unseen(ctx, q.Store, path, o)
	if err != nil || u == nil || u.Partly && nearPath(u) == "" { // the answer stands without it
		return
	}
	e.warnPath(q.lookedAt(sel, u.Streams), u)
}

// warnUndiffered is warnUnpicked for two points without a difference at a path.
func (e *env) warnUndiffered(ctx context.Context, q *question, from, to *history.Selection, path reducer.Path, o history.StateOptions) {
	if len(path) == 0 {
		return
	}
	later := *to
	switch same := from.Subject == to.Subject && from.Name == to.Name; {
	case same && from.Until > to.Until:
		later = *from
	case !same:
		if u, err := from.Unseen(ctx, q.Store, path, o); err != nil || u == nil {
			return
		}
	}
	e.warnUnpicked(ctx, q, &later, path, o)
}
