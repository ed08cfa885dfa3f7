package answers

import (
	"context"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// StatsDocument is the document of what a store holds, beside its basis.
type StatsDocument struct {
	Events           uint64      `json:"events"`
	Streams          uint64      `json:"streams"`
	Types            uint64      `json:"types"`
	Tags             uint64      `json:"tags"`
	Commits          uint64      `json:"commits"`
	SystemEvents     uint64      `json:"systemEvents"`
	Late             uint64      `json:"late"`
	Bytes            MediumBytes `json:"bytes"`
	Segments         int         `json:"segments"`
	ClockBehindUs    int64       `json:"clockBehindUs"`
	FirstRecordedAt  string      `json:"firstRecordedAt,omitempty"`
	LastRecordedAt   string      `json:"lastRecordedAt,omitempty"`
	FirstEffectiveAt string      `json:"firstEffectiveAt,omitempty"`
	LastEffectiveAt  string      `json:"lastEffectiveAt,omitempty"`
}

// MediumBytes is the room that a store takes.
type MediumBytes struct {
	Log   int64 `json:"log"`
	Index int64 `json:"index"`
}

// Stats counts what the store holds, and measures the medium where it can be. truncated is as for [history.Read]. To who may not read everything it is denied.
func (q *Question) Stats(ctx context.Context, truncated func(store.Position)) (c history.Stats, m store.Stats, err error) {
	if err := store.MayRead(ctx, q.Store, nil); err != nil {
		return c, m, err
	}
	if q.Until > 0 {
		if c, err = history.CountStats(ctx, q.Store, q.Until, truncated); err != nil {
			return c, m, err
		}
	}
	if medium, ok := store.As[store.Measurer](q.Store); ok {
		if m, err = medium.Stats(ctx); err != nil {
			return c, m, err // it says what was done
		}
	}
	return c, m, nil
}

// NewStats returns the document.
func NewStats(c *history.Stats, m *store.Stats) StatsDocument {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return eventjson.FormatTime(t)
	}
	return StatsDocument{
		Events: c.Events, Streams: c.Streams, Types: c.Types, Tags: c.Tags, Commits: c.Commits,
		SystemEvents: c.SystemEvents, Late: c.Late,
		Bytes: MediumBytes{Log: m.LogBytes, Index: m.IndexBytes}, Segments: m.Segments,
		ClockBehindUs:   m.ClockBehind.Microseconds(),
		FirstRecordedAt: text(c.FirstRecordedAt), LastRecordedAt: text(c.LastRecordedAt),
		FirstEffectiveAt: text(c.FirstEffectiveAt), LastEffectiveAt: text(c.LastEffectiveAt),
	}
}
