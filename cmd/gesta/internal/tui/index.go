package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// index is what is kept of the events, in the order in which they are folded. It does not change once it is made: more returns another one.
type index struct {
	entries []entry
	names   []string // that entries mean

	known uint64         // how many events are known: the version of the stream at the last, for a tag their number
	last  store.Position // of those that are known

	latest int64             // the latest effective time so far
	ids    map[string]uint32 // of names; used by more alone
}

// entry is one event.
type entry struct {
	position            store.Position
	version             uint64
	recorded, effective int64 // microseconds
	typ, actor, stream  uint32
	late                bool // it took effect before an earlier one of its stream
}

// longestActor is how many characters of an actor are kept.
const longestActor = 64

func (ix *index) typeOf(i int) string   { return ix.names[ix.entries[i].typ] }
func (ix *index) actorOf(i int) string  { return ix.names[ix.entries[i].actor] }
func (ix *index) streamOf(i int) string { return ix.names[ix.entries[i].stream] }

// find returns which entry stands at a position, -1 for none.
func (ix *index) find(p store.Position) int {
	return slices.IndexFunc(ix.entries, func(e entry) bool { return e.position == p })
}

// indexer makes an index.
type indexer struct {
	index
	o     *Options
	order *store.EffectiveOrder // by which they are read, unless it is that of positions
}

// buildIndex reads all events once. It counts them in read.
func buildIndex(ctx context.Context, o *Options, read *atomic.Int64) (*index, error) {
	if err := o.Selection.CheckWhole(ctx, o.Store); err != nil {
		return nil, err
	}
	b := &indexer{o: o, index: index{ids: map[string]uint32{}}}
	if !o.EffectiveAt.IsZero() {
		b.order = store.NewEffectiveOrder(o.EffectiveAt)
	}
	if err := b.read(ctx, o.Selection, read); err != nil {
		return nil, err
	}
	if len(b.entries) == 0 {
		return nil, &eventjson.Error{
			Code: eventjson.CodeNotFound, Stream: streamOf(&o.Selection), Hint: "gesta log shows the events there are",
			Message: "no event of " + o.Selection.Target() + " is known at that point",
		}
	}
	if b.order != nil {
		if err := b.reorder(ctx); err != nil {
			return nil, err
		}
		if len(b.entries) == 0 {
			return nil, &eventjson.Error{
				Code: eventjson.CodeNotFound, Stream: streamOf(&o.Selection), Hint: "without --effective-at all events are shown",
				Message: "no event of " + o.Selection.Target() + " holds at that time",
			}
		}
	}
	return &b.index, nil
}

func streamOf(sel *history.Selection) string {
	if sel.Subject == history.Stream {
		return sel.Name
	}
	return ""
}

// more returns the index with the events that came up to a position.
func (ix *index) more(ctx context.Context, o *Options, until store.Position) (*index, error) {
	b := &indexer{o: o, index: *ix}
	sel := o.Selection
	sel.After, sel.Until, sel.Explicit = ix.last, until, true
	var read atomic.Int64
	if err := b.read(ctx, sel, &read); err != nil {
		return nil, err
	}
	return &b.index, nil
}

func (b *indexer) read(ctx context.Context, sel history.Selection, read *atomic.Int64) error {
	for r, err := range sel.Events(ctx, b.o.Store, false, nil) {
		if err != nil {
			return fmt.Errorf("read %s: %w", sel.Target(), err)
		}
		if len(b.entries) == b.o.MaxEvents {
			return &eventjson.Error{
				Code: eventjson.CodeTooLarge, Hint: "name an earlier point, such as " + sel.Target() + "@" + fmt.Sprint(b.o.MaxEvents),
				Message: fmt.Sprintf("%s has more than %d events, which is more than can be shown", sel.Target(), b.o.MaxEvents),
			}
		}
		if sel.Subject == history.Stream && b.known == 0 && r.Version > 1 {
			return &store.TruncatedError{First: r.Position}
		}
		b.add(&r)
		read.Add(1)
	}
	return nil
}

func (b *indexer) add(r *store.Recorded) {
	b.known++
	if b.o.Selection.Subject == history.Stream {
		b.known = r.Version
	}
	b.last = r.Position
	at := r.Effective().UnixMicro()
	late := b.o.Selection.Subject == history.Stream && len(b.entries) > 0 && at < b.latest
	if len(b.entries) == 0 || at > b.latest {
		b.latest = at
	}
	actor := history.Actor(r)
	if utf8.RuneCountInString(actor) > longestActor {
		actor = string([]rune(actor)[:longestActor])
	}
	b.entries = append(b.entries, entry{
		position: r.Position, version: r.Version, recorded: r.RecordedAt.UnixMicro(), effective: at,
		typ: b.name(r.Type), actor: b.name(actor), stream: b.name(r.Stream), late: late,
	})
	if b.order != nil {
		b.order.Add(r)
	}
}

// name returns the number of a name.
func (b *indexer) name(s string) uint32 {
	id, ok := b.ids[s]
	if !ok {
		id = uint32(len(b.names))
		s = strings.Clone(s)
		b.names = append(b.names, s)
		b.ids[s] = id
	}
	return id
}

// reorder leaves the entries of events that hold, in their order. Where any claims to supersede another the events are read once more: their ids are not kept.
func (b *indexer) reorder(ctx context.Context) error {
	b.order.Sort()
	superseded := map[store.Position]bool{}
	if b.order.Claims() {
		sel := b.o.Selection
		for r, err := range sel.Events(ctx, b.o.Store, false, nil) {
			if err != nil {
				return fmt.Errorf("read %s: %w", sel.Target(), err)
			}
			if b.order.Superseded(&r) {
				superseded[r.Position] = true
			}
		}
	}
	out := make([]entry, 0, b.order.Len())
	for i := range b.order.Len() {
		p := b.order.Position(i)
		at, ok := slices.BinarySearchFunc(b.entries, p, func(e entry, p store.Position) int { return cmp.Compare(e.position, p) })
		if ok && !superseded[p] {
			out = append(out, b.entries[at])
		}
	}
	b.entries = out
	return nil
}

// moment is a time that is kept in microseconds.
func moment(micros int64, zone *time.Location) time.Time { return time.UnixMicro(micros).In(zone) }
