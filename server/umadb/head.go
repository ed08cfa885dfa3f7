package umadb

import (
	"context"
	"errors"

	"github.com/gestadb/gesta/store"
)

// head answers Head.
func (s *Service) head(ctx context.Context, _ *headRequest) (outgoing, error) {
	st, err := s.o.Store(ctx)
	if err != nil {
		return nil, failure(ctx, err)
	}
	p, err := s.shownHead(ctx, st)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return position(p), nil
}

// headWindow is how far below the store's head shownHead looks, in positions.
const headWindow = 1024

// shownHead returns the position of the last event that is no hole, 0 when there is none. Where the caller finds none in the last headWindow
// positions it is the store's head, which lies above all events that they may see: a head asks for no long read.
func (s *Service) shownHead(ctx context.Context, st store.Store) (store.Position, error) {
	head, err := st.Head(ctx)
	if err != nil || head == 0 || uint64(head) == s.shown.Load() {
		return head, err
	}
	low := head - min(head, headWindow)
	for e, err := range st.Read(ctx, nil, store.ReadOptions{After: low, Until: head, Backward: true}) {
		if err != nil {
			return 0, err
		}
		if !store.IsSystem(e.Stream) {
			s.note(e.Position)
			return e.Position, nil
		}
	}
	if low == 0 {
		return 0, nil
	}
	return head, nil
}

// note takes note of a position that is no hole.
func (s *Service) note(p store.Position) {
	for {
		known := s.shown.Load()
		if uint64(p) <= known || s.shown.CompareAndSwap(known, uint64(p)) {
			return
		}
	}
}

// tracked answers GetTrackingInfo.
func (s *Service) tracked(ctx context.Context, r *trackingRequest) (outgoing, error) {
	st, err := s.o.Store(ctx)
	if err != nil {
		return nil, failure(ctx, err)
	}
	t, ok := store.As[store.Tracker](st)
	if !ok {
		return nil, failure(ctx, store.ErrUnsupported)
	}
	p, err := t.Tracked(ctx, r.source)
	switch {
	case errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrTooLarge): // nothing can have been tracked
		return position(0), nil
	case err != nil:
		return nil, failure(ctx, err)
	}
	return position(p), nil
}
