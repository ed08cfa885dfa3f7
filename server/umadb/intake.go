package umadb

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/store/eventjson"
)

// Intake bounds the requests that are received at once. Without a place nothing of a request is read, so that its sender may send no more
// than [StreamWindow]. It is used by any number of goroutines.
type Intake struct {
	places chan struct{}
	within time.Duration
}

// NewIntake returns an intake with a number of places. Who has not sent all of a request within a time, the wait for a place included,
// is told so.
func NewIntake(places int, within time.Duration) *Intake {
	return &Intake{places: make(chan struct{}, places), within: within}
}

// Receive calls receive, which reads the request of a call into m. ctx is that of the call.
func (in *Intake) Receive(ctx context.Context, receive func(any) error, m any) error {
	if err := in.take(ctx, receive, m); err != nil {
		return err
	}
	in.leave()
	return nil
}

// take is Receive for who keeps the place, and leaves it later, unless there is an error.
func (in *Intake) take(ctx context.Context, receive func(any) error, m any) error {
	w := newWatch(ctx, in.within, "the request was not received in time")
	defer w.end()
	if err := in.enter(ctx); err != nil {
		return err
	}
	if err := receive(m); err != nil {
		in.leave()
		return err
	}
	return nil
}

// enter waits for a place, for which the client can do nothing.
func (in *Intake) enter(ctx context.Context) error {
	conn := connectionOf(ctx)
	conn.AtWork(1)
	defer conn.AtWork(-1)
	select {
	case in.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func (in *Intake) leave() { <-in.places }

// watch ends a call that takes too long, even where it is blocked in what it receives or sends.
type watch struct {
	ctx     context.Context //nolint:containedctx // of the call that is watched
	message string
	timer   *time.Timer
	fired   atomic.Bool // before the call ends for its client
}

var watches = sync.Pool{New: func() any {
	w := &watch{}
	w.timer = time.AfterFunc(time.Hour, w.interrupt)
	w.timer.Stop()
	return w
}}

// newWatch begins to watch a call. Who watches ends it.
func newWatch(ctx context.Context, within time.Duration, message string) *watch {
	w, _ := watches.Get().(*watch)
	w.ctx, w.message = ctx, message
	w.timer.Reset(within)
	return w
}

// end says whether the call was not interrupted. It is called once.
func (w *watch) end() bool {
	if !w.timer.Stop() {
		return false // the timer's function has it
	}
	w.ctx = nil
	watches.Put(w)
	return true
}

// interrupt ends the call for its client, by which the stream's context is done: what blocks on that returns.
func (w *watch) interrupt() {
	w.fired.Store(true)
	end, ok := grpc.ServerTransportStreamFromContext(w.ctx).(interface{ WriteStatus(s *status.Status) error })
	if ok {
		_ = end.WriteStatus(status.Convert(Error(w.ctx, eventjson.CodeTimeout, w.message))) // it fails where the client is gone
	}
}
