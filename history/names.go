package history

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// Streams yields the streams of a store by name as they were at the position until, 0 for now, system streams only where
// o.Prefix begins with $. Now is answered by the power [store.Lister], the past by reading all events up to then.
func Streams(ctx context.Context, s store.Store, o store.StreamsOptions, until store.Position) iter.Seq2[store.StreamInfo, error] {
	return func(yield func(store.StreamInfo, error) bool) {
		left, limited := o.Limit, o.Limit > 0
		wanted := o
		wanted.Limit = 0 // hidden streams do not count
		for info, err := range allStreams(ctx, s, wanted, until) {
			if err == nil && store.IsSystem(info.Stream) && !store.IsSystem(o.Prefix) {
				continue
			}
			if !yield(info, err) {
				return
			}
			if left--; limited && left <= 0 {
				return
			}
		}
	}
}

func allStreams(ctx context.Context, s store.Store, o store.StreamsOptions, until store.Position) iter.Seq2[store.StreamInfo, error] {
	if lister, ok := store.As[store.Lister](s); ok && until == 0 {
		return lister.Streams(ctx, o)
	}
	return func(yield func(store.StreamInfo, error) bool) {
		found := map[string]store.StreamInfo{}
		for r, err := range Read(ctx, s, nil, store.ReadOptions{Until: until}, nil) {
			if err != nil {
				yield(store.StreamInfo{}, fmt.Errorf("list streams: %w", err))
				return
			}
			if r.Stream != "" && strings.HasPrefix(r.Stream, o.Prefix) && r.Stream > o.After {
				found[r.Stream] = store.StreamInfo{
					Stream: r.Stream, Version: r.Version, LastPosition: r.Position, LastRecordedAt: r.RecordedAt,
				}
			}
		}
		for _, name := range slices.Sorted(maps.Keys(found)) {
			if !yield(found[name], nil) {
				return
			}
		}
	}
}

// Types returns the types of a store by name with the number of their events outside of system streams, as they were at the
// position until, 0 for now.
func Types(ctx context.Context, s store.Store, until store.Position) ([]store.TypeInfo, error) {
	counts := map[string]uint64{}
	lister, listed := store.As[store.Lister](s)
	listed = listed && until == 0
	if listed {
		for info, err := range lister.Types(ctx) {
			if err != nil {
				return nil, fmt.Errorf("list types: %w", err)
			}
			counts[info.Type] = info.Events
		}
		if err := subtractSystem(ctx, s, lister, counts); err != nil {
			return nil, err
		}
	} else {
		for r, err := range Read(ctx, s, nil, store.ReadOptions{Until: until, Whole: true}, nil) {
			if err != nil {
				return nil, fmt.Errorf("count types: %w", err)
			}
			if !store.IsSystem(r.Stream) {
				counts[r.Type]++
			}
		}
	}
	var out []store.TypeInfo
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			out = append(out, store.TypeInfo{Type: name, Events: counts[name]})
		}
	}
	return out, nil
}

// subtractSystem takes the events of system streams out of counts of types.
func subtractSystem(ctx context.Context, s store.Store, lister store.Lister, counts map[string]uint64) error {
	for info, err := range lister.Streams(ctx, store.StreamsOptions{Prefix: "$"}) {
		if err != nil {
			return fmt.Errorf("list system streams: %w", err)
		}
		for r, err := range Read(ctx, s, store.Query{{Stream: info.Stream}}, store.ReadOptions{}, nil) {
			if err != nil {
				return fmt.Errorf("read system stream %s: %w", info.Stream, err)
			}
			if counts[r.Type] > 0 {
				counts[r.Type]--
			}
		}
	}
	return nil
}
