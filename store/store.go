package store

import (
	"context"
	"iter"
	"time"
)

// Store is an event store. Every method may be called by any number of goroutines at once, and ends with the error of
// its context when that is done.
//
// A store promises:
//
//  1. Stable prefix. Positions are given in commit order. Once any reader has seen position P, nothing new ever appears
//     at or below P. Positions start at 1 and stay at or below [MaxPosition]. They may have holes; they survive dump and
//     restore. The visible head moves only when what it covers is durable.
//  2. Guards are judged at the commit point, against everything committed before, including commits written by the same
//     operation of the disk, and never against the commit's own events.
//  3. A commit is atomic: any number of events in any number of streams, contiguous in the log, all or nothing, also for
//     readers that read while it is being written. Its events share one RecordedAt and one Commit.
//  4. A nil error of Append means durable at the configured level. Every other outcome is either refused, and nothing was
//     or will be written, or an [*UnknownError]: it may have been written; repeat it with the same key. A context that is
//     done before the commit is queued refuses it; later the outcome is unknown. The caller's slices are not read after
//     Append has returned.
//  5. An unknown outcome can be retried. A commit's key is looked up before its guards; a repeat waits until the first is
//     durable, judges no guard, and returns the first Result with Duplicate set, also after a restart. A commit is a repeat when the
//     number, streams, types, tags and data of its events are equal, in order; ids, times, content types, schema versions, metadata and guards are not
//     compared, and an erased payload equals anything. Anything else under a known key is a [*KeyReusedError]. Keys live as long as their events.
//  6. Reads end at the head of their start unless they follow; see [ReadOptions]. After Append returned P, every Read and
//     Head begun later through that Store includes P.
//  7. Follow has no seam: history and live events are one loop; nothing is missed, doubled or reordered. A slow reader
//     never blocks a writer and never loses an event.
//  8. Breaking the loop of a Read frees everything; a cancelled context ends every call; nothing leaks a goroutine.
//  9. Nothing is silent: corruption, an unknown type, a skipped event, a dropped subscriber is an error with a position in
//     it, or a counter that someone can read.
type Store interface {
	// Append commits c: all of it or nothing. A commit that writes nothing, because it has neither events nor tracking, returns
	// the zero Result. Positions and versions beyond [MaxPosition] are [ErrTooLarge]. It returns an error that is [ErrInvalid], [ErrTooLarge], [ErrConflict]
	// ([*ConflictError]), [ErrKeyReused] ([*KeyReusedError]), [ErrTracking] ([*TrackingError]), [ErrTruncated]
	// ([*TruncatedError]), [ErrReadOnly], [ErrClosed], [ErrFailed], the context's error, or an error of the medium
	// before anything was written; in all these cases nothing was or will be written. An [*UnknownError] says that it
	// may have been.
	Append(ctx context.Context, c Commit) (Result, error)

	// Read yields the events that match q. An error is yielded once, last, with a zero Recorded: [ErrInvalid],
	// [ErrTooLarge], [ErrTruncated], [ErrDamaged] ([*DamagedError]), [ErrClosed], or the context's error. A yielded event stays
	// valid and must not be changed; neighbours may share memory. The sequence may be ranged over more than once; each
	// loop is a new read.
	Read(ctx context.Context, q Query, o ReadOptions) iter.Seq2[Recorded, error]

	// Head returns the position of the last event that is visible, 0 when there is none.
	Head(ctx context.Context) (Position, error)

	// Close waits for what is being written, ends readers with [ErrClosed] and frees what the store holds. Closing again
	// returns nil.
	Close() error
}

// ReadOptions bound a read. The zero value reads everything, oldest first, up to the head of its start.
type ReadOptions struct {
	// After and Until bound the positions to (After, Until], backwards too. Until 0 is the head at the start of the
	// read; an Until above it is the head, unless the read follows.
	After, Until Position

	// AsOf, unless zero, is exactly an Until of the last position with RecordedAt at or before it when the read starts. Before
	// the first event it yields nothing. With Until the lower of both holds.
	AsOf time.Time

	// Limit is the number of events yielded at the most; 0 is no limit. Below 0 is [ErrInvalid].
	Limit int

	// Backward yields the newest first.
	Backward bool

	// Follow waits at the head for events to come; the read ends with the context, with Limit, or at Until, which may
	// lie above the head. Follow with Backward or AsOf is [ErrInvalid].
	Follow bool

	// Whole asks for all events that match or none: where the caller may not read every one, those to come included, the read fails with what [MayRead] returns, in
	// place of leaving some out. Whoever folds events asks for it. A store that shows its caller everything need not look at it.
	Whole bool

	// Progress, unless nil, is called on the goroutine that reads: p rises with each call, and no match at or below p is still to come;
	// live is true when p is the head. It is called at least each 65,536 positions while scanning,
	// at the head, and while following within a second of the head moving. It is not called with Backward.
	Progress func(p Position, live bool)
}

// Validate returns an [ErrInvalid] for options that contradict each other.
func (o *ReadOptions) Validate() error {
	switch {
	case o.Limit < 0:
		return invalidf("limit %d is below 0", o.Limit)
	case o.Follow && o.Backward:
		return invalidf("a read cannot follow backwards")
	case o.Follow && !o.AsOf.IsZero():
		return invalidf("a read cannot follow as of a time")
	}
	return nil
}
