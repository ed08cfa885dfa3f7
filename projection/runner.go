package projection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Runner keeps the read model of one projection up to date, in one target. Any number of them, in any number of processes, may work on the same: one of them has the lease,
// the others wait in line. Its methods may be called by many goroutines at once, also while it runs.
type Runner[TX any] struct {
	db       *gesta.DB
	p        Projection[TX]
	id       ID
	handlers handlers[TX]
	query    store.Query
	target   Target[TX]
	o        Options
	reads    string        // the names of the query, as in State.Reads
	self     string        // a name of its own
	runs     atomic.Uint64 // calls of run, each a holder of its own
	running  atomic.Int64  // sessions that have the lease
	waiting  atomic.Int64  // calls of WaitFor
	demand   chan struct{} // of one: someone has begun to wait

	mu      sync.Mutex // guards all below
	seen    sightings
	moved   chan struct{} // closed, and replaced, when seen or stopped changes
	active  int           // calls of run
	stopped error         // why the last one has ended, unless its ctx was done
}

// New returns a runner. It returns an error for a projection with handlers for types that db does not have, two for the same one, or none.
func New[TX any](db *gesta.DB, p Projection[TX], target Target[TX], o Options) (*Runner[TX], error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("projection %v: %w", p.ID(), err)
	}
	byType, query, err := p.compile(db)
	if err != nil {
		return nil, fmt.Errorf("projection %v: %w", p.ID(), err)
	}
	return &Runner[TX]{
		db: db, p: p, id: p.ID(), handlers: byType, query: query, target: target, o: o, reads: strings.Join(query[0].Types, "\n"), self: uuid.NewString(),
		demand: make(chan struct{}, 1), moved: make(chan struct{}),
	}, nil
}

// ID returns the name and the version of the projection.
func (r *Runner[TX]) ID() ID { return r.id }

// Follow applies what there is and what comes, until ctx is done or something is wrong that does not pass: a [*HistoryError], a [*NoKeyError], [ErrTooManyParked], an error of the
// store, a [*ReadsError], an error of the target's own tables, or a panic of Setup or Key. While another runner has the lease it stands by.
func (r *Runner[TX]) Follow(ctx context.Context) error { return r.run(ctx, 0) }

// RunToHead returns when everything is applied, or parked, that is in the store when it begins, whoever did it. Its errors are those of Follow.
func (r *Runner[TX]) RunToHead(ctx context.Context) error {
	head, err := r.db.Store().Head(ctx)
	if err != nil {
		return fmt.Errorf("projection %v: read the head: %w", r.id, err)
	}
	return r.RunTo(ctx, head)
}

// RunTo returns when everything up to a position is applied, or parked, and applies nothing above it: with [PositionAt] it makes read models as of a time. Its errors are those of
// Follow.
func (r *Runner[TX]) RunTo(ctx context.Context, p store.Position) error {
	if p == 0 {
		return r.again(ctx, func() error { return r.prepare(ctx) })
	}
	return r.run(ctx, p)
}

// run runs one session after the other, until the position is reached; 0 is never.
func (r *Runner[TX]) run(ctx context.Context, until store.Position) (err error) {
	r.begins()
	defer func() { r.ends(ctx, err) }()
	holder := r.holder("")
	wait := backoff{o: &r.o}
	for {
		s := &session[TX]{Runner: r, holder: holder, until: until}
		err := r.prepare(ctx)
		if err == nil {
			err = s.run(ctx)
		}
		var leased *LeasedError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return r.ended(ctx, err)
		case errors.As(err, &leased):
			done, lookErr := r.reached(ctx, until)
			if done {
				return nil
			}
			if lookErr == nil || r.transient(lookErr) {
				err = pause(ctx, min(leased.Left, r.o.Poll))
			} else {
				err = lookErr
			}
		case errors.Is(err, ErrFenced), errors.Is(err, ErrChanged):
			r.troubled(err)
			err = ctx.Err() // the next session looks at everything afresh
		case r.transient(err):
			r.troubled(err)
			if s.committed {
				wait.reset()
			}
			err = wait.pause(ctx)
		}
		if err != nil {
			return r.ended(ctx, err)
		}
	}
}

// reached says whether the projection has come to a position, by whatever process. 0 is never reached.
func (r *Runner[TX]) reached(ctx context.Context, p store.Position) (bool, error) {
	state, err := r.target.State(ctx, r.id)
	if err != nil || p == 0 {
		return false, err
	}
	return state.Position >= p, nil
}

// ended puts an error into words.
func (r *Runner[TX]) ended(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return fmt.Errorf("projection %v: %w", r.id, err)
}

// prepare makes the projection known to the target.
func (r *Runner[TX]) prepare(ctx context.Context) error {
	state, err := r.target.State(ctx, r.id)
	switch {
	case err != nil:
		return err
	case state.Known && state.Reads != r.reads: // who stands by is told at once
		if err := verify(ctx, r.db.Store(), r.id, &state); err != nil {
			return err
		}
		return r.passed(ctx, &state)
	case state.Known:
		return nil
	}
	return r.within(ctx, func(tx Tx[TX]) error {
		from, err := tx.Load(ctx)
		if err != nil || from.Known {
			return err
		}
		after, err := r.p.Start.position(ctx, r.db.Store())
		if err != nil {
			return err
		}
		if err := tx.Save(ctx, from, State{Known: true, StoreID: storeID(r.db.Store()), Start: after, Reads: r.reads, Position: after}); err != nil {
			return fmt.Errorf("make the projection known: %w", err)
		}
		if r.p.Setup != nil {
			if err := r.setUp(ctx, tx); err != nil {
				return fmt.Errorf("set up: %w", err)
			}
		}
		return tx.Commit(ctx)
	})
}

// setUp lets Setup make what the handlers change.
func (r *Runner[TX]) setUp(ctx context.Context, tx Tx[TX]) error {
	err := func() (err error) {
		defer recovered("Setup", &err)
		return r.p.Setup(ctx, tx.Handle())
	}()
	return errors.Join(err, tx.Handled(ctx))
}

// within calls f with a transaction, which is rolled back unless f commits it.
func (r *Runner[TX]) within(ctx context.Context, f func(tx Tx[TX]) error) error {
	tx, err := r.target.Begin(ctx, r.id)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer tx.Rollback()
	return f(tx)
}

// again calls f until its error is not transient.
func (r *Runner[TX]) again(ctx context.Context, f func() error) error {
	wait := backoff{o: &r.o}
	for {
		err := f()
		if err == nil || ctx.Err() != nil || !r.transient(err) && !errors.Is(err, ErrChanged) {
			return r.ended(ctx, err)
		}
		if err := wait.pause(ctx); err != nil {
			return r.ended(ctx, err)
		}
	}
}

// pause waits, and returns the error of ctx when that is done before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
