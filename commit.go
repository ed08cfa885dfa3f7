package gesta

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/store"
)

// Handler is one decision among those of a commit: a [*Handling] or a [*Deciding].
type Handler interface {
	// options are those that were given for it.
	options() []CallOption

	// load reads what it decides on.
	load(ctx context.Context, db *DB) error

	// catchUp takes in what others have written meanwhile, and returns false where that has to be loaded.
	catchUp(db *DB, conflict *store.ConflictError) bool

	// decideOn adds its events, and what has to hold for them.
	decideOn(d *draft) error

	// recorded takes over its events as they were recorded, none where it decided on none.
	recorded(ctx context.Context, db *DB, events []Event[any]) error

	// repeated takes over its events of a commit that was made earlier, whose last position is last.
	repeated(ctx context.Context, db *DB, events []Event[any], last store.Position) error

	// decidesOn returns the stream whose state it decides on, empty for none.
	decidesOn() string

	// owns says whether an event of an earlier commit may be its own.
	owns(r *store.Recorded, body any) bool
}

// Atomic handles several commands in one commit: all of them are recorded, or none. Each decides on its own state, so that none may write to the stream that another
// decides on; when others have written to one of the streams, all decide again. What each led to is in its Result.
func Atomic(ctx context.Context, db *DB, first, second Handler, more ...Handler) error {
	return run(ctx, db, append([]Handler{first, second}, more...)...)
}

// run loads, decides and appends until it is done, or has lost to others too often.
func run(ctx context.Context, db *DB, parts ...Handler) error {
	var options []CallOption
	for _, p := range parts {
		options = append(options, p.options()...)
	}
	c := newCall(fromContext(ctx), options)
	if err := c.mayWrite(); err != nil {
		return err
	}
	if c.key != "" {
		if done, err := repeat(ctx, db, &c, parts); done || err != nil {
			return err
		}
	}
	for _, p := range parts {
		if err := p.load(ctx, db); err != nil {
			return err
		}
	}
	for try := 0; ; try++ {
		err := decideOnce(ctx, db, &c, parts)
		if errors.Is(err, store.ErrKeyReused) { // the same call was faster elsewhere
			if done, repeatErr := repeat(ctx, db, &c, parts); done || repeatErr != nil {
				return repeatErr
			}
			return err
		}
		if err == nil {
			return nil
		}
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || try >= c.retries || c.expected != nil {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
		for _, p := range parts {
			if p.catchUp(db, conflict) {
				continue
			}
			if err := p.load(ctx, db); err != nil {
				return err
			}
		}
	}
}

// decideOnce decides on what is loaded, and appends it.
func decideOnce(ctx context.Context, db *DB, c *call, parts []Handler) error {
	d := draft{db: db, meta: c.meta, commit: store.Commit{Key: c.key}}
	ends := make([]int, len(parts))
	for i, p := range parts {
		if err := p.decideOn(&d); err != nil {
			return err
		}
		ends[i] = len(d.bodies)
	}
	if err := d.strangers(parts, ends); err != nil {
		return err
	}
	var events []Event[any]
	if len(d.bodies) > 0 {
		res, err := db.store.Append(ctx, d.commit)
		if err != nil {
			return err
		}
		if res.Duplicate {
			_, err := repeat(ctx, db, c, parts)
			return err
		}
		events = d.recorded(&res)
	}
	begin := 0
	for i, p := range parts {
		if err := p.recorded(ctx, db, events[begin:ends[i]]); err != nil {
			return err
		}
		begin = ends[i]
	}
	return nil
}

// strangers refuses a commit in which one part writes to the stream that another decides on: that would decide without what the first one says.
func (d *draft) strangers(parts []Handler, ends []int) error {
	if len(parts) == 1 {
		return nil
	}
	begin := 0
	for i, p := range parts {
		for j := range d.commit.Events {
			e := &d.commit.Events[j]
			if own := j >= begin && j < ends[i]; !own && e.Stream != "" && e.Stream == p.decidesOn() {
				return fmt.Errorf("%w: a command decides on stream %q, and another one of the same commit writes a %s to it", store.ErrInvalid, e.Stream, e.Type)
			}
		}
		begin = ends[i]
	}
	return nil
}

// repeat looks for a commit with the key of the call, and hands its events out. It returns false when there is none.
func repeat(ctx context.Context, db *DB, c *call, parts []Handler) (bool, error) {
	keys, ok := store.As[store.Keys](db.store)
	if !ok {
		return false, fmt.Errorf("look up key %q: %w", c.key, store.ErrUnsupported)
	}
	res, err := keys.Lookup(ctx, c.key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up key %q: %w", c.key, err)
	}
	own := make([][]Event[any], len(parts))
	for e, err := range Read[any](ctx, db, nil, ReadOptions{ReadOptions: store.ReadOptions{After: res.First - 1, Until: res.Last}}) {
		if err != nil {
			return false, fmt.Errorf("read the commit of key %q: %w", c.key, err)
		}
		taken := false
		for i, p := range parts {
			if taken = p.owns(&e.Recorded, e.Body); taken {
				own[i] = append(own[i], e)
				break
			}
		}
		if !taken {
			return false, &store.KeyReusedError{Key: c.key, First: res.First}
		}
	}
	for i, p := range parts {
		if err := p.repeated(ctx, db, own[i], res.Last); err != nil {
			return false, err
		}
	}
	return true, nil
}

// pause waits a little, longer each time, so that those who have met do not meet again.
func pause(ctx context.Context, try int) error {
	const shortest, longest = time.Millisecond, 100 * time.Millisecond
	wait := rand.N(min(shortest<<min(try, 10), longest))
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
