package history

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// Changed is an event and what it changed in the state that it is part of.
type Changed struct {
	Event   store.Recorded
	Changes []reducer.Change // sorted by path; none for an event without a stream, unless the state is that of a tag

	// Truncated says that it is not known what the event changed, as the first events of its stream were truncated away. It is so in answers about the whole store alone.
	Truncated bool

	// Late says that the event took effect before an earlier one of its stream. It is not known of the events of a tag.
	Late bool
}

// ChangesOptions say what is told of each event.
type ChangesOptions struct {
	StateOptions
	ArrayKey string       // that of reducer.Want
	Path     reducer.Path // tells only what changes at or below it

	// InOrder says that the events come in the order in which they are folded. Then they are folded as they come; otherwise so many are kept in memory as fit into MaxBytes, fewer of the first,
	// and the states that these are part of are folded for each such batch.
	InOrder  bool
	MaxBytes int // of events, and as much of changes; defaults to 16 MiB

	// Spill, unless nil, makes room, once, for what events changed that do not fit into MaxBytes or 4 MiB. Then the events of a stream or a tag are to come in the order in which they are folded, or the other
	// way round, and their state is folded twice, whatever their number; those of a store are to come by position, either way, and each state is folded a few times, more often only beyond two million positions, each of
	// which takes 8 bytes. It is used until the events have been yielded.
	Spill func() (Spill, error)
}

// maxChangesBytes is how much memory a batch of events, and one of changes, takes at the most.
const maxChangesBytes = 16 << 20

// firstBatchBytes is how much the first batch takes, so that an answer begins soon; each that follows may take batchGrowth times as much.
const (
	firstBatchBytes = 256 << 10
	batchGrowth     = 4
)

// Changes yields events of the selection, in the order in which they are given, each with what it changed: in the state of the stream or the tag that the selection is of, and for
// one of the whole store in that of the event's own stream. An error is yielded once, last; it is one of events, of the store or the reducer, and [store.ErrTruncated] where the first events of the
// stream or the tag are gone. Of the whole store, events of such streams are yielded without their changes, where LeftOut is there to be told: it may be told of a stream more than once.
func (sel *Selection) Changes(ctx context.Context, s store.Store, events iter.Seq2[store.Recorded, error], o ChangesOptions) iter.Seq2[Changed, error] {
	if o.MaxBytes <= 0 {
		o.MaxBytes = maxChangesBytes
	}
	t := &teller{s: s, sel: *sel, o: o, path: o.Path.String()}
	return func(yield func(Changed, error) bool) {
		if o.InOrder && sel.Subject != WholeStore {
			t.inOrder(ctx, events, yield)
			return
		}
		if o.Spill != nil {
			t.spill(yield).all(ctx, events)
			return
		}
		var batch []Changed
		size, room := 0, min(firstBatchBytes, o.MaxBytes)
		for r, err := range events {
			if err != nil {
				if t.batch(ctx, batch, yield) {
					yield(Changed{}, err)
				}
				return
			}
			batch = append(batch, Changed{Event: r})
			if size += store.EventBytes(&r.Event) + eventOverhead; size >= room {
				if !t.batch(ctx, batch, yield) {
					return
				}
				batch, size, room = nil, 0, min(room*batchGrowth, o.MaxBytes)
			}
		}
		t.batch(ctx, batch, yield)
	}
}

// eventOverhead is about what an event takes in memory beside its bytes.
const eventOverhead = 512

// teller finds out what events changed.
type teller struct {
	s    store.Store
	sel  Selection
	o    ChangesOptions
	path string
}

// inOrder tells of events in the order in which they are folded.
func (t *teller) inOrder(ctx context.Context, events iter.Seq2[store.Recorded, error], yield func(Changed, error) bool) {
	next, stop := iter.Pull2(events)
	defer stop()
	r, err, more := next()
	if !more {
		return
	}
	if err != nil {
		yield(Changed{}, err)
		return
	}
	st, err := newState(ctx, t.s, t.sel, t.o.StateOptions)
	if err != nil {
		yield(Changed{}, err)
		return
	}
	late, err := t.lateness(ctx, st)
	if err != nil {
		yield(Changed{}, err)
		return
	}
	for step, err := range st.Steps(ctx, t.s, reducer.Want{Changes: true, ArrayKey: t.o.ArrayKey}) {
		if err != nil {
			yield(Changed{}, err)
			return
		}
		isLate := late.of(&step.Event)
		if step.Event.Position != r.Position {
			continue
		}
		if !yield(Changed{Event: r, Changes: t.copied(step.Changes), Late: isLate}, nil) {
			return
		}
		if r, err, more = next(); !more {
			return
		}
		if err != nil {
			yield(Changed{}, err)
			return
		}
	}
}

// errTooMuch says that the changes of a batch do not fit into memory.
var errTooMuch = errors.New("the changes are too many to be kept")

// batch yields a batch with its changes, in halves where they take too much memory. It returns false where that is the end.
func (t *teller) batch(ctx context.Context, batch []Changed, yield func(Changed, error) bool) bool {
	if len(batch) == 0 {
		return true
	}
	err := t.tell(ctx, batch)
	if errors.Is(err, errTooMuch) {
		half := len(batch) / 2
		return t.batch(ctx, batch[:half], yield) && t.batch(ctx, batch[half:], yield)
	}
	if err != nil {
		yield(Changed{}, err)
		return false
	}
	for i := range batch {
		if !yield(batch[i], nil) {
			return false
		}
		batch[i] = Changed{}
	}
	return true
}

