package umadb

import (
	"context"
	"errors"
	"math"

	"google.golang.org/grpc"

	"github.com/gestadb/gesta/store"
)

// subscribe answers Subscribe. It ends well when the service is closed.
func (s *Service) subscribe(r *subscribeRequest, stream grpc.ServerStream) error {
	if problem := s.excessOf(&r.query); problem != "" {
		return invalid.fail(stream.Context(), problem)
	}
	if r.after.n == math.MaxUint64 {
		return nil
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(s.open, cancel)()
	st, err := s.o.Store(ctx)
	if err != nil {
		return failure(stream.Context(), err)
	}
	// Clients wait for the headers, which would come with the first event.
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	err = s.follow(ctx, st, r, stream)
	if s.open.Err() != nil {
		return nil
	}
	return failure(stream.Context(), err)
}

// follow sends events until ctx is done.
func (s *Service) follow(ctx context.Context, st store.Store, r *subscribeRequest, stream grpc.ServerStream) error {
	q, possible := r.query.possible()
	if !possible {
		<-ctx.Done()
		return ctx.Err()
	}
	b := s.newBatch(stream, r.batchSize)
	defer b.end()
	b.open = ctx
	var failed error // of sending, which the read learns with the next event, or by the end of ctx
	o := store.ReadOptions{
		After:  store.Position(min(r.after.n, uint64(store.MaxPosition))),
		Follow: true,
		Progress: func(_ store.Position, live bool) {
			if live && b.events > 0 && failed == nil {
				failed = b.send()
			}
		},
	}
	for {
		err := b.followInto(ctx, st, q, &o, &failed)
		if !errors.Is(err, errFull) {
			return err
		}
		if err := b.wait(); err != nil {
			return err
		}
	}
}

// followInto sends what the read finds until ctx is done, or an event waits for room: then o says where to go on.
func (b *batch) followInto(ctx context.Context, st store.Store, q store.Query, o *store.ReadOptions, failed *error) error {
	for e, err := range st.Read(ctx, q, *o) {
		if err = errors.Join(*failed, err); err != nil {
			return err
		}
		if !store.IsSystem(e.Stream) {
			if err := b.add(&e); err != nil {
				return err
			}
		}
		o.After = e.Position
	}
	return ctx.Err()
}
