package auth

import (
	"context"
	"errors"
	"time"

	"github.com/gestadb/gesta/store/eventjson"
)

// errChanged is why the context of a follow is done when rights changed.
var errChanged = errors.New("the rights changed")

// changed is the error of a follow whose principal lost its rights: who still has some comes back with them.
func changed() error {
	return &eventjson.Error{
		Code: eventjson.CodeUnauthenticated, Message: "the rights of the caller changed while the read followed",
		Hint: "authenticate again, and go on after the last position",
	}
}

// Watch returns a context that is also done when the rights of the principal change, or its token expires: for what takes so long that nobody else would look at them
// again. stop frees what that takes. Nil has no rights that could change.
func (p *Principal) Watch(ctx context.Context) (watched context.Context, stop func()) {
	if p == nil || !p.mayChange() {
		return ctx, func() {}
	}
	watched, cancel := context.WithCancelCause(ctx)
	detach := func() bool { return false }
	if p.revoked != nil {
		detach = context.AfterFunc(p.revoked, func() { cancel(errChanged) })
	}
	if !p.expires.IsZero() {
		go p.awaitExpiry(watched, cancel)
	}
	return watched, func() {
		detach()
		cancel(nil)
	}
}

// awaitExpiry cancels when the token has expired, and returns then or when ctx is done. It looks at the clock each minute, which may have been set.
func (p *Principal) awaitExpiry(ctx context.Context, cancel context.CancelCauseFunc) {
	for !p.expired() {
		timer := time.NewTimer(min(p.expires.Sub(p.clock()), time.Minute))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
	cancel(errChanged)
}

// whyEnded returns the error of a read, or what ended its context where that was the principal's rights.
func (p *Principal) whyEnded(watched context.Context, err error) error {
	if errors.Is(context.Cause(watched), errChanged) && errors.Is(err, context.Canceled) {
		return changed()
	}
	return err
}

// mayChange says that the rights may come to an end.
func (p *Principal) mayChange() bool { return p.revoked != nil || !p.expires.IsZero() }
