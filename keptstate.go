package gesta

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/store"
)

// keptState is a state as a keeper has it. Its form is four bytes of CRC-32C, little-endian, and then this as JSON.
type keptState struct {
	Version  uint64          `json:"version"`  // of the stream
	Position store.Position  `json:"position"` // up to where the store was read, and what it was folded from had not been erased
	Last     lastFolded      `json:"last"`
	At       time.Time       `json:"at"` // when it was the newest
	State    json.RawMessage `json:"state"`
}

// lastFolded tells one history from another: the last event that a state was folded from.
type lastFolded struct {
	Position   store.Position `json:"position"`
	ID         string         `json:"id"`
	RecordedAt time.Time      `json:"recordedAt"`
}

func lastOf(r *store.Recorded) lastFolded { return lastFolded{r.Position, r.ID, r.RecordedAt} }

func (l lastFolded) is(r *store.Recorded) bool {
	return l.Position == r.Position && l.ID == r.ID && l.RecordedAt.Equal(r.RecordedAt)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (k *keptState) encode() ([]byte, error) {
	text, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode a state: %w", err)
	}
	return append(binary.LittleEndian.AppendUint32(nil, crc32.Checksum(text, castagnoli)), text...), nil
}

var errDamagedState = errors.New("the checksum of a kept state does not match")

func (k *keptState) decode(b []byte) error {
	if len(b) < 4 || crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return errDamagedState
	}
	return json.Unmarshal(b[4:], k)
}

// loadKept is load that begins from what is kept, and keeps what it comes to.
func (d *Decider[S, E]) loadKept(ctx context.Context, db *DB, id string, f *foldKept, stale time.Duration) (folded[S], error) {
	began := db.clock()
	l, k, found := d.fromKept(ctx, db, id, f)
	if found && stale > 0 && began.Sub(k.At) <= stale {
		return l, nil
	}
	var err error
	if found {
		if l, found, err = d.goOn(ctx, db, id, l, k); err != nil {
			return l, err
		}
		if !found {
			db.kept.counts.unusable.Add(1)
		}
	}
	if !found {
		db.kept.counts.misses.Add(1)
		l, err = d.fold(ctx, db, id, present)
		if err == nil {
			d.keep(ctx, db, id, f, &l, Cost{Events: l.events, Took: db.clock().Sub(began), due: stale > 0})
		}
		return l, err
	}
	db.kept.counts.hits.Add(1)
	if db.kept.share > 0 && rand.Float64() < db.kept.share {
		return d.verify(ctx, db, id, f, l)
	}
	d.keep(ctx, db, id, f, &l, Cost{Events: l.events, Took: db.clock().Sub(began), Age: began.Sub(k.At), due: stale > 0})
	return l, nil
}

// fromKept returns the first state that a keeper has.
func (d *Decider[S, E]) fromKept(ctx context.Context, db *DB, id string, f *foldKept) (folded[S], keptState, bool) {
	var l folded[S]
	k, ok := f.get(ctx, db, d.Stream(id), func(state []byte) error {
		var s S
		err := json.Unmarshal(state, &s)
		l.State = s
		return err
	})
	l.Version, l.Position, l.last = k.Version, max(k.Position, k.Last.Position), k.Last
	return l, k, ok
}

// get returns the first state that a keeper has of a subject and that take takes.
func (f *foldKept) get(ctx context.Context, db *DB, subject string, take func(state []byte) error) (keptState, bool) {
	for _, one := range f.keepers {
		b, err := one.keeper.Get(ctx, subject, f.name)
		if err != nil {
			db.kept.counts.failed.Add(1)
			continue
		}
		if b == nil {
			continue
		}
		var k keptState
		if err = k.decode(b); err == nil {
			err = take(k.State)
		}
		if err == nil {
			return k, true
		}
		db.kept.counts.unusable.Add(1)
	}
	return keptState{}, false
}

// since calls visit for the events that q has since a state was kept. It returns false when the store has another history than the state was folded from, or what an event of it
// said was erased since. It moves the position of k up to where that is known.
func (db *DB) since(ctx context.Context, q store.Query, o store.ReadOptions, k *keptState, visit func(r *store.Recorded) error) (bool, error) {
	if erased, err := db.erasedSince(ctx, q, k); erased || err != nil {
		return false, err
	}
	last := k.Last
	o.After, o.Whole = last.Position-1, true
	first := true
	for r, err := range db.store.Read(ctx, q, o) {
		switch {
		case errors.Is(err, store.ErrTruncated):
			return false, nil // a fresh load says so, if it matters
		case err != nil:
			return false, err
		case !first:
			if err := visit(&r); err != nil {
				return false, err
			}
		case !last.is(&r):
			return false, nil
		}
		first = false
	}
	return !first, nil
}

