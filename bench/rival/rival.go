// Package rival states what every store that is measured must do, so that each is given the same work.
//
// The work is an event log's: a commit of events is written atomically and, in a store opened with sync, is
// durable when Append returns; it is guarded by the version of each stream that it touches; commits have one
// global order; and events are found by stream, by type and by one tag, so that a rival keeps four index
// entries an event: global order, stream and version, type, tag. A read delivers whole events, which belong to
// whoever reads them, as an event store's does: see [Recorded].
//
// A rival is written with the best means that its library documents, not the simplest: group commit where it
// has one, prepared statements, keys that sort. What it gives up or adds is said in [Maker.Notes], which the
// report prints.
package rival

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrConflict is returned, possibly wrapped, by [Store.Append] when a stream is not at the version that the
// commit expects. Nothing of the commit was written.
var ErrConflict = errors.New("bench: a stream is not at the expected version")

// Event is one event to append. The slices and strings belong to the caller; a store neither keeps nor
// changes them once Append has returned.
type Event struct {
	// ID is the event's identity, random, never twice in a run. A store keeps it with the event.
	ID [16]byte
	// Stream is the name of the stream, never empty.
	Stream string
	// Version is the event's place in its stream, counted from 1 without gaps.
	Version uint64
	// Type is one of a few names (twenty, say), Tag one of many (a hundred thousand, say); neither is empty.
	Type, Tag string
	// Data is the payload, JSON, about 256 bytes, distinct for each event.
	Data []byte
}

// Recorded is an event as a read hands it out: all of it, wherever the read found it.
//
// The struct itself is the store's, which may fill it again for the next event of the same read. What its fields
// point to is the visitor's, to keep for good and, as far as it is Data, to change: no later read, append or Close
// touches it. A store need not give each string memory of its own: one copy of what it keeps of the event, of which
// all fields are parts, will do.
type Recorded struct {
	// Position is the event's place in the global order, Version that in its stream.
	Position, Version uint64
	// ID is the event's identity in the form in which the store hands it out: its 16 bytes, or those of a UUID's
	// text. [Recorded.UUID] reads both, outside of what is measured.
	ID string
	// Stream, Type and Tag are the names that the event was appended with.
	Stream, Type, Tag string
	// Data is the payload.
	Data []byte
}

// UUID returns the identity with which the event was appended. It returns an error if ID has neither form.
func (r *Recorded) UUID() (id [16]byte, err error) {
	if len(r.ID) == len(id) {
		copy(id[:], r.ID)
		return id, nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(r.ID, "-", ""))
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("id %q is neither 16 bytes nor a UUID", r.ID)
	}
	return [16]byte(b), nil
}

// Visit is told of the events of a read, one call after the other. Which parts of an event the visitor may keep is
// said at [Recorded]. An error ends the read.
type Visit func(e *Recorded) error

// Store is one open store.
//
// A commit is a slice of events, written atomically and guarded: each stream's version in the store must be
// the Version of the stream's first event in the commit less 1, else ErrConflict. The events of one stream in
// a commit have consecutive versions; a commit may touch several streams.
//
// All methods but Close may be called by many goroutines at once, with each other too. A read visits whole events;
// an error of visit ends it and is returned as it is.
type Store interface {
	// Append writes the commit; it is durable when Append returns, if the store was opened with sync.
	Append(ctx context.Context, commit []Event) error
	// ReadStream visits the events of one stream, oldest first. A stream without events is no error.
	ReadStream(ctx context.Context, stream string, visit Visit) error
	// ReadAll visits every event in commit order, which is the global order. Positions rise; they need not
	// be without gaps.
	ReadAll(ctx context.Context, visit Visit) error
	// ReadTag visits the first events with the tag, oldest first, at most limit of them; limit is at least 1.
	ReadTag(ctx context.Context, tag string, limit int, visit Visit) error
	// Settle waits until background work is done (an index caught up, a compaction), so that sizes and
	// reads are those of a store at rest.
	Settle(ctx context.Context) error
	// Close releases the store. No other call is under way or follows.
	Close() error
}

// Maker opens stores of one kind.
type Maker struct {
	// Name is what the report calls the rival: one lower-case word or two joined by a hyphen, such as
	// "pebble" or "sqlite-modernc". The flag -rivals picks by it.
	Name string
	// Open opens the store in dir, which exists, and creates it there if dir is empty. With sync false an
	// append need not be durable when it returns.
	Open func(dir string, sync bool) (Store, error)
	// Reopens says that Open on the directory of a closed store finds what was written, so that the open
	// rows can measure it.
	Reopens bool
	// Notes says in a sentence or two what a reader must know to judge the figures: settings, what is done
	// otherwise than by the others, and why.
	Notes string
}
