package gesta

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/gestadb/gesta/store"
)

// CallOption says how one call is to be done.
type CallOption func(*call)

// call is what the options of one call say.
type call struct {
	key      string
	retries  int
	expected *uint64
	exists   bool
	meta     metadata
	asOf     asOf
	stale    time.Duration
	looks    string // an option that only calls take which look, empty for none
	writes   string // one that only calls take which write
	problem  error  // with the options
}

// asOf is the past that a call looks at; zero for the present.
type asOf struct {
	nothing   bool // it is before the first event
	version   uint64
	position  store.Position
	recorded  time.Time
	effective time.Time
}

// present is what is not the past. It is not changed.
var present = &asOf{}

const usualRetries = 3

func newCall(meta metadata, options []CallOption) call {
	usual := call{retries: usualRetries, meta: meta}
	if len(options) == 0 {
		return usual
	}
	c := usual // on the heap, for the options
	for _, o := range options {
		o(&c)
	}
	return c
}

// fail notes what is wrong with the options.
func (c *call) fail(format string, args ...any) {
	c.problem = errors.Join(c.problem, fmt.Errorf("%w: "+format, append([]any{store.ErrInvalid}, args...)...))
}

// past returns the past that a call looks at which writes nothing.
func (c *call) past() (*asOf, error) {
	if c.writes != "" {
		c.fail("%s is of calls that write, and this one looks", c.writes)
	}
	return &c.asOf, c.problem
}

// mayWrite returns what is wrong with the options of a call that writes.
func (c *call) mayWrite() error {
	if c.looks != "" {
		c.fail("%s is of calls that look, and this one writes", c.looks)
	}
	return c.problem
}

// writing returns an option of calls that write.
func writing(name string, set func(*call)) CallOption {
	return func(c *call) {
		c.writes = name
		set(c)
	}
}

// looking returns an option of calls that look.
func looking(name string, set func(*call)) CallOption {
	return func(c *call) {
		c.looks = name
		set(c)
	}
}

// Key makes a command repeatable: the first time it is decided and recorded under key; each time after that the recorded events are returned,
// with Duplicate set, and nothing is decided. Keys are those of the whole store.
func Key(key string) CallOption {
	return writing("Key", func(c *call) {
		if c.key != "" && c.key != key {
			c.fail("one commit has one key, not %q and %q", c.key, key)
		}
		c.key = key
	})
}

// Retries sets how many times a command is decided again when others have written meanwhile; 0 for never. Defaults to 3.
func Retries(n int) CallOption { return writing("Retries", func(c *call) { c.retries = max(n, 0) }) }

// ExpectVersion refuses a command unless the stream has this version: the one that the user saw, in a form for example. The [*store.ConflictError] has what was written since. It is
// not retried.
func ExpectVersion(version uint64) CallOption {
	return writing("ExpectVersion", func(c *call) { c.expected = &version })
}

// MustExist refuses, with [ErrNoStream], a stream that has no events.
func MustExist() CallOption { return func(c *call) { c.exists = true } }

// Actor records who causes the events. It beats [WithActor].
func Actor(actor string) CallOption { return writing("Actor", func(c *call) { c.meta.actor = actor }) }

// Correlation records the story that the events belong to. It beats [WithCorrelation].
func Correlation(id string) CallOption {
	return writing("Correlation", func(c *call) { c.meta.correlation = id })
}

// Cause records the event that leads to those of the call. It beats [WithCause].
func Cause[E any](cause Event[E]) CallOption {
	id, correlation := cause.ID, cause.CorrelationID()
	return writing("Cause", func(c *call) { c.meta.causedBy(id, correlation) })
}

// Metadata records a member of the metadata of the events; value is what encoding/json takes. The members actor, correlationId, causationId and import, and the two of these that
// may begin with $, are refused: they have options of their own.
func Metadata(name string, value any) CallOption {
	return writing("Metadata", func(c *call) {
		c.meta.more = maps.Clone(c.meta.more)
		if c.meta.more == nil {
			c.meta.more = map[string]any{}
		}
		c.meta.more[name] = value
	})
}

// AsOfVersion looks at the stream as it was at a version: without events at 0, and as it is where it is not that far.
func AsOfVersion(version uint64) CallOption {
	return looking("AsOfVersion", func(c *call) {
		c.asOf.version, c.asOf.nothing = version, c.asOf.nothing || version == 0
	})
}

// AsOfPosition looks at what was recorded up to a position: nothing at 0.
func AsOfPosition(p store.Position) CallOption {
	return looking("AsOfPosition", func(c *call) {
		c.asOf.position, c.asOf.nothing = p, c.asOf.nothing || p == 0
	})
}

// AsOf looks at what was recorded at a time or before it: what was known then.
func AsOf(recorded time.Time) CallOption {
	return looking("AsOf", func(c *call) {
		if c.asOf.recorded = recorded; recorded.IsZero() {
			c.fail("AsOf the zero time")
		}
	})
}

// AsEffective looks at what held at a time, as far as is known: events count by the time at which they took effect, in that order, and those that a later one names in the
// member "supersedes" of its metadata do not.
func AsEffective(at time.Time) CallOption {
	return looking("AsEffective", func(c *call) {
		if c.asOf.effective = at; at.IsZero() {
			c.fail("AsEffective at the zero time")
		}
	})
}
