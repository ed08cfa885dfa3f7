package store

import (
	"strings"
	"time"
)

// Position orders all events of a store; see promise 1 of [Store]. Positions start at 1; 0 means before the first event.
type Position uint64

// MaxPosition is the highest position, and the highest version: up to here every integer is exact in a float64, as
// JavaScript and many JSON readers keep numbers.
const MaxPosition Position = 1<<53 - 1

// Event is an event to append.
type Event struct {
	// ID identifies the event: a UUID in canonical text (lower case, with hyphens), or empty. The store assigns none
	// and never checks that it is unique.
	ID string

	// Stream names the stream that the event belongs to; empty for an event without one.
	Stream string

	// Type names what happened. It is required.
	Type string

	// SchemaVersion is the version of the type's shape; 0 means not given.
	SchemaVersion uint32

	// ContentType is the media type of Data; empty means application/json.
	ContentType string

	// Tags are what the event is about, often as key:value. They keep order and duplicates and match as a set.
	Tags []string

	// Data is the payload and Metadata what is said about it; the store keeps both as they are.
	Data, Metadata []byte

	// EffectiveAt is when the event holds in the world it describes, in whole microseconds; finer is cut. The zero time
	// means not given: then it is the time of recording.
	EffectiveAt time.Time
}

// Recorded is an event as a store keeps it.
type Recorded struct {
	Event

	// Position is the event's place in the store, Commit the position of the first event of its commit.
	Position, Commit Position

	// Version is the event's 1-based place in its stream; 0 for an event without a stream.
	Version uint64

	// RecordedAt is when the store took the event in, in whole microseconds UTC: the clock, or the time of the commit
	// before it when the clock went back.
	RecordedAt time.Time

	// Tracking is what the commit of the event tracked; nil when it did not. It must not be changed.
	Tracking *Tracking

	// Erased is the position of the $erasure event that took Data and Metadata away; 0 when they are there.
	Erased Position
}

// Effective returns when the event holds: EffectiveAt, or RecordedAt where that is not given.
func (r *Recorded) Effective() time.Time {
	if r.EffectiveAt.IsZero() {
		return r.RecordedAt
	}
	return r.EffectiveAt
}

// Category returns the part of a stream name before its first hyphen, and "" for a name that has none or begins with it.
func Category(stream string) string {
	category, _, found := strings.Cut(stream, "-")
	if !found {
		return ""
	}
	return category
}

// IsSystem says whether a stream belongs to gesta itself: its name begins with $.
func IsSystem(stream string) bool { return strings.HasPrefix(stream, "$") }

// Time returns t as stores keep times: UTC, in whole microseconds, finer cut.
func Time(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
