package projection

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// Together stops two versions of a projection at one position, takes both leases, and calls f in a transaction that both are part of: what it reads of one and the other is of the
// same prefix of the store, and what it changes happens while neither moves. It brings the version that is behind forward first. Runners of the two, in any process, lose their leases, and
// are in line again when it returns. F may be called more than once, until a transaction with it commits; its error is returned and undoes all that it did.
//
// Both runners have the same target, one that can hold them: memory cannot. An error of f that is transient is tried again.
func Together[TX any](ctx context.Context, a, b *Runner[TX], f func(ctx context.Context, p store.Position, tx Tx[TX]) error) error {
	if a.target != b.target || a.id == b.id {
		return fmt.Errorf("projections %v and %v: they are to be two, in one target", a.id, b.id)
	}
	return a.again(ctx, func() error {
		err := together(ctx, a, b, f)
		if errors.Is(err, ErrFenced) { // it took longer than a lease
			err = fmt.Errorf("%w: %w", ErrChanged, err)
		}
		return err
	})
}

func together[TX any](ctx context.Context, a, b *Runner[TX], f func(ctx context.Context, p store.Position, tx Tx[TX]) error) error {
	near, err := furthest(ctx, a, b)
	if err != nil {
		return err
	}
	for _, r := range []*Runner[TX]{a, b} { // while both go on, so that little is left to do under the leases
		if err := r.RunTo(ctx, near); err != nil {
			return err
		}
	}
	holder := a.holder("together-")
	sessions := []*session[TX]{{Runner: a, holder: holder, seize: true}, {Runner: b, holder: holder, seize: true}}
	for _, s := range sessions {
		if err := s.begin(ctx); err != nil {
			return err
		}
		defer s.release(ctx)
	}
	at := max(sessions[0].state.Position, sessions[1].state.Position)
	for _, s := range sessions {
		if s.until = at; s.done() {
			continue
		}
		if err := s.work(ctx); err != nil {
			return err
		}
	}
	return a.within(ctx, func(tx Tx[TX]) error {
		beside, ok := tx.(Beside)
		if !ok {
			return fmt.Errorf("%w: the target holds one version alone", store.ErrUnsupported)
		}
		for _, s := range sessions {
			books := beside.Of(s.id)
			if err := books.Hold(ctx, s.fence, s.o.Lease); err != nil {
				return fmt.Errorf("hold the lease of %v: %w", s.id, err)
			}
			now, err := books.Load(ctx)
			if err != nil {
				return fmt.Errorf("read the checkpoint of %v: %w", s.id, err)
			}
			if now.Position != at {
				return fmt.Errorf("%w: %v is at position %d, not %d", ErrChanged, s.id, now.Position, at)
			}
		}
		if err := f(ctx, at, tx); err != nil {
			return err
		}
		if err := tx.Handled(ctx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// furthest returns the position of the one that is further.
func furthest[TX any](ctx context.Context, a, b *Runner[TX]) (store.Position, error) {
	first, err := a.target.State(ctx, a.id)
	if err != nil {
		return 0, err
	}
	second, err := b.target.State(ctx, b.id)
	return max(first.Position, second.Position), err
}
