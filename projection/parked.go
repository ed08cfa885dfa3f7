package projection

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// parkedPage is how many parked events are read, or retried, in one transaction.
const parkedPage = 100

// errQueued is why an event is parked that has not failed.
var errQueued = errors.New("an earlier event of its key is parked")

// Parked returns the parked events in order: of one key, or of all for an empty one.
func (r *Runner[TX]) Parked(ctx context.Context, key string) (all []Parked, err error) {
	err = r.again(ctx, func() error {
		all = nil
		return r.within(ctx, func(tx Tx[TX]) error {
			return eachParked(ctx, tx, key, func(p Parked) { all = append(all, p) })
		})
	})
	return all, err
}

// eachParked calls f with the parked events of a key, or of all.
func eachParked(ctx context.Context, books Books, key string, f func(Parked)) error {
	var after store.Position
	for {
		page, err := books.Parked(ctx, key, after, parkedPage)
		if err != nil {
			return fmt.Errorf("read what is parked: %w", err)
		}
		for _, p := range page {
			f(p)
			after = p.Position
		}
		if len(page) < parkedPage {
			return nil
		}
	}
}

// parkedKeys returns the set of keys that are parked.
func parkedKeys(ctx context.Context, books Books) (map[string]bool, error) {
	keys := map[string]bool{}
	err := eachParked(ctx, books, "", func(p Parked) { keys[p.Key] = true })
	return keys, err
}

// Retry applies the parked events of a key in order, and returns how many, but for those of a commit that said it had failed and had not. When one fails again it stays parked, with all that come after it, and the error is a [*ParkedError]. Events of the
// key that come meanwhile queue behind; when none is left, the key is as any other. What is transient is tried again until ctx is done.
//
// An empty key stands for all keys at once, in the order of positions: the first event that fails again ends it, and what comes after stays parked, of whatever key. To go on with other
// keys, retry them one by one: [Runner.Parked] has them.
func (r *Runner[TX]) Retry(ctx context.Context, key string) (applied int, err error) {
	for {
		var n int
		var failed *ParkedError
		err := r.again(ctx, func() (err error) {
			n, failed, err = r.retry(ctx, key)
			return err
		})
		applied += n
		switch {
		case err != nil:
			return applied, err
		case failed != nil:
			return applied, r.ended(ctx, failed)
		case n == 0:
			return applied, nil
		}
	}
}

// retry applies a page of the parked events of a key, in one transaction.
func (r *Runner[TX]) retry(ctx context.Context, key string) (n int, failed *ParkedError, err error) {
	err = r.within(ctx, func(tx Tx[TX]) error {
		from, err := tx.Load(ctx)
		if err != nil || !from.Known {
			return err
		}
		if err := verify(ctx, r.db.Store(), r.id, &from); err != nil {
			return err
		}
		page, err := tx.Parked(ctx, key, 0, parkedPage)
		if err != nil {
			return fmt.Errorf("read what is parked: %w", err)
		}
		for i := range page {
			if failed, err = r.retryOne(ctx, tx, &page[i]); err != nil {
				return err
			}
			if failed != nil {
				break
			}
			n++
		}
		if len(page) == 0 {
			return nil
		}
		to := from
		to.Applied += uint64(n)
		to.Parked -= uint64(n)
		if err := tx.Save(ctx, from, to); err != nil {
			return fmt.Errorf("count what was applied: %w", err)
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return 0, nil, err
	}
	return n, failed, nil
}

// retryOne applies one parked event; when it fails again, it keeps the new error.
func (r *Runner[TX]) retryOne(ctx context.Context, tx Tx[TX], p *Parked) (*ParkedError, error) {
	it, err := r.eventOf(ctx, p.Position)
	if err != nil {
		return nil, err
	}
	if err := tx.Savepoint(ctx); err != nil {
		return nil, fmt.Errorf("set a savepoint: %w", err)
	}
	if err = it.err; err == nil {
		err = r.handle(ctx, tx, it.events)
	}
	switch {
	case err == nil:
		if err := tx.Settle(ctx, p.Position, nil); err != nil {
			return nil, fmt.Errorf("settle position %d: %w", p.Position, err)
		}
		return nil, nil
	case ctx.Err() != nil, r.transient(err), errors.Is(err, ErrRolledBack): // it stays parked as it is
		return nil, fmt.Errorf("apply position %d: %w", p.Position, err)
	}
	if err := tx.RollbackTo(ctx); err != nil {
		return nil, fmt.Errorf("roll back position %d: %w", p.Position, err)
	}
	failed := &ParkedError{Key: p.Key, Position: p.Position, Err: err}
	p.Error, p.At = err.Error(), r.db.Now()
	return failed, putAside(ctx, tx, *p)
}

// Skip gives up one parked event: it is never applied, and the target keeps why and by whose decision. Later events of its key stay parked until they are retried. An event that
// is not parked is [ErrNotParked].
func (r *Runner[TX]) Skip(ctx context.Context, p store.Position, reason, actor string) error {
	if reason == "" || actor == "" {
		return fmt.Errorf("projection %v: %w: to skip an event takes a reason and an actor", r.id, store.ErrInvalid)
	}
	skip := &Skip{Reason: reason, Actor: actor, At: r.db.Now()}
	return r.again(ctx, func() error {
		return r.within(ctx, func(tx Tx[TX]) error {
			from, err := tx.Load(ctx)
			if err != nil {
				return err
			}
			switch err := tx.Settle(ctx, p, skip); {
			case errors.Is(err, ErrSkipped): // by a commit that said it had failed
				return nil
			case err != nil:
				return fmt.Errorf("skip position %d: %w", p, err)
			}
			to := from
			to.Skipped++
			to.Parked--
			if err := tx.Save(ctx, from, to); err != nil {
				return fmt.Errorf("count what was skipped: %w", err)
			}
			return tx.Commit(ctx)
		})
	})
}
