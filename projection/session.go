package projection

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// quietEvents is by how many positions the checkpoint may fall behind where nothing matches.
const quietEvents = 1000

// session is one time under a lease. It is used by one goroutine; what it knows ends with it.
type session[TX any] struct {
	*Runner[TX]

	holder string
	until  store.Position // it ends here; 0 for never
	seize  bool           // it takes the lease whoever has it

	fence     uint64
	state     State           // as it was committed last
	parked    map[string]bool // the keys that are parked
	committed bool            // a batch was committed

	items   []item // the batch
	bytes   int
	scanned store.Position
}

// run takes the lease and applies what comes, until the position is reached. Whatever its error, what it has not committed is as if it never was.
func (s *session[TX]) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.release(ctx)
	return s.work(ctx)
}

// work applies what comes, under the lease that begin has taken.
func (s *session[TX]) work(ctx context.Context) error {
	if err := verify(ctx, s.db.Store(), s.id, &s.state); err != nil {
		return err
	}
	if s.state.Reads != s.reads {
		if err := s.learn(ctx); err != nil {
			return err
		}
	}
	s.running.Add(1)
	defer s.running.Add(-1)
	s.progressed(&s.state)
	if s.done() {
		return nil
	}
	reading, stop := context.WithCancel(ctx)
	chunks := make(chan chunk, chunksAhead)
	go s.read(reading, s.state.Position, chunks)
	defer func() {
		stop()
		for range chunks { // until the reader has ended
		}
	}()
	return s.collect(ctx, chunks)
}

// begin takes the lease, and reads all that the session has to know.
func (s *session[TX]) begin(ctx context.Context) error {
	if err := s.standBy(ctx); err != nil {
		return err
	}
	err := s.within(ctx, func(tx Tx[TX]) error {
		var err error
		if s.fence, err = s.take(ctx, tx); err != nil {
			return fmt.Errorf("take the lease: %w", err)
		}
		if s.state, err = tx.Load(ctx); err != nil {
			return fmt.Errorf("read the checkpoint: %w", err)
		}
		if s.parked, err = parkedKeys(ctx, tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return err
	}
	s.scanned = s.state.Position
	return nil
}

// release gives the lease back. Where that fails it ends by itself.
func (s *session[TX]) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Lease)
	defer cancel()
	_ = s.hold(ctx, 0)
}

// hold renews the lease, or ends it.
func (s *session[TX]) hold(ctx context.Context, d time.Duration) error {
	return s.within(ctx, func(tx Tx[TX]) error {
		if err := tx.Hold(ctx, s.fence, d); err != nil {
			return fmt.Errorf("renew the lease: %w", err)
		}
		return tx.Commit(ctx)
	})
}

// done says whether the session has come to where it ends.
func (s *session[TX]) done() bool { return s.until != 0 && s.state.Position >= s.until }

// collect makes batches of chunks, and applies each when it is due.
func (s *session[TX]) collect(ctx context.Context, chunks <-chan chunk) error {
	renew := time.NewTicker(max(s.o.Lease/4, time.Millisecond))
	defer renew.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	armed := true // due will fire
	for {
		flush := false
		select {
		case c, open := <-chunks:
			if !open {
				return ctx.Err() // without a last chunk it ends with ctx alone
			}
			flush = s.add(&c, len(chunks) > 0)
			if c.end {
				if err := s.flushAll(ctx); err != nil {
					return err
				}
				return c.err
			}
		case <-due.C:
			flush, armed = true, false
		case <-s.demand:
			flush = true
		case <-renew.C:
			if err := s.hold(ctx, s.o.Lease); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if flush {
			if err := s.flushAll(ctx); err != nil {
				return err
			}
		}
		if pending := s.pending(); pending && !armed {
			due.Reset(s.patience())
			armed = true
		}
		if s.done() {
			return nil
		}
	}
}

// add adds a chunk to the batch, and says whether that is to be applied at once. More says that the next chunk is there already.
func (s *session[TX]) add(c *chunk, more bool) bool {
	s.items = append(s.items, c.items...)
	s.bytes += c.bytes
	s.scanned = c.scanned
	switch {
	case len(s.items) >= s.o.BatchEvents, s.bytes >= s.o.BatchBytes:
		return true
	case len(s.items) == 0 && s.scanned >= s.state.Position+quietEvents:
		return true
	}
	return c.live && !more && (len(s.items) > 0 || s.waiting.Load() > 0)
}

// pending says whether there is anything to commit.
func (s *session[TX]) pending() bool { return len(s.items) > 0 || s.scanned > s.state.Position }

// patience is how long what is pending may wait for more.
func (s *session[TX]) patience() time.Duration {
	if len(s.items) > 0 {
		return s.o.BatchTime
	}
	return s.o.Quiet
}

// flushAll applies all that was collected, in one batch or more.
func (s *session[TX]) flushAll(ctx context.Context) error {
	for s.pending() {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}
