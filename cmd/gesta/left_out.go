package main

import (
	"context"
	"slices"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// warnLeftOut tells people what has no part in an answer about many streams.
func (e *env) warnLeftOut(b *history.Bisection) {
	e.warnTruncated(b.Truncated, b.FirstLeft)
	if n := b.Streamless; n > 0 {
		e.warn("%s no stream, and no part in this; tag:TAG looks at those of a tag", plural(int(n), "event has", "events have")) //nolint:gosec // counts of events fit
	}
}

// warnTruncated tells people that streams have no part in an answer because they lost their first events.
func (e *env) warnTruncated(streams int, first store.Position) {
	if streams > 0 {
		e.warn("%s left out: the first events were truncated away; the first position left is %d", plural(streams, "stream was", "streams were"), first)
	}
}

// warnUnseen tells people of paths that no state has, where nothing was found: they may be misspelt.
func (e *env) warnUnseen(sel history.Selection, b *history.Bisection) {
	of := sel.Target()
	switch {
	case b.Streams == 0:
		return
	case of == "":
		of = "the " + plural(b.Streams, "stream", "streams") + " looked at"
	}
	for i := range b.Unseen {
		e.warnPath(of, &b.Unseen[i])
	}
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

// warnUnpicked tells people, where -S found nothing, that no state has the path. Of a store of which it looked at a part it speaks only where another path may have been meant.
func (e *env) warnUnpicked(ctx context.Context, q *question, sel *history.Selection, path reducer.Path, o history.StateOptions) {
	u, err := sel.Unseen(ctx, q.Store, path, o)
	if err != nil || u == nil || u.Partly && nearPath(u) == "" { // the answer stands without it
		return
	}
	of := sel.Target()
	if of == "" {
		of = "the " + plural(u.Streams, "stream", "streams") + " looked at"
	}
	e.warnPath(of, u)
}
