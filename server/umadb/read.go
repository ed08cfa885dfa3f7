package umadb

import (
	"context"
	"errors"
	"math"
	"sync/atomic"

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
		return s.readFrom(ctx, r, stream, nil)
	}
	w := newWatch(ctx, s.o.MaxReadTime, tooLong)
	err := s.readFrom(ctx, r, stream, &w.fired)
	if !w.end() {
		return Error(ctx, eventjson.CodeTimeout, tooLong) // as the client has been told
	}
	return err
}

// readFrom is read within its time. late, which may be nil, says that it is over.
func (s *Service) readFrom(ctx context.Context, r *readRequest, stream grpc.ServerStream, late *atomic.Bool) error {
	st, err := s.o.Store(ctx)
	if err == nil {
		b := s.newBatch(stream, r.batchSize)
		defer b.end()
		b.own, b.late = r.limit.set, late
		err = b.readAll(ctx, s, st, r)
	}
	if err != nil {
		return failure(ctx, err)
	}
	return nil
}

func (b *batch) readAll(ctx context.Context, s *Service, st store.Store, r *readRequest) error {
	if r.limit.set && r.limit.n == 0 {
		return nil
	}
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
	if b.events > 0 || !b.begun {
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
	for {
		o.Limit = int(min(limit.n, math.MaxInt32)) // 0 when it is not set: no limit
		holes := 0
		last := store.Position(0)
		for e, err := range st.Read(ctx, q, o) {
			if err != nil {
				return err
			}
			if store.IsSystem(e.Stream) {
				holes++
			} else if err := b.add(&e); errors.Is(err, errFull) {
				break
			} else if err != nil {
				return err
			} else if limit.set {
				limit.n--
			}
			last = e.Position
		}
		if b.wanted == 0 && (o.Limit == 0 || holes == 0 || limit.n == 0) {
			return nil
		}
		// An event waits for room, and is read again when there is some; or holes took places of the limit: what is left is read from there on.
		if b.wanted > 0 {
			if err := b.wait(); err != nil {
				return err
			}
		}
		if last == 0 {
			continue
		}
		if !o.Backward {
			o.After = last
		} else if o.Until = last - 1; o.Until <= o.After {
			return nil
		}
	}
}
