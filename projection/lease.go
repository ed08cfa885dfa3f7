package projection

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// holder returns the name under which a run takes the lease: the name that was given to the runner, the runner's own, and which run it is.
func (r *Runner[TX]) holder(kind string) string {
	run := fmt.Sprintf("%s/%s%d", r.self, kind, r.runs.Add(1))
	if r.o.Holder == "" {
		return run
	}
	return r.o.Holder + "/" + run
}

// succeeds says whether a holder is an earlier runner of the name that was given to this one: a run of a process that has ended, one has to believe.
func (r *Runner[TX]) succeeds(holder string) bool {
	run, ok := strings.CutPrefix(holder, r.o.Holder+"/")
	return r.o.Holder != "" && ok && strings.Count(run, "/") <= 1 && !strings.HasPrefix(run, r.self+"/")
}

// standBy returns a [*LeasedError] where another one has the lease. Who stands by asks again and again, and so without a transaction, in which the holder would have to wait.
func (s *session[TX]) standBy(ctx context.Context) error {
	if s.seize {
		return nil
	}
	holder, left, err := s.target.Lease(ctx, s.id)
	switch {
	case err != nil:
		return fmt.Errorf("look at the lease: %w", err)
	case left > 0 && holder != s.holder && !s.succeeds(holder):
		return &LeasedError{Holder: holder, Left: left}
	}
	return nil
}

// take takes the lease.
func (s *session[TX]) take(ctx context.Context, tx Tx[TX]) (fence uint64, err error) {
	fence, err = tx.Take(ctx, s.holder, s.o.Lease, s.seize)
	var leased *LeasedError
	if errors.As(err, &leased) && s.succeeds(leased.Holder) {
		return tx.Take(ctx, s.holder, s.o.Lease, true)
	}
	return fence, err
}
