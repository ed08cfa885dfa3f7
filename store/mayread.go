package store

import "context"

// MayReader is a store, or one around it, that shows a caller perhaps less than it holds: reads leave out what the caller may not see, and do not say that they do.
// Whoever makes one answer out of many events, such as a state or a number, asks first, lest a part of it passes for the whole, or reads with [ReadOptions].Whole, which the store
// then holds against the same rule.
//
// It is no power: a power is lost where a wrapper does not mention it, and a limit of rights must not be. [MayRead] asks all of them.
type MayReader interface {
	// MayRead returns nil where the caller may read every event that matches q, those to come included and those of system streams that q does not name aside. Otherwise the
	// error says which right is missing, and never what is there.
	MayRead(ctx context.Context, q Query) error
}

// MayRead asks every [MayReader] among a store and those that it wraps, from the outermost on, and returns the first error. Where there is none, everything may be read.
func MayRead(ctx context.Context, s Store, q Query) error {
	for s != nil {
		if r, ok := s.(MayReader); ok {
			if err := r.MayRead(ctx, q); err != nil {
				return err
			}
		}
		w, ok := s.(Wrapper)
		if !ok {
			return nil
		}
		s = w.Unwrap()
	}
	return nil
}