// hiddenTime is for how long it is not asked again what was erased where that could not be seen: a server takes note of each request that it denies.
const hiddenTime = time.Minute

// manyErased is how many erasures are looked at one by one.
const manyErased = 100

// erasedSince says whether an event that a state was folded from was, or for all that can be seen may have been, erased after that was kept. Where none was it moves the position
// of k up to where it has looked.
func (db *DB) erasedSince(ctx context.Context, q store.Query, k *keptState) (bool, error) {
	if db.Now().UnixNano() < db.kept.hidden.Load() {
		return true, nil
	}
	looked, upTo := 0, k.Position
	o := store.ReadOptions{After: k.Position, Whole: true, Progress: func(p store.Position, _ bool) { upTo = max(upTo, p) }}
	for r, err := range db.store.Read(ctx, store.Query{{Stream: store.ErasureStream}}, o) {
		if err != nil { // erasures are truncated away, or hidden from this caller, or the store is in trouble, which a fresh load tells of
			if ctx.Err() == nil && !errors.Is(err, store.ErrTruncated) {
				db.kept.hidden.Store(db.Now().Add(hiddenTime).UnixNano())
			}
			return true, ctx.Err()
		}
		p, ok := store.ErasedPosition(&r.Event)
		if !ok || p > k.Last.Position {
			continue
		}
		if looked++; looked > manyErased {
			return true, nil // to fold afresh takes less
		}
		if there, err := db.has(ctx, q, p); there || err != nil {
			return there, err
		}
	}
	k.Position = upTo
	return false, nil
}

// has says whether the event at a position is one of a query.
func (db *DB) has(ctx context.Context, q store.Query, p store.Position) (there bool, err error) {
	for _, err = range db.store.Read(ctx, q, store.ReadOptions{After: p - 1, Until: p}) {
		there = err == nil
	}
	return there, err
}

// goOn folds what has come since a state was kept. It returns false when the store has another history than the state was folded from.
func (d *Decider[S, E]) goOn(ctx context.Context, db *DB, id string, l folded[S], k keptState) (folded[S], bool, error) {
	l.Position = k.Last.Position // what was there beyond may be gone
	o := store.ReadOptions{Progress: func(p store.Position, _ bool) { l.Position = max(l.Position, p) }}
	var bodies []any
	same, err := db.since(ctx, store.Query{{Stream: d.Stream(id)}}, o, &k, func(r *store.Recorded) (err error) {
		bodies, err = d.take(db, &l, bodies, r)
		return err
	})
	l.sure = k.Position // an erasure may have come between the two reads
	return l, same, err
}

// verify folds afresh and compares.
func (d *Decider[S, E]) verify(ctx context.Context, db *DB, id string, f *foldKept, l folded[S]) (folded[S], error) {
	fresh, err := d.fold(ctx, db, id, &asOf{version: l.Version})
	if err != nil {
		return l, err
	}
	db.kept.counts.verified.Add(1)
	a, errA := json.Marshal(l.State)
	b, errB := json.Marshal(fresh.State)
	if err := errors.Join(errA, errB); err != nil {
		return l, fmt.Errorf("encode a state to compare it: %w", err)
	}
	if bytes.Equal(a, b) {
		return l, nil
	}
	db.kept.counts.wrong.Add(1)
	fresh.Position = l.Position
	d.keep(ctx, db, id, f, &fresh, Cost{due: true})
	return fresh, nil
}

// keep puts a state into the keepers whose policies say so.
func (d *Decider[S, E]) keep(ctx context.Context, db *DB, id string, f *foldKept, l *folded[S], cost Cost) {
	if l.Version == 0 {
		return
	}
	k := &keptState{Version: l.Version, Position: l.Position, Last: l.last}
	if l.sure > 0 {
		k.Position = min(k.Position, l.sure)
	}
	f.put(ctx, db, d.Stream(id), k, l.State, cost)
}

// put puts the state of a subject into the keepers whose policies say so, or into all of them where it is due. What goes wrong is counted: it costs the next load its
// time.
func (f *foldKept) put(ctx context.Context, db *DB, subject string, k *keptState, state any, cost Cost) {
	var value []byte
	for _, one := range f.keepers {
		if !cost.due && !one.policy(cost) {
			continue
		}
		if value == nil {
			var err error
			if k.State, err = JSON.Encode(state); err == nil {
				k.At = db.clock()
				value, err = k.encode()
			}
			if err != nil {
				db.kept.counts.failed.Add(1)
				return
			}
		}
		if err := one.keeper.Put(ctx, subject, f.name, value); err != nil {
			db.kept.counts.failed.Add(1)
			continue
		}
		db.kept.counts.puts.Add(1)
	}
}
