package httpapi

import (
	"context"
	"time"

	"github.com/gestadb/gesta/store"
)

// Options configure the server half. The zero value of each but Store works.
type Options struct {
	// Store returns the store as the caller of a request may use it; ctx is the request's. It is called once a request, and what it
	// returns is not closed.
	Store func(ctx context.Context) (store.Store, error)

	// Routes are served beside the package's own; one with the same method and path takes its place.
	Routes []Route

	// MaxBodyBytes bounds the body of a request that is not a stream, and a line or a frame of one that is. Defaults to 192 MiB.
	MaxBodyBytes int64

	// MaxDocumentBytes bounds the body of a request that is no append, such as a query. Defaults to what the largest query needs that a store takes, 8.25 MiB, and is never
	// above MaxBodyBytes. Eight that are as long are held in memory at once; a request that would need more is refused as rateLimited. A quarter more is there for requests of
	// up to a 64th of it.
	MaxDocumentBytes int64

	// MaxHeldBytes bounds the bodies, lines and frames of all appends that are held in memory at once; a request that would need more is refused as
	// rateLimited. A quarter more is there for requests of up to 1 MiB. Defaults to 512 MiB, and is never below MaxBodyBytes.
	MaxHeldBytes int64

	// MaxQueryItems bounds the items of a query, and of all guards of a commit together. Defaults to [store.MaxQueryParts].
	MaxQueryItems int

	// MaxReadTime bounds a read that does not follow, and every other request that answers from history. Defaults to 5 minutes.
	MaxReadTime time.Duration

	// Walks bounds how many answers are worked at at once that fold history or walk through it: the statistics, the types, the streams of the past and the check, and those of
	// others that have the same one. Defaults to one of its own, as [NewWalks] makes it of 0. Who waits for longer than MaxReadTime is refused as rateLimited.
	Walks *Walks

	// MaxItems bounds the events of a JSON answer, MaxAnswerBytes about how long it gets; the rest is told by "next". They default to 1,000
	// and 4 MiB.
	MaxItems       int
	MaxAnswerBytes int

	// MaxAnswersBytes bounds what is in memory of all events of more than 64 KiB that are being sent, about: one more waits for a piece's WriteTimeout, and is then
	// refused as rateLimited. Defaults to 256 MiB.
	MaxAnswersBytes int64

	// Answers does what MaxAnswersBytes does, of all that share it. Defaults to one of this handler's own.
	Answers *Answers

	// MaxFlight bounds the commits of one streamed append that are on their way, MaxFlightBytes how large they are
	// together; a larger one flies alone. They default to 1,024 and 16 MiB.
	MaxFlight      int
	MaxFlightBytes int64

	// WriteTimeout is how long a reader may take for a piece of an answer, and IdleTimeout how long a sender may
	// be silent within a stream, before the connection is cut. They default to 30 seconds and 5 minutes.
	WriteTimeout, IdleTimeout time.Duration

	// BodyTimeout is how long a sender may be silent within a body that is not a stream, and within a long line or frame of one that is; the whole body of
	// a request that is no append must come within it. Defaults to 30 seconds, and is never above IdleTimeout.
	BodyTimeout time.Duration

	// Heartbeat is the longest silence of an answer that follows. Defaults to 10 seconds, as the protocol has it.
	Heartbeat time.Duration
}

func (o Options) withDefaults() Options {
	def(&o.MaxBodyBytes, 192<<20)
	def(&o.MaxDocumentBytes, queryBytes)
	o.MaxDocumentBytes = min(o.MaxDocumentBytes, o.MaxBodyBytes)
	def(&o.MaxHeldBytes, 512<<20)
	o.MaxHeldBytes = max(o.MaxHeldBytes, o.MaxBodyBytes+1) // a byte more, by which it is known that a body is too long
	def(&o.MaxQueryItems, store.MaxQueryParts)
	def(&o.MaxReadTime, 5*time.Minute)
	if o.Walks == nil {
		o.Walks = NewWalks(0)
	}
	def(&o.MaxItems, 1000)
	def(&o.MaxAnswerBytes, 4<<20)
	def(&o.MaxAnswersBytes, 256<<20)
	def(&o.MaxFlight, 1024)
	def(&o.MaxFlightBytes, 16<<20)
	def(&o.WriteTimeout, 30*time.Second)
	def(&o.IdleTimeout, 5*time.Minute)
	def(&o.BodyTimeout, 30*time.Second)
	o.BodyTimeout = min(o.BodyTimeout, o.IdleTimeout)
	def(&o.Heartbeat, 10*time.Second)
	return o
}

// queryBytes is what the largest query needs in JSON: each part of it an item with two names, the stream and the category, or one of which each byte is escaped, and what
// surrounds them.
const queryBytes = store.MaxQueryParts * (2*store.MaxNameBytes + 64)

// def gives an option that is not set its default.
func def[T ~int | ~int64](option *T, value T) {
	if *option <= 0 {
		*option = value
	}
}
