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

// maxTouchedBytes is how much memory the names of touched streams take at the most, about.
const maxTouchedBytes = 16 << 20

// nameOverhead is about what a name takes in memory beside its bytes.
const nameOverhead = 64

// touched yields the names, sorted, of the streams that have events that match q after one position and up to another, but for system streams. It holds names of about room bytes: where
// there are more, it reads the events once for each such part of them.
func touched(ctx context.Context, s store.Store, q store.Query, after, until store.Position, room int) iter.Seq2[string, error] {
	t := touching{query: q, after: after, until: until, room: room, whole: true}
	return t.names(ctx, s)
}

// touching looks for streams with events.
type touching struct {
	query        store.Query
	after, until store.Position
	room         int                    // for names, in bytes
	wanted       func(name string) bool // nil for all
	whole        bool                   // all or an error: see [store.ReadOptions]

	streamless uint64 // how many of the events have no stream
}

func (t *touching) names(ctx context.Context, s store.Store) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if t.until <= t.after {
			return
		}
		for last, more := "", true; more; {
			var (
				names []string
				err   error
			)
			names, more, err = t.next(ctx, s, last)
			if err != nil {
				yield("", err)
				return
			}
			for _, name := range names {
				if !yield(name, nil) {
					return
				}
				last = name
			}
		}
	}
}

// next returns the first names after last, as many as there is room for, and whether there are more.
func (t *touching) next(ctx context.Context, s store.Store, last string) (names []string, more bool, err error) {
	found := map[string]struct{}{}
	size, ceiling := 0, ""
	t.streamless = 0 // each round counts them all
	for r, err := range Read(ctx, s, t.query, store.ReadOptions{After: t.after, Until: t.until, Whole: t.whole}, nil) {
		if err != nil {
			return nil, false, fmt.Errorf("look for streams with events: %w", err)
		}
		name := r.Stream
		if name == "" {
			t.streamless++
		}
		if name <= last || store.IsSystem(name) {
			continue
		}
		if more && name >= ceiling {
			continue
		}
		if _, ok := found[name]; ok || t.wanted != nil && !t.wanted(name) {
			continue
		}
		name = strings.Clone(name)
		found[name] = struct{}{}
		if size += len(name) + nameOverhead; size > t.room && len(found) > 1 {
			sorted := slices.Sorted(maps.Keys(found))
			ceiling, more = sorted[len(sorted)/2], true
			for _, name := range sorted[len(sorted)/2:] {
				delete(found, name)
				size -= len(name) + nameOverhead
			}
		}
	}
	return slices.Sorted(maps.Keys(found)), more, nil
}
