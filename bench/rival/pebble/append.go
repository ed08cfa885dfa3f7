package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"math/bits"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/guard"
	"github.com/gestadb/gesta/bench/rival/record"
)

// scratch is what one append needs, kept for the next.
type scratch struct {
	guards []guard.Guard
	places []place
	record []byte
}

// place is where in a batch a position belongs, and which: so many after the commit's first.
type place struct {
	offset int
	event  int
}

// scratches keeps them.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Append writes the commit.
func (s *store) Append(ctx context.Context, commit []rival.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(commit) == 0 {
		return nil
	}
	work, ok := scratches.Get().(*scratch)
	if !ok {
		work = new(scratch)
	}
	defer func() {
		clear(work.guards)
		scratches.Put(work)
	}()
	var err error
	if work.guards, err = guard.Append(work.guards[:0], commit); err != nil {
		return err
	}
	batch, err := s.build(work, commit)
	if err != nil {
		return err
	}
	if err := s.apply(work, batch, len(commit)); err != nil {
		return errors.Join(err, batch.Close())
	}
	if s.sync {
		if err := batch.SyncWait(); err != nil {
			return fmt.Errorf("sync commit: %w", err)
		}
	}
	return batch.Close()
}

// build encodes the commit, with zeros for the positions, and notes where these belong.
func (s *store) build(work *scratch, commit []rival.Event) (*pebble.Batch, error) {
	size := 64
	for i := range commit {
		e := &commit[i]
		if strings.IndexByte(e.Stream, 0) >= 0 || strings.IndexByte(e.Type, 0) >= 0 || strings.IndexByte(e.Tag, 0) >= 0 {
			return nil, fmt.Errorf("event %d of the commit: a name holds a zero byte", i)
		}
		size += record.Size(e) + len(e.Stream) + len(e.Type) + len(e.Tag) + 64
	}
	batch := s.db.NewBatchWithSize(size)
	work.places = work.places[:0]
	var zero [number]byte
	for i := range commit {
		e := &commit[i]
		// The record: its key ends before the length of its value.
		work.record = record.Append(work.record[:0], e)
		op := batch.SetDeferred(1+number, len(work.record))
		op.Key[0] = eventKey
		copy(op.Key[1:], zero[:])
		copy(op.Value, work.record)
		length := (bits.Len(uint(len(work.record))) + 6) / 7
		work.note(batch, i, len(work.record)+length)

		op = batch.SetDeferred(len(e.Stream)+2+number, number)
		n := putPrefix(op.Key, streamKey, e.Stream)
		binary.BigEndian.PutUint64(op.Key[n:], e.Version)
		copy(op.Value, zero[:])
		work.note(batch, i, 0)

		for _, index := range [...]struct {
			kind byte
			name string
		}{{typeKey, e.Type}, {tagKey, e.Tag}} {
			op = batch.SetDeferred(len(index.name)+2+number, 0)
			n = putPrefix(op.Key, index.kind, index.name)
			copy(op.Key[n:], zero[:])
			work.note(batch, i, 1)
		}
	}
	return batch, nil
}

// note remembers the place of a position that ends so many bytes before the end of the batch.
func (w *scratch) note(batch *pebble.Batch, event, before int) {
	w.places = append(w.places, place{offset: batch.Len() - before - number, event: event})
}

// apply checks the guards, gives the events their positions and hands the batch to Pebble, where it is
// visible but perhaps not yet durable when apply returns.
func (s *store) apply(work *scratch, batch *pebble.Batch, events int) error {
	unlock := s.streams.lock(work.guards)
	defer unlock()
	for i := range work.guards {
		if err := s.check(&work.guards[i]); err != nil {
			return err
		}
	}
	if err := s.enter(work, batch, events); err != nil {
		return err
	}
	s.versions.Put(work.guards)
	return nil
}

// enter gives the events their positions and puts the batch into Pebble's pipeline.
func (s *store) enter(work *scratch, batch *pebble.Batch, events int) error {
	s.order.Lock()
	defer s.order.Unlock()
	if s.broken != nil {
		return s.broken
	}
	repr := batch.Repr()
	for _, p := range work.places {
		binary.BigEndian.PutUint64(repr[p.offset:], s.next+uint64(p.event))
	}
	var err error
	if s.sync {
		err = s.db.ApplyNoSyncWait(batch, pebble.Sync)
	} else {
		err = s.db.Apply(batch, pebble.NoSync)
	}
	if err != nil {
		s.broken = fmt.Errorf("apply commit: %w", err)
		return s.broken
	}
	s.next += uint64(events)
	return nil
}

// check returns ErrConflict if the stream is not where the guard wants it. The stream is locked.
func (s *store) check(g *guard.Guard) error {
	version, known := s.versions.Get(g.Stream)
	if !known {
		var err error
		if version, err = s.version(g.Stream); err != nil {
			return fmt.Errorf("look up stream version: %w", err)
		}
	}
	if version != g.Before {
		return fmt.Errorf("stream %q is at version %d, not %d: %w", g.Stream, version, g.Before, rival.ErrConflict)
	}
	return nil
}

// version returns the last version of a stream, 0 if it has no events. The filters make it cheap for a
// stream that is new.
func (s *store) version(stream string) (version uint64, err error) {
	prefix := appendPrefix(nil, streamKey, stream)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: comparer.ImmediateSuccessor(nil, prefix)})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.SeekPrefixGE(prefix) {
		return 0, it.Error()
	}
	if it.Last() && bytes.HasPrefix(it.Key(), prefix) {
		version = binary.BigEndian.Uint64(it.Key()[len(prefix):])
	}
	return version, it.Error()
}

// stripes is the number of locks over streams, a multiple of 64.
const stripes = 1024

// locks are locks over streams, several of which may share one.
type locks struct {
	once sync.Once
	seed maphash.Seed
	all  [stripes]sync.Mutex
}

// lock locks all the streams, in an order which is the same for all callers, and returns what unlocks them.
func (l *locks) lock(guards []guard.Guard) (unlock func()) {
	l.once.Do(func() { l.seed = maphash.MakeSeed() })
	if len(guards) == 1 {
		mu := &l.all[maphash.String(l.seed, guards[0].Stream)%stripes]
		mu.Lock()
		return mu.Unlock
	}
	var set [stripes / 64]uint64
	for i := range guards {
		at := maphash.String(l.seed, guards[i].Stream) % stripes
		set[at/64] |= 1 << (at % 64)
	}
	l.each(&set, (*sync.Mutex).Lock)
	return func() { l.each(&set, (*sync.Mutex).Unlock) }
}

// each calls f with each lock of the set, in rising order.
func (l *locks) each(set *[stripes / 64]uint64, f func(*sync.Mutex)) {
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			f(&l.all[i*64+bits.TrailingZeros64(word)])
		}
	}
}