// tell finds the changes of the events of a batch. It returns errTooMuch where they are too many, unless it is those of a single event.
func (t *teller) tell(ctx context.Context, batch []Changed) error {
	byStream := map[string][]*Changed{}
	for i := range batch {
		c := &batch[i]
		c.Changes, c.Truncated = nil, false
		name := c.Event.Stream
		if t.sel.Subject != WholeStore {
			name = "" // all are of one state
		} else if name == "" {
			continue
		}
		byStream[name] = append(byStream[name], c)
	}
	room := t.o.MaxBytes
	if len(batch) == 1 {
		room = 1 << 62
	}
	for _, name := range slices.Sorted(maps.Keys(byStream)) {
		sel := t.sel
		if t.sel.Subject == WholeStore {
			sel = Selection{Subject: Stream, Name: name, Until: t.sel.Until}
		}
		left, err := t.tellState(ctx, sel, byStream[name], room)
		if t.o.leaveOut(name, err) {
			for _, c := range byStream[name] {
				c.Truncated = true
			}
			continue
		}
		if room = left; err != nil {
			return err
		}
	}
	return nil
}

// tellState finds the changes of events of one state, and returns how much of the room is left.
func (t *teller) tellState(ctx context.Context, sel Selection, events []*Changed, room int) (int, error) {
	wanted := make(map[store.Position]*Changed, len(events))
	first, last := events[0].Event.Position, store.Position(0)
	for _, c := range events {
		wanted[c.Event.Position] = c
		first, last = min(first, c.Event.Position), max(last, c.Event.Position)
	}
	if t.o.EffectiveAt.IsZero() {
		sel.Until = last
	} else {
		first = 0 // which events hold rests on all of them
	}
	st, err := newState(ctx, t.s, sel, t.o.StateOptions)
	if err != nil {
		return room, err
	}
	late, err := t.lateness(ctx, st)
	if err != nil {
		return room, err
	}
	for step, err := range st.from(ctx, t.s, first, late.note, reducer.Want{Changes: true, ArrayKey: t.o.ArrayKey}) {
		if err != nil {
			return room, err
		}
		isLate := late.of(&step.Event)
		c := wanted[step.Event.Position]
		if c == nil {
			continue
		}
		c.Changes, c.Late = t.copied(step.Changes), isLate
		if room -= changesBytes(c.Changes); room < 0 {
			return room, errTooMuch
		}
		if delete(wanted, step.Event.Position); len(wanted) == 0 {
			break
		}
	}
	return room, nil
}

// copied returns the changes that are told, in memory of their own.
func (t *teller) copied(changes []reducer.Change) []reducer.Change {
	var out []reducer.Change
	for i := range changes {
		if c := &changes[i]; under(t.path, c.Path) {
			out = append(out, reducer.Change{Path: c.Path, Old: bytes.Clone(c.Old), New: bytes.Clone(c.New)})
		}
	}
	return out
}

// under says whether a path is another or lies below it; all are below the empty one.
func under(above, path string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (above == "" || rest == "" || rest[0] == '/')
}

func changesBytes(changes []reducer.Change) int {
	n := 0
	for i := range changes {
		n += len(changes[i].Path) + len(changes[i].Old) + len(changes[i].New) + 80
	}
	return n
}

// from folds the events, once, and yields what those did that stand at the position or after it; of the others it tells before. Only a state without an effective time has others.
func (st *State) from(ctx context.Context, s store.Store, first store.Position, before func(*store.Recorded), w reducer.Want) iter.Seq2[*reducer.Step, error] {
	if first <= 1 {
		return st.Steps(ctx, s, w)
	}
	return func(yield func(*reducer.Step, error) bool) {
		if err := st.begin(ctx); err != nil {
			yield(nil, err)
			return
		}
		ended := false
		for step, err := range st.part(ctx, s, 0, first-1, reducer.Want{}) {
			if err != nil {
				yield(nil, err)
				ended = true
				break
			}
			before(&step.Event)
		}
		if !ended {
			for step, err := range st.part(ctx, s, first-1, st.selection.Until, w) {
				if ended = !yield(step, err); ended || err != nil {
					ended = true
					break
				}
			}
		}
		if err := st.Fold.Close(); err != nil && !ended {
			yield(nil, err)
		}
	}
}

// part goes on with the fold: with the events after one position and up to another, in position order. An error is yielded once, last, with a nil Step.
func (st *State) part(ctx context.Context, s store.Store, after, until store.Position, w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		sel := st.selection
		sel.After, sel.Until = after, until
		for step, err := range st.Fold.Steps(st.watch(sel.Events(ctx, s, false, st.truncated)), w) {
			if err != nil {
				yield(nil, st.failed(err))
				return
			}
			st.Events++
			if !step.Applied {
				st.Skipped++
			}
			if !yield(step, nil) {
				return
			}
		}
	}
}

// lateness tells which events of a stream took effect before an earlier one.
type lateness struct {
	off    bool
	latest time.Time   // of the events so far
	known  *lateEvents // where events do not come in position order; else nil
}

// lateness returns what tells of the events of a state.
func (t *teller) lateness(ctx context.Context, st *State) (*lateness, error) {
	return st.lateness(ctx, t.s)
}

func (st *State) lateness(ctx context.Context, s store.Store) (*lateness, error) {
	l := &lateness{off: st.Stream == ""}
	if l.off || st.options.EffectiveAt.IsZero() {
		return l, nil
	}
	if err := st.look(ctx, s); err != nil {
		return nil, st.failed(err)
	}
	l.known = &st.effective.late
	return l, nil
}

// note takes an event in.
func (l *lateness) note(r *store.Recorded) { l.of(r) }

// of takes an event in and says whether it is late.
func (l *lateness) of(r *store.Recorded) bool {
	if l.off {
		return false
	}
	if l.known != nil {
		return l.known.has(r)
	}
	at := r.Effective()
	if at.Before(l.latest) {
		return true
	}
	l.latest = at
	return false
}
