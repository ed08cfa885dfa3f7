package projection

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// WaitFor returns when the projection has come to a position, so that what was appended up to there can be read: applied, or parked. It hears it at once from a run of this
// runner, and asks the target each Options.Poll for what other processes do. When the last run of this runner has stopped with an error, or does while it waits, and none has begun since,
// it returns that error. Otherwise it waits until ctx is done, and says then how far the projection was: give ctx a deadline.
func (r *Runner[TX]) WaitFor(ctx context.Context, p store.Position) error {
	r.waiting.Add(1)
	defer r.waiting.Add(-1)
	ask := time.NewTimer(0)
	defer ask.Stop()
	if r.running.Load() > 0 {
		ask.Reset(r.o.Poll)
	}
	for {
		at, moved, stopped := r.sight()
		if at >= p {
			return nil
		}
		if stopped != nil { // another process may have come to it all the same
			if err := r.look(ctx); err != nil {
				return r.ended(ctx, fmt.Errorf("wait for position %d: %w", p, err))
			}
			if at, _, _ = r.sight(); at >= p {
				return nil
			}
			return fmt.Errorf("wait for position %d: %w", p, stopped)
		}
		select {
		case r.demand <- struct{}{}: // so that a checkpoint that would wait for more moves now
		default:
		}
		select {
		case <-moved:
		case <-ask.C:
			if err := r.look(ctx); err != nil && ctx.Err() == nil {
				return r.ended(ctx, fmt.Errorf("wait for position %d: %w", p, err))
			}
			ask.Reset(r.o.Poll)
		case <-ctx.Done():
			return fmt.Errorf("projection %v: wait for position %d: %w at position %d", r.id, p, ctx.Err(), at)
		}
	}
}

// sight returns how far the projection is known to be, what is closed when that changes, and why it has stopped here.
func (r *Runner[TX]) sight() (store.Position, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.position, r.moved, r.stopped
}

// begins takes note that a run begins.
func (r *Runner[TX]) begins() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active++
	r.stopped = nil
}

// ends takes note of how a run has ended, and wakes who waits for it in vain.
func (r *Runner[TX]) ends(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active--
	if err == nil || ctx.Err() != nil || r.active > 0 {
		return
	}
	r.stopped = err
	close(r.moved)
	r.moved = make(chan struct{})
}

// look asks the target how far the projection is. What is transient is asked again by who waits.
func (r *Runner[TX]) look(ctx context.Context) error {
	state, err := r.target.State(ctx, r.id)
	if err != nil {
		if ctx.Err() == nil && r.transient(err) {
			return nil
		}
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.position = max(r.seen.position, state.Position)
	return nil
}
