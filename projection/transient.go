package projection

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"net"
	"time"
)

// transient says of an error that the same may succeed later: it says nothing about the event.
func (r *Runner[TX]) transient(err error) bool {
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded): // of a context of its own: that of the run is asked before
		return true
	case errors.As(err, &network), errors.Is(err, driver.ErrBadConn):
		return true
	case r.target.Transient(err):
		return true
	}
	return r.p.Transient != nil && r.p.Transient(err)
}

// backoff waits longer each time. It is used by one goroutine.
type backoff struct {
	o    *Options
	next time.Duration
}

// pause waits between half of the next wait and all of it.
func (b *backoff) pause(ctx context.Context) error {
	b.next = min(max(2*b.next, b.o.BackoffMin), b.o.BackoffMax)
	return pause(ctx, b.next/2+rand.N(b.next/2+1)) //nolint:gosec // jitter
}

func (b *backoff) reset() { b.next = 0 }
