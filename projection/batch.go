package projection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

const maxErrorBytes = 4 << 10

// batch is what one transaction does.
type batch struct {
	to     State
	parked []string // keys of the events that it parks
	n      int      // items that it takes
	bytes  int
	stop   error // why the projection stops after it
}

// none is the index of no item.
const none = -1

// flush applies the first part of what was collected, and commits it with the checkpoint. When an event fails, it is repeated with savepoints from there on; or, where that
// has rolled the whole transaction back, without it.
func (s *session[TX]) flush(ctx context.Context) error {
	for careful := len(s.items); ; {
		b, failed, err := s.attempt(ctx, careful)
		if err != nil {
			return err
		}
		if failed != none {
			careful = min(careful, failed)
			continue
		}
		if b.n > 0 || b.stop == nil {
			s.commit(b)
		}
		return b.stop
	}
}

// commit takes note of what was committed.
func (s *session[TX]) commit(b *batch) {
	s.state, s.committed = b.to, true
	for _, key := range b.parked {
		s.parked[key] = true
	}
	left := copy(s.items, s.items[b.n:])
	clear(s.items[left:]) // let go of what they hold
	s.items, s.bytes = s.items[:left], s.bytes-b.bytes
	s.troubled(nil)
	s.progressed(&s.state)
}

// attempt applies what was collected, in one transaction. From item careful on, what fails is undone alone and parked; when one before that fails, or one cannot be undone alone, nothing
// is done, and its index returned.
func (s *session[TX]) attempt(ctx context.Context, careful int) (b *batch, failed int, err error) {
	b, failed = &batch{to: s.state}, none
	err = s.within(ctx, func(tx Tx[TX]) error {
		if err := s.unchanged(ctx, tx); err != nil {
			return err
		}
		began := s.db.Now()
		for i := range s.items {
			if b.n == s.o.BatchEvents || b.bytes >= s.o.BatchBytes || i > 0 && s.db.Now().Sub(began) >= s.o.BatchTime {
				break
			}
			ok, err := s.item(ctx, tx, b, &s.items[i], i >= careful)
			if err != nil {
				return err
			}
			if !ok {
				failed = i
				return nil
			}
			if b.stop != nil {
				break
			}
			b.n++
			b.bytes += len(s.items[i].Data) + len(s.items[i].Metadata)
		}
		return s.save(ctx, tx, b)
	})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("batch after position %d: %w", s.state.Position, err)
	}
	return b, failed, err
}

// unchanged returns an error when someone else has changed the state.
func (s *session[TX]) unchanged(ctx context.Context, tx Tx[TX]) error {
	now, err := tx.Load(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the checkpoint: %w", err)
	case now.Fence != s.fence:
		return ErrFenced
	case now != s.state:
		return ErrChanged
	}
	return nil
}

// save ends a batch: it moves the checkpoint, renews the lease, and commits.
func (s *session[TX]) save(ctx context.Context, tx Tx[TX], b *batch) error {
	switch {
	case b.n == len(s.items) && b.stop == nil:
		b.to.Position = s.scanned
	case b.n == 0:
		return nil // it stops at its first event
	default:
		b.to.Position = s.items[b.n-1].Position
	}
	if b.n > 0 {
		last := &s.items[b.n-1].Recorded
		b.to.Last, b.to.Hash = last.Position, envelopeHash(last)
		b.to.Seen += uint64(b.n)
	}
	if err := tx.Save(ctx, s.state, b.to); err != nil {
		return fmt.Errorf("move the checkpoint: %w", err)
	}
	if err := tx.Hold(ctx, s.fence, s.o.Lease); err != nil {
		return fmt.Errorf("renew the lease: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// item applies one event, or parks it. It returns false when it fails and the batch has to be repeated, with savepoints.
func (s *session[TX]) item(ctx context.Context, tx Tx[TX], b *batch, it *item, careful bool) (bool, error) {
	key, err := s.p.key(&it.Recorded)
	if err != nil {
		b.stop = fmt.Errorf("find the key of position %d: %w", it.Position, err)
		return true, nil
	}
	if key == "" {
		b.stop = &NoKeyError{Projection: s.id, Type: it.Type, Position: it.Position}
		return true, nil
	}
	switch {
	case s.parked[key], slices.Contains(b.parked, key):
		return true, s.park(ctx, tx, b, it, key, errQueued)
	case it.err != nil:
		return true, s.park(ctx, tx, b, it, key, it.err)
	case careful:
		if err := tx.Savepoint(ctx); err != nil {
			return false, fmt.Errorf("set a savepoint: %w", err)
		}
	}
	err = s.handle(ctx, tx, it.events)
	switch {
	case err == nil:
		b.to.Applied++
		return true, nil
	case ctx.Err() != nil, s.transient(err):
		return false, fmt.Errorf("apply position %d: %w", it.Position, err)
	case errors.Is(err, ErrRolledBack):
		it.err = err // there is nothing to undo alone: it is parked when the batch is repeated, and not tried again
		return false, nil
	case !careful:
		return false, nil
	}
	if err := tx.RollbackTo(ctx); err != nil {
		return false, fmt.Errorf("roll back position %d: %w", it.Position, err)
	}
	return true, s.park(ctx, tx, b, it, key, err)
}

// park puts an event aside, unless there are too many.
func (s *session[TX]) park(ctx context.Context, tx Tx[TX], b *batch, it *item, key string, why error) error {
	if b.to.Parked >= s.p.maxParked() {
		b.stop = fmt.Errorf("%w: %d are, and position %d, key %q, would be the next: %w", ErrTooManyParked, b.to.Parked, it.Position, key, why)
		return nil
	}
	b.to.Parked++
	b.parked = append(b.parked, key)
	return putAside(ctx, tx, Parked{Position: it.Position, Key: key, Error: why.Error(), At: s.db.Now()})
}

// putAside writes a parked event, with as much of its error as is kept.
func putAside(ctx context.Context, books Books, p Parked) error {
	if len(p.Error) > maxErrorBytes {
		p.Error = p.Error[:maxErrorBytes]
	}
	p.Error = strings.ReplaceAll(strings.ToValidUTF8(p.Error, "\ufffd"), "\x00", "\ufffd")
	if err := books.Park(ctx, p); err != nil {
		return fmt.Errorf("park position %d: %w", p.Position, err)
	}
	return nil
}

// eventOf is an item as it is read again when its key is retried.
func (r *Runner[TX]) eventOf(ctx context.Context, p store.Position) (item, error) {
	e, err := eventAt(ctx, r.db.Store(), p)
	if err != nil {
		return item{}, fmt.Errorf("read position %d: %w", p, err)
	}
	it := item{Recorded: e}
	r.decode(&it)
	return it, nil
}
