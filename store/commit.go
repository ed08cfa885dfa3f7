package store

import "time"

// Commit is what one Append writes: all of it or nothing.
type Commit struct {
	// Events are appended in this order. A commit without events judges its guards, takes no position, has no key, and
	// is written only if it carries Tracking.
	Events []Event

	// Guards must all hold for the commit to be written; none is no condition.
	Guards []Guard

	// Key makes the commit repeatable: see promise 5 of [Store]. Empty is no key.
	Key string

	// Tracking records in the same commit which input it comes from; nil is none.
	Tracking *Tracking
}

// Tracking says how far an input has been processed. A commit that carries it is refused with a [*TrackingError] unless
// Position lies above the last one of the same Source; it is durable with the events and comes back on them. The last
// one of a source is read through the power [Tracker].
type Tracking struct {
	Source   string
	Position uint64 // from 1 up to [MaxPosition]
}

// Result says what Append wrote.
type Result struct {
	// First and Last are the positions of the commit's first and last event; both 0 for a commit without events.
	First, Last Position

	// RecordedAt is the time of the commit.
	RecordedAt time.Time

	// Versions has the last version of each stream that the commit touched, in the order in which it first touched them.
	Versions []StreamVersion

	// Duplicate is true when the commit's key was known: the rest says what was written then.
	Duplicate bool
}

// StreamVersion is a stream at a version.
type StreamVersion struct {
	Stream  string
	Version uint64
}

// Version returns the last version of a stream that the commit touched, 0 for another.
func (r *Result) Version(stream string) uint64 {
	for _, v := range r.Versions {
		if v.Stream == stream {
			return v.Version
		}
	}
	return 0
}
