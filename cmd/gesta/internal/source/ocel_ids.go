package source

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// eventIDs are the ids of a log's events, of which no two may be equal. It holds a bounded part of them in memory, and is used by one
// goroutine.
type eventIDs struct {
	seed   maphash.Seed
	sorter *sorter
	n      uint64
	buf    []byte
}

func newEventIDs(dir string, memory int) *eventIDs {
	return &eventIDs{seed: maphash.MakeSeed(), sorter: newSorter(dir, memory)}
}

// add takes the id of the event at a line; an event without one has none to share.
func (e *eventIDs) add(id string, line int) error {
	if id == "" {
		return nil
	}
	e.n++
	e.buf = append(binary.AppendUvarint(e.buf[:0], uint64(line)), id...)
	return e.sorter.add(key{micros: int64(maphash.String(e.seed, id)), seq: e.n}, e.buf) //nolint:gosec // any order will do
}

// seenID is an id and the line of the event that has it.
type seenID struct {
	id   string
	line int
}

// repeated returns an id that two events have and the lines of the first two of them, false where there is none. Of several it is
// the one that repeats first in the log.
func (e *eventIDs) repeated(ctx context.Context) (id string, first, second int, found bool, err error) {
	if err := e.sorter.finish(); err != nil {
		return "", 0, 0, false, err
	}
	var same []seenID // of one hash: mostly one
	var hash int64
	var at uint64
	n := 0
	for entry, err := range e.sorter.all() {
		if err != nil {
			return "", 0, 0, false, err
		}
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return "", 0, 0, false, ctx.Err()
		}
		d := decoder{rest: entry.payload}
		line := int(d.number()) //nolint:gosec // it was an int
		if d.failed {
			return "", 0, 0, false, errRow
		}
		if entry.micros != hash {
			hash, same = entry.micros, same[:0]
		}
		text := string(d.rest)
		i := slices.IndexFunc(same, func(s seenID) bool { return s.id == text })
		switch {
		case i < 0:
			same = append(same, seenID{text, line})
		case !found || entry.seq < at:
			id, first, second, found, at = text, same[i].line, line, true, entry.seq
		}
	}
	return id, first, second, found, nil
}

func (e *eventIDs) close() error { return e.sorter.close() }
