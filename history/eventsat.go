package history

import (
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// maxBridge is how many events that are not wanted are read between two that are: about as many as take as long as it takes to begin another read.
const maxBridge = 16

// EventsAt yields the events of the subject that stand at n positions, in the order of these, whatever that is: position returns the i-th of them, or 0 for none. Positions that rise or fall with few other
// events of the subject between them are one read of the store, so that what is nearly in order takes little more than one read of all; others are read one by one. An error is yielded once, last; where an event is gone it is
// [store.ErrTruncated].
func (sel *Selection) EventsAt(ctx context.Context, s store.Store, n int, position func(i int) store.Position) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r := &placedReader{s: s, sel: *sel, n: n, position: position, yield: yield}
		r.sel.Explicit, r.sel.Filter = true, nil
		r.estimate()
		for i := r.next(0); i < n; {
			end, last, backward := r.run(i)
			for i < end {
				var more bool
				if i, more = r.read(ctx, i, end, last, backward); !more {
					return
				}
			}
		}
	}
}

// placedReader reads events at positions.
type placedReader struct {
	s        store.Store
	sel      Selection
	n        int
	position func(i int) store.Position
	yield    func(store.Recorded, error) bool

	density float64 // about how many events of the subject stand at a position
}

// next returns the first that is to be read of those from i on.
func (r *placedReader) next(i int) int {
	for i < r.n && r.position(i) == 0 {
		i++
	}
	return i
}

// estimate works out the density, as if the events lay evenly. There may be more than those that are wanted.
func (r *placedReader) estimate() {
	var count, low, high store.Position
	for i := r.next(0); i < r.n; i = r.next(i + 1) {
		p := r.position(i)
		if count++; count == 1 {
			low = p
		}
		low, high = min(low, p), max(high, p)
	}
	r.density = float64(count) / float64(high-low+1)
}

// run returns the end of the positions, from i on, that are read at once, the last of them, and whether they fall.
func (r *placedReader) run(i int) (end int, last store.Position, backward bool) {
	last = r.position(i)
	for end, first := r.next(i+1), true; ; first = false {
		if end == r.n {
			return end, last, backward
		}
		p := r.position(end)
		falls := p < last
		between := max(p, last) - min(p, last) - 1
		if !first && falls != backward || float64(between)*r.density > maxBridge {
			return end, last, backward
		}
		last, backward = p, falls
		end = r.next(end + 1)
	}
}

// read reads the events from i up to the end of a run, or only those before many that are not wanted. It returns what comes next, and false where nothing does.
func (r *placedReader) read(ctx context.Context, i, end int, last store.Position, backward bool) (next int, more bool) {
	p, skipped := r.position(i), 0
	for event, err := range r.events(ctx, p, last, backward) {
		switch {
		case err != nil:
			r.yield(store.Recorded{}, fmt.Errorf("read %s: %w", r.sel.Target(), err))
			return end, false
		case event.Position == p:
			skipped = 0
			if !r.yield(event, nil) {
				return end, false
			}
			if i = r.next(i + 1); i >= end {
				return i, true
			}
			p = r.position(i)
		case event.Position > p != backward:
			r.gone(p)
			return end, false
		default:
			if skipped++; skipped > maxBridge {
				return i, true
			}
		}
	}
	r.gone(p)
	return end, false
}

// events yields the events of the subject from one position to another; both are those of an event.
func (r *placedReader) events(ctx context.Context, first, last store.Position, backward bool) iter.Seq2[store.Recorded, error] {
	sel := r.sel
	sel.After, sel.Until = min(first, last)-1, max(first, last)
	return sel.Events(ctx, r.s, backward, nil)
}

// gone says that there is no event where there was one.
func (r *placedReader) gone(p store.Position) {
	r.yield(store.Recorded{}, &eventjson.Error{
		Code: eventjson.CodeTruncated, Position: p,
		Message: fmt.Sprintf("read %s: the event at position %d was truncated away meanwhile", r.sel.Target(), p),
	})
}
