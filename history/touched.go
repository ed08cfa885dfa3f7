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
	return func(yield func(string, error) bool) {
		if until <= after {
			return
		}
		for last, more := "", true; more; {
			var (
				names []string
				err   error
			)
			names, more, err = nextTouched(ctx, s, q, store.ReadOptions{After: after, Until: until}, last, room)
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

// nextTouched returns the first names after last, as many as there is room for, and whether there are more.
func nextTouched(ctx context.Context, s store.Store, q store.Query, o store.ReadOptions, last string, room int) (names []string, more bool, err error) {
	found := map[string]struct{}{}
	size, ceiling := 0, ""
	for r, err := range Read(ctx, s, q, o, nil) {
		if err != nil {
			return nil, false, fmt.Errorf("look for streams with events: %w", err)
		}
		name := r.Stream
		if name <= last || store.IsSystem(name) {
			continue
		}
		if more && name >= ceiling {
			continue
		}
		if _, ok := found[name]; ok {
			continue
		}
		name = strings.Clone(name)
		found[name] = struct{}{}
		if size += len(name) + nameOverhead; size > room && len(found) > 1 {
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
