package store

import (
	"context"
	"iter"
	"time"
)

// A power is what only some stores can do: a second interface, found with [As].

// Tracker reads what commits tracked.
type Tracker interface {
	// Tracked returns the last tracking position of a source, 0 when it has none.
	Tracked(ctx context.Context, source string) (uint64, error)
}

// Keys looks up idempotency keys.
type Keys interface {
	// Lookup returns the Result of the commit with this key, with Duplicate set, or [ErrNotFound].
	Lookup(ctx context.Context, key string) (Result, error)
}

// Starter appends without waiting.
type Starter interface {
	// Start queues a commit and returns when its place in the queue is fixed: commits started by one goroutine are
	// judged in that order, and a refused one does not stop the next. The returned wait has the outcome, as
	// Append would; it may be called from any goroutine, any number of times. Start blocks while the queue is full; ctx
	// ends that, and later ends wait with an [*UnknownError].
	Start(ctx context.Context, c Commit) (wait func() (Result, error))
}

// RecordedCommit is a commit as a store keeps it: what a dump yields and a restore takes.
type RecordedCommit struct {
	Key        string
	Tracking   *Tracking
	RecordedAt time.Time

	// Events have their positions, versions, times, ids and erasures. An erased event has neither data nor metadata.
	Events []Recorded

	// Salts has, for each event, the 16 random bytes that its commitment is made with; nil where the source has none,
	// an empty salt for an erased event.
	Salts [][]byte

	// After is, for a commit without events, the position of the last event before it.
	After Position
}

// Dumper yields everything a store holds, commit by commit.
type Dumper interface {
	// Dump yields the commits that have an event above after, whole, and those without events whose After lies above it, in the order in
	// which they were committed, up to the head of its start. With after 0 it begins with commits that came before any
	// event. What was truncated cannot be dumped: that is [ErrTruncated]. A dump that begins where a truncated store begins starts with
	// commits without events, After 0, for the tracking that truncation kept. An error is yielded once, last.
	Dump(ctx context.Context, after Position) iter.Seq2[RecordedCommit, error]
}

// Restorer takes recorded commits as they are: export and import, clone and copy use nothing else.
type Restorer interface {
	// Restore appends commits in the order given, keeping positions, versions, times, ids, keys, tracking, erasures and salts.
	// The first position must lie above the head and positions must rise; holes are kept, but not within a commit, whose positions follow each other.
	// After, of a commit without events, must be the head. Versions and times must continue what is there: a stream that is new here
	// may begin at any version. An event that comes erased names the position of its $erasure, above its own. Where an $erasure event
	// arrives whose event is here with a payload, that payload is erased too. It returns when all is durable. After an
	// error, a prefix of the commits has been restored: [ErrInvalid] for one that does not continue the store, [ErrKeyReused]
	// for a key that is there, [ErrTracking] for a tracking that does not rise, the error that commits yielded, or an error as of
	// Append. It must not run beside other writers.
	Restore(ctx context.Context, commits iter.Seq2[RecordedCommit, error]) error
}

// StreamInfo says what a store knows of a stream.
type StreamInfo struct {
	Stream         string
	Version        uint64
	LastPosition   Position
	LastRecordedAt time.Time
}

// TypeInfo says how many events of a type there are.
type TypeInfo struct {
	Type   string
	Events uint64
}

// StreamsOptions bound a list of streams.
type StreamsOptions struct {
	Prefix string // only names that begin with it
	After  string // only names above it, in byte order
	Limit  int    // at the most; 0 and below is no limit
}

// Lister lists streams and types, in byte order of their names, system streams included. An error is yielded once, last.
type Lister interface {
	Streams(ctx context.Context, o StreamsOptions) iter.Seq2[StreamInfo, error]
	Types(ctx context.Context) iter.Seq2[TypeInfo, error]
}

// Identity names a store.
type Identity interface {
	// StoreID returns the UUID that the store was given when it was made.
	StoreID() string
}

// IDs finds events by id.
type IDs interface {
	// ByID yields all events with this id, oldest first. An error is yielded once, last.
	ByID(ctx context.Context, id string) iter.Seq2[Recorded, error]
}

// Limiter says what limits a store has.
type Limiter interface {
	Limits() Limits
}

// Stats are a store's own figures.
type Stats struct {
	LogBytes, IndexBytes int64
	Segments             int

	// ClockBehind is how far the clock is behind the last RecordedAt; 0 when it is not.
	ClockBehind time.Duration
}

// Measurer reports figures of the medium.
type Measurer interface {
	Stats(ctx context.Context) (Stats, error)
}

// CheckOptions say what Check may do.
type CheckOptions struct {
	// Repair heals what can be derived again; what it healed is still reported.
	Repair bool
}

// Problem is one thing that Check found.
type Problem struct {
	Code     string   // a word for scripts, such as checksum
	File     string   // relative to the store
	Offset   int64    // in bytes
	Position Position // of the first event that it concerns; 0 where none can be named
	Message  string
	Repaired bool
}

// CheckReport says what Check walked and found.
type CheckReport struct {
	Events   uint64
	Files    int
	Problems []Problem // at most 1,000
	StoreID  string    // empty where even that cannot be read, and for a store without one
}

// OK says that there is no problem left.
func (r *CheckReport) OK() bool {
	for i := range r.Problems {
		if !r.Problems[i].Repaired {
			return false
		}
	}
	return true
}

// Checker walks everything a store holds.
type Checker interface {
	// Check reads everything and compares what is derived with what it is derived from. Damage is a problem in the
	// report, not an error; an error says that it could not look.
	Check(ctx context.Context, o CheckOptions) (CheckReport, error)
}

// Erasure says which payloads to erase, and what is put on record about it.
type Erasure struct {
	Positions []Position
	Reason    string
	Actor     string
}

// MaxErasePositions bounds the positions of one Erasure.
const MaxErasePositions = 10_000

// Eraser takes payloads away for good.
type Eraser interface {
	// Erase records an $erasure event for each position that still has its payload, in one commit, and then removes data and
	// metadata of those events from every file. It returns when they are gone, with the Result of that commit, zero when all had been erased
	// before. The $erasure events come in the order of the positions they erase. A position without an event is [ErrNotFound], a
	// truncated one [ErrTruncated]; an $erasure event, no position, or more than [MaxErasePositions] is [ErrInvalid].
	Erase(ctx context.Context, e Erasure) (Result, error)
}

// Truncater drops the oldest events, envelopes and all.
type Truncater interface {
	// Truncate drops what it can at or below through, in units of the medium, and returns the first position that is
	// left. Stream versions and tracking are kept.
	Truncate(ctx context.Context, through Position) (Position, error)
}
