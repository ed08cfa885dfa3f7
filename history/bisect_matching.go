package history

import (
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
)

// matching looks for the streams that a bisection is about.
type matching struct {
	glob         Glob
	after, until store.Position
	streamless   uint64 // how many events have no stream, where that is known; else 0
}

// names yields the names of the streams that match and have an event between two positions; a stream that came later may be among them. Those of today are listed,
// those of the past found by reading events.
func (m *matching) names(ctx context.Context, s store.Store) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if m.until <= m.after {
			return
		}
		head, err := s.Head(ctx)
		if err != nil {
			yield("", err)
			return
		}
		lister, ok := store.As[store.Lister](s)
		if !ok || m.after > 0 || m.until < head {
			t := touching{after: m.after, until: m.until, room: maxTouchedBytes, wanted: m.glob.Match}
			for name, err := range t.names(ctx, s) {
				if !yield(name, err) {
					return
				}
			}
			m.streamless = t.streamless
			return
		}
		var versions uint64
		for info, err := range Streams(ctx, s, store.StreamsOptions{Prefix: m.glob.Prefix()}, 0) {
			if (err != nil || m.glob.Match(info.Stream)) && !yield(info.Stream, err) {
				return
			}
			versions += info.Version
		}
		if m.glob != "" {
			return
		}
		if m.streamless, err = streamless(ctx, s, lister, versions, head); err != nil {
			yield("", err)
		}
	}
}

// streamless returns how many events have no stream where the others have those versions and the head was there before they were added up; 0 where that cannot be told from what is
// counted.
func streamless(ctx context.Context, s store.Store, lister store.Lister, versions uint64, head store.Position) (uint64, error) {
	for info, err := range lister.Streams(ctx, store.StreamsOptions{Prefix: "$"}) {
		if err != nil {
			return 0, fmt.Errorf("list system streams: %w", err)
		}
		versions += info.Version
	}
	var events uint64
	for info, err := range lister.Types(ctx) {
		if err != nil {
			return 0, fmt.Errorf("count types: %w", err)
		}
		events += info.Events
	}
	first, err := FirstLeft(ctx, s)
	if err != nil {
		return 0, err
	}
	now, err := s.Head(ctx)
	if err != nil || now != head || first > 1 || events < versions {
		return 0, err
	}
	return events - versions, nil
}
