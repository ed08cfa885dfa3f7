package projection

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// verify holds the checkpoint against the store: it has to be the one that was projected, and to have at least what was seen of it, at once or soon. Where the last event seen has been
// truncated away, there is nothing left to compare.
func verify(ctx context.Context, from store.Store, id ID, s *State) error {
	if here := storeID(from); here != s.StoreID {
		return &HistoryError{id, fmt.Sprintf("it was made of store %q, this is %q", s.StoreID, here)}
	}
	head, err := headFrom(ctx, from, s.Position)
	if err != nil {
		return fmt.Errorf("hold the checkpoint against the store: %w", err)
	}
	if head < s.Position {
		return &HistoryError{id, fmt.Sprintf("it has seen the store up to position %d, which now ends at %d", s.Position, head)}
	}
	if s.Last == 0 {
		return nil
	}
	r, err := eventAt(ctx, from, s.Last)
	switch {
	case errors.Is(err, store.ErrTruncated):
		return nil
	case errors.Is(err, store.ErrNotFound):
		return &HistoryError{id, fmt.Sprintf("the last event that it has seen, at position %d, is not there", s.Last)}
	case err != nil:
		return fmt.Errorf("hold the checkpoint against the store: %w", err)
	}
	if hash := envelopeHash(&r); hash != s.Hash {
		return &HistoryError{id, fmt.Sprintf("the event at position %d is not the one that it has seen", s.Last)}
	}
	return nil
}

// lagging is how long a store may need to come to where another process has seen it: one that reads beside the writer hears of events a little later.
const lagging = time.Second

// headFrom returns the head of a store, which it lets come to a position, for a while.
func headFrom(ctx context.Context, from store.Store, p store.Position) (store.Position, error) {
	head, err := from.Head(ctx)
	if err != nil || head >= p {
		return head, err
	}
	waiting, stop := context.WithTimeout(ctx, lagging)
	defer stop()
	for _, err := range from.Read(waiting, nil, store.ReadOptions{After: p - 1, Until: p, Follow: true}) {
		if err != nil && waiting.Err() == nil {
			return 0, err
		}
	}
	return from.Head(ctx)
}

// storeID returns the id of a store, empty where it has none.
func storeID(s store.Store) string {
	if named, ok := store.As[store.Identity](s); ok {
		return named.StoreID()
	}
	return ""
}

// eventAt returns the event at a position, or an error that is [store.ErrNotFound].
func eventAt(ctx context.Context, from store.Store, p store.Position) (store.Recorded, error) {
	for r, err := range from.Read(ctx, nil, store.ReadOptions{After: p - 1, Until: p}) {
		return r, err
	}
	return store.Recorded{}, fmt.Errorf("%w: there is no event at position %d", store.ErrNotFound, p)
}

// envelopeHash returns the SHA-256 of all that is said of an event but for data and metadata, which may be erased: integers as 8 bytes, little-endian, texts with their
// length before them.
func envelopeHash(r *store.Recorded) string {
	b := make([]byte, 0, 512)
	number := func(n uint64) { b = binary.LittleEndian.AppendUint64(b, n) }
	text := func(s string) { number(uint64(len(s))); b = append(b, s...) }
	moment := func(t time.Time) {
		if t.IsZero() {
			number(0)
			return
		}
		number(1)
		number(uint64(t.UnixMicro()))
	}
	number(uint64(r.Position))
	number(uint64(r.Commit))
	number(r.Version)
	number(uint64(r.SchemaVersion))
	moment(r.RecordedAt)
	moment(r.EffectiveAt)
	for _, s := range []string{r.ID, r.Stream, r.Type, r.ContentType} {
		text(s)
	}
	number(uint64(len(r.Tags)))
	for _, tag := range r.Tags {
		text(tag)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
