package umadb

import (
	"context"
	"math"

	"google.golang.org/grpc"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const (
	defaultBatch = 1024
	maxBatch     = 4096
)

// followed is what UmaDB says to a read that would follow, which clients may look for.
const followed = "The `subscribe` argument of `read()` has been deprecated. Please call the `subscribe()` method instead."

// tooLong is what a read is told that took longer than it may.
const tooLong = "read took too long"

// batchOf returns the events of a message at the most.
func batchOf(asked optional) int {
	if !asked.set {
		return defaultBatch
	}
	return int(min(max(asked.n, 1), maxBatch))
}

// read answers Read.
func (s *Service) read(r *readRequest, stream grpc.ServerStream) error {
	ctx := stream.Context()
	if r.follow {
		return invalid.fail(ctx, followed)
	}
	if problem := s.excessOf(&r.query); problem != "" {
		return invalid.fail(ctx, problem)
	}
	if s.o.MaxReadTime <= 0 {
		return s.readFrom(ctx, r, stream)
	}
	w := newWatch(ctx, s.o.MaxReadTime, tooLong)
	err := s.readFrom(ctx, r, stream)
	if !w.end() {
		return Error(ctx, eventjson.CodeTimeout, tooLong) // as the client has been told
	}
	return err
}

func (s *Service) readFrom(ctx context.Context, r *readRequest, stream grpc.ServerStream) error {
	st, err := s.o.Store(ctx)
	if err == nil {
		err = s.readAll(ctx, st, r, stream)
	}
	if err != nil {
		return failure(ctx, err)
	}
	return nil
}

func (s *Service) readAll(ctx context.Context, st store.Store, r *readRequest, stream grpc.ServerStream) error {
	if r.limit.set && r.limit.n == 0 {
		return nil
	}
	b := batch{stream: stream, size: batchOf(r.batchSize), own: r.limit.set}
	defer b.drop()
	o := store.ReadOptions{Backward: r.backwards}
	empty := false
	if !r.limit.set {
		head, err := s.shownHead(ctx, st)
		if err != nil {
			return err
		}
		if head > 0 {
			b.head = &head
		}
		o.Until, empty = head, head == 0
	}
	o, within := r.bounds(o)
	q, possible := r.query.possible()
	if !empty && within && possible {
		if err := b.readInto(ctx, st, q, o, r.limit); err != nil {
			return err
		}
	}
	if b.events > 0 || !b.sent {
		return b.send()
	}
	return nil
}

// bounds returns the options with the positions of the request; false when there is nothing between them.
func (r *readRequest) bounds(o store.ReadOptions) (store.ReadOptions, bool) {
	if !r.start.set {
		return o, true
	}
	start := store.Position(min(r.start.n, uint64(store.MaxPosition)))
	switch {
	case !r.backwards:
		o.After = start - min(start, 1)
		return o, o.Until == 0 || o.After < o.Until
	case start == 0:
		return o, false
	case o.Until == 0 || start < o.Until:
		o.Until = start
	}
	return o, true
}

// readInto sends what the read finds; the last message, when it is not full, is left for the caller to send.
func (b *batch) readInto(ctx context.Context, st store.Store, q store.Query, o store.ReadOptions, limit optional) error {
	o.Limit = int(min(limit.n, math.MaxInt32)) // 0 when it is not set: no limit
	for {
		holes := 0
		last := store.Position(0)
		for e, err := range st.Read(ctx, q, o) {
			if err != nil {
				return err
			}
			last = e.Position
			if store.IsSystem(e.Stream) {
				holes++
			} else if err := b.add(&e); err != nil {
				return err
			} else if limit.set {
				limit.n--
			}
		}
		if o.Limit == 0 || holes == 0 || limit.n == 0 {
			return nil
		}
		// Holes took places of the limit: what is left of it is read from there on.
		o.Limit = int(min(limit.n, math.MaxInt32))
		if !o.Backward {
			o.After = last
		} else if o.Until = last - 1; o.Until <= o.After {
			return nil
		}
	}
}
