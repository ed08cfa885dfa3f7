package history

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// Stats count what a store holds. But for SystemEvents nothing counts what is in system streams, whose names begin with $.
type Stats struct {
	Events, Streams, Types, Tags, Commits uint64

	SystemEvents uint64

	// Late is how many events have an effective time below that of an earlier event of their stream.
	Late uint64

	// The bounds of the times of events; zero when there is none.
	FirstRecordedAt, LastRecordedAt, FirstEffectiveAt, LastEffectiveAt time.Time
}

// counter collects what Stats counts.
type counter struct {
	Stats
	latest map[string]time.Time // the highest effective time of each stream
	types  map[string]struct{}
	tags   map[string]struct{}
	commit store.Position // of the last event that counted
}

// CountStats reads every event up to until, 0 for the head, and counts. It keeps the names of streams, types and tags in memory. truncated is
// as for [Read].
func CountStats(ctx context.Context, s store.Store, until store.Position, truncated func(store.Position)) (Stats, error) {
	c := counter{latest: map[string]time.Time{}, types: map[string]struct{}{}, tags: map[string]struct{}{}}
	for r, err := range Read(ctx, s, nil, store.ReadOptions{Until: until, Whole: true}, truncated) {
		if err != nil {
			return Stats{}, fmt.Errorf("count events: %w", err)
		}
		c.count(&r)
	}
	c.Streams, c.Types, c.Tags = uint64(len(c.latest)), uint64(len(c.types)), uint64(len(c.tags))
	return c.Stats, nil
}

func (c *counter) count(r *store.Recorded) {
	if store.IsSystem(r.Stream) {
		c.SystemEvents++
		return
	}
	c.Events++
	if r.Commit != c.commit {
		c.commit = r.Commit
		c.Commits++
	}
	c.types[r.Type] = struct{}{}
	for _, t := range r.Tags {
		c.tags[t] = struct{}{}
	}
	effective := r.Effective()
	if c.FirstRecordedAt.IsZero() {
		c.FirstRecordedAt = r.RecordedAt
		c.FirstEffectiveAt = effective
	}
	c.LastRecordedAt = r.RecordedAt
	if effective.Before(c.FirstEffectiveAt) {
		c.FirstEffectiveAt = effective
	}
	if effective.After(c.LastEffectiveAt) {
		c.LastEffectiveAt = effective
	}
	if r.Stream == "" {
		return
	}
	switch latest, known := c.latest[r.Stream]; {
	case known && effective.Before(latest):
		c.Late++
	case !known || effective.After(latest):
		c.latest[r.Stream] = effective
	}
}
