package store

// The limits of what a store takes. Beyond them Append returns a [*TooLargeError] before anything is written.
const (
	// MaxNameBytes bounds stream, category, type, tag, key, source and content type: long enough for any URL or path in use as
	// a name, short enough that names can be kept in memory and in an index.
	MaxNameBytes = 1024

	// MaxEnvelopeBytes bounds all of an event but its payload, as [EnvelopeBytes] counts it: an envelope is read whole wherever an event is
	// looked at.
	MaxEnvelopeBytes = 32 << 10

	// MaxEventBytes bounds an event, envelope and payload: larger things belong in a blob store, with their digest in the
	// event.
	MaxEventBytes = 16 << 20

	// MaxCommitBytes bounds a commit: it is held in memory several times while it is being written.
	MaxCommitBytes = 64 << 20

	// MaxGuards bounds the guards of a commit: each costs a look-up while other commits wait.
	MaxGuards = 1024

	// MaxQueryParts bounds the items, types and tags of one query, added up, and of all guards of a commit: each is a list
	// that a read merges.
	MaxQueryParts = 4096

	// MaxConflictEvents bounds the events that a [GuardFailure] carries; the rest is read by those who need it.
	MaxConflictEvents = 100
)

// eventOverhead is what an envelope is counted with beside its strings: room for numbers, times and checksums in any
// backend's form.
const eventOverhead = 96

// EnvelopeBytes returns the size of all of e but its payload, as the limits count it.
func EnvelopeBytes(e *Event) int {
	n := eventOverhead + len(e.ID) + len(e.Stream) + len(e.Type) + len(e.ContentType)
	for _, t := range e.Tags {
		n += 2 + len(t)
	}
	return n
}

// EventBytes returns the size of e as the limits count it.
func EventBytes(e *Event) int { return EnvelopeBytes(e) + len(e.Data) + len(e.Metadata) }

// Limits are the limits of one store, in bytes.
type Limits struct {
	NameBytes, EnvelopeBytes, EventBytes, CommitBytes int

	// CommitEvents is how many events a commit may have; 0 is no limit but CommitBytes.
	CommitEvents int
}

// DefaultLimits are the limits of a store that does not say otherwise by the power [Limiter].
func DefaultLimits() Limits {
	return Limits{
		NameBytes: MaxNameBytes, EnvelopeBytes: MaxEnvelopeBytes,
		EventBytes: MaxEventBytes, CommitBytes: MaxCommitBytes,
	}
}
