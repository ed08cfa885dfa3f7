package history

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// maxUnspilledBytes is how much memory events take at the most, and their changes, before a spill is made. So many are told of sooner without one: a few thousand.
const maxUnspilledBytes = 4 << 20

// spiller tells of events: of the first few from memory, and of all that follow by what is kept in a spill of what they and others changed.
type spiller struct {
	*teller
	yield func(Changed, error) bool
	batch []Changed
	size  int // of the batch, in bytes
	room  int // for it; above MaxBytes there is no other one

	first store.Position // of the first event; else 0
	file  *spillFile     // nil before the first event that does not fit into memory
	told  told
}

// told are changes of events in a spill.
type told interface {
	// has says whether an event that follows on those so far can be asked for.
	has(store.Position) bool

	// of says what an event changed.
	of(context.Context, *Changed) error
}

// spill returns what tells of events as long as there is a spill. A state is folded as a whole before the first of its changes is told: for one state a single batch is enough.
func (t *teller) spill(yield func(Changed, error) bool) *spiller {
	t.o.MaxBytes = min(t.o.MaxBytes, maxUnspilledBytes)
	p := &spiller{teller: t, yield: yield, room: t.o.MaxBytes}
	if t.sel.Subject == WholeStore {
		p.room = min(p.room, firstBatchBytes)
	}
	return p
}

// all tells of the events.
func (p *spiller) all(ctx context.Context, events iter.Seq2[store.Recorded, error]) {
	for r, err := range events {
		if err != nil {
			if p.flush(ctx) {
				p.yield(Changed{}, err)
			}
			return
		}
		if p.first == 0 {
			p.first = r.Position
		}
		if p.size >= p.room {
			if !p.flush(ctx) {
				return
			}
			p.room *= batchGrowth
		}
		if p.told == nil && p.room <= p.o.MaxBytes {
			p.batch = append(p.batch, Changed{Event: r})
			p.size += store.EventBytes(&r.Event) + eventOverhead
			continue
		}
		if !p.spilled(ctx, Changed{Event: r}) {
			return
		}
	}
	p.flush(ctx)
}

// flush tells of what is in memory. It returns false where that is the end.
func (p *spiller) flush(ctx context.Context) bool {
	batch := p.batch
	if p.batch, p.size = nil, 0; len(batch) == 0 {
		return true
	}
	err := p.tell(ctx, batch)
	if err != nil && !errors.Is(err, errTooMuch) {
		p.yield(Changed{}, err)
		return false
	}
	for i := range batch {
		if err != nil && !p.spilled(ctx, Changed{Event: batch[i].Event}) || err == nil && !p.yield(batch[i], nil) {
			return false
		}
		batch[i] = Changed{}
	}
	return true
}

// spilled tells of an event by what is in the spill.
func (p *spiller) spilled(ctx context.Context, c Changed) bool {
	err := ctx.Err()
	if err == nil && (p.told == nil || !p.told.has(c.Event.Position)) {
		err = p.more(ctx, c.Event.Position)
	}
	if err == nil {
		err = p.told.of(ctx, &c)
	}
	if err != nil {
		p.yield(Changed{}, err)
		return false
	}
	return p.yield(c, nil)
}

// more puts what events changed into the spill, from one on.
func (p *spiller) more(ctx context.Context, from store.Position) (err error) {
	if p.file == nil {
		spill, err := p.o.Spill()
		if err != nil {
			return err
		}
		p.file = &spillFile{spill: spill}
	}
	if p.sel.Subject == WholeStore {
		p.told, err = p.chunk(ctx, from)
	} else {
		p.told, err = p.backward(ctx, from)
	}
	return errors.Join(err, p.file.flush())
}

// fold folds a state and writes what those of its events changed that stand after a position and pass the filter, up to the one at last, or to the end. Of each it tells note before.
func (p *spiller) fold(ctx context.Context, sel Selection, last store.Position, note func(store.Position)) error {
	st, err := newState(ctx, p.s, sel, p.o.StateOptions)
	if err != nil {
		return err
	}
	late, err := p.lateness(ctx, st)
	if err != nil {
		return err
	}
	first := sel.After + 1
	if !p.o.EffectiveAt.IsZero() {
		first = 0 // which events hold rests on all of them
	}
	for step, err := range st.from(ctx, p.s, first, late.note, reducer.Want{Changes: true, ArrayKey: p.o.ArrayKey}) {
		if err != nil {
			return err
		}
		r := &step.Event
		isLate := late.of(r)
		if r.Position > sel.After && sel.Filter.Matches(&r.Event) {
			note(r.Position)
			if err := p.file.add(r.Position, isLate, p.path, step.Changes); err != nil {
				return err
			}
		}
		if r.Position == last {
			break
		}
	}
	return nil
}

// spillFile is a spill of what events changed, one behind the other. The form never outlives the process: numbers are varints, texts are as those of a flip, and before and behind each event stands how many bytes it takes,
// in four.
type spillFile struct {
	spill Spill
	size  int64  // what was written
	page  []byte // what is written next
}

// sizeBytes is how many bytes the size of an event takes in a spill.
const sizeBytes = 4

// end is where the next event is going to be.
func (f *spillFile) end() int64 { return f.size + int64(len(f.page)) }

// add writes what an event changed at or below a path.
func (f *spillFile) add(at store.Position, late bool, path string, changes []reducer.Change) error {
	before := len(f.page)
	f.page = append(f.page, make([]byte, sizeBytes)...)
	f.page = binary.AppendUvarint(binary.AppendUvarint(f.page, uint64(at)), flag(late))
	for i := range changes {
		if c := &changes[i]; under(path, c.Path) {
			f.page = append(binary.AppendUvarint(f.page, uint64(len(c.Path))), c.Path...)
			f.page = appendMaybe(appendMaybe(f.page, c.Old), c.New)
		}
	}
	size := uint32(len(f.page) - before - sizeBytes) //nolint:gosec // changes are of two states, which fit into memory
	binary.LittleEndian.PutUint32(f.page[before:], size)
	f.page = binary.LittleEndian.AppendUint32(f.page, size)
	if len(f.page) < spillPage {
		return nil
	}
	return f.flush()
}

func (f *spillFile) flush() error {
	n, err := f.spill.Write(f.page)
	f.size += int64(n)
	f.page = f.page[:0]
	if err != nil {
		return fmt.Errorf("keep what events changed: %w", err)
	}
	return nil
}

// parseChanged reads what an event changed, and returns false for what is not of that one.
func parseChanged(text []byte, c *Changed) (same bool, err error) {
	r := spillReader{rest: text}
	if store.Position(r.number()) != c.Event.Position {
		return false, nil
	}
	c.Late = r.number() == 1
	for len(r.rest) > 0 && !r.bad {
		c.Changes = append(c.Changes, reducer.Change{Path: string(r.take(r.number())), Old: r.maybe(), New: r.maybe()})
	}
	if r.bad {
		return true, fmt.Errorf("read what events changed: the one at position %d is not what was written", c.Event.Position)
	}
	return true, nil
}
