package store

import (
	"context"
	"errors"
	"slices"
)

// AppendIgnoring appends c to s for a caller to whom the streams that unseen names do not exist: a [NoneMatch] guard that events of such
// streams alone break goes on above them. unseen is [IsSystem] where nothing else is hidden.
func AppendIgnoring(ctx context.Context, s Store, c Commit, unseen func(stream string) bool) (Result, error) {
	r, err := s.Append(ctx, c)
	if err != nil {
		return RetryIgnoring(ctx, s, c, err, unseen)
	}
	return r, nil
}

// RetryIgnoring is what AppendIgnoring does once s has answered err to c: it returns err unless unseen events alone caused it.
func RetryIgnoring(ctx context.Context, s Store, c Commit, err error, unseen func(stream string) bool) (Result, error) {
	asked := c.Guards
	for {
		conflict, ok := errors.AsType[*ConflictError](err)
		if !ok {
			return Result{}, err
		}
		guards, ok := raised(c.Guards, conflict, unseen)
		if !ok {
			return Result{}, conflict.about(c.Guards, asked)
		}
		c.Guards = guards
		var r Result
		if r, err = s.Append(ctx, c); err == nil {
			return r, nil
		}
	}
}

// raised returns the guards of a commit above the unseen events that broke them, and false when something else did.
func raised(guards []Guard, conflict *ConflictError, unseen func(stream string) bool) ([]Guard, bool) {
	guards = slices.Clone(guards)
	for i := range conflict.Failed {
		f := &conflict.Failed[i]
		g, ok := f.Guard.(NoneMatch)
		at := indexGuard(guards, f.Guard)
		if !ok || at < 0 || len(f.Events) == 0 || slices.ContainsFunc(f.Events, func(e Recorded) bool { return !unseen(e.Stream) }) {
			return nil, false
		}
		g.After = f.Events[len(f.Events)-1].Position
		guards[at] = g
	}
	return guards, len(conflict.Failed) > 0
}

// about returns the conflict with the guards that were asked for in place of those that were appended, which stand at the same places.
func (e *ConflictError) about(appended, asked []Guard) *ConflictError {
	told := &ConflictError{Failed: slices.Clone(e.Failed)}
	for i := range told.Failed {
		if at := indexGuard(appended, told.Failed[i].Guard); at >= 0 {
			told.Failed[i].Guard = asked[at]
		}
	}
	return told
}

func indexGuard(guards []Guard, g Guard) int {
	return slices.IndexFunc(guards, func(other Guard) bool { return sameGuard(g, other) })
}

func sameGuard(a, b Guard) bool {
	x, ok := a.(NoneMatch)
	if !ok {
		_, ok = b.(NoneMatch)
		return !ok && a == b
	}
	y, ok := b.(NoneMatch)
	return ok && x.After == y.After && slices.EqualFunc(x.Query, y.Query, func(a, b Item) bool {
		return a.Stream == b.Stream && a.Category == b.Category && slices.Equal(a.Types, b.Types) && slices.Equal(a.Tags, b.Tags)
	})
}
