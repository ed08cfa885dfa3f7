package projection

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// The bounds of what the reader hands over at once. Four chunks may wait: they are what memory a projection needs, beside its batch.
const (
	chunkEvents = 256
	chunkBytes  = 1 << 20
	chunksAhead = 2
)

// item is a stored event, with what it has become.
type item struct {
	store.Recorded

	events []gesta.Event[any]
	err    error // why it cannot be applied: it could not be decoded, or its handler rolls transactions back
}

// decode finds out what an event has become. A panic of an upcaster, a codec or a method that decodes is an error of the event.
func (r *Runner[TX]) decode(it *item) {
	defer recovered("decoding", &it.err)
	it.events, it.err = r.db.Decode(&it.Recorded)
}

// chunk is what the reader hands over.
type chunk struct {
	items   []item
	bytes   int
	scanned store.Position // up to here nothing else matches
	live    bool           // scanned is the head
	err     error          // the read has ended with it
	end     bool           // the read has ended
}

// read reads what matches after a position, up to the one at which the session ends, and closes out. It ends early with ctx.
func (s *session[TX]) read(ctx context.Context, after store.Position, out chan<- chunk) {
	defer close(out)
	pending := chunk{scanned: after}
	expect := 0 // events in the next chunk, as in the last
	hand := func() bool {
		select {
		case out <- pending:
			expect = len(pending.items)
			pending = chunk{scanned: pending.scanned}
			return true
		case <-ctx.Done():
			return false
		}
	}
	o := store.ReadOptions{After: after, Until: s.until, Follow: true, Whole: true, Progress: func(p store.Position, live bool) {
		pending.scanned, pending.live = max(pending.scanned, p), live
		hand()
	}}
	for r, err := range s.db.Store().Read(ctx, s.query, o) {
		if err != nil {
			pending.err = fmt.Errorf("read the store after position %d: %w", pending.scanned, err)
			break
		}
		if pending.items == nil {
			pending.items = make([]item, 0, max(expect, 1))
		}
		pending.items = append(pending.items, item{Recorded: r})
		s.decode(&pending.items[len(pending.items)-1])
		pending.bytes += len(r.Data) + len(r.Metadata)
		pending.scanned = max(pending.scanned, r.Position)
		if (len(pending.items) >= chunkEvents || pending.bytes >= chunkBytes) && !hand() {
			return
		}
	}
	pending.end = true
	if pending.err == nil && s.until != 0 {
		pending.scanned = s.until
	}
	hand()
}
