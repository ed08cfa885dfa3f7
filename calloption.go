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
	problem  error // with the options
}

// asOf is the past that a call looks at; zero for the present.
type asOf struct {
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

// reads returns the past that a call looks at which writes nothing.
func (c *call) reads() (*asOf, error) {
	if c.key != "" || c.expected != nil {
		c.fail("Key and ExpectVersion are of calls that write")
	}
	return &c.asOf, c.problem
}

// writes returns what is wrong with the options of a call that writes.
func (c *call) writes() error {
	if c.asOf != (asOf{}) {
		c.fail("the past is not written: options as of a version, position or time are of Load and History")
	}
	return c.problem
}

// Key makes a command repeatable: the first time it is decided and recorded under key; each time after that the recorded events are returned,
// with Duplicate set, and nothing is decided. Keys are those of the whole store.
func Key(key string) CallOption {
	return func(c *call) {
		if c.key != "" && c.key != key {
			c.fail("one commit has one key, not %q and %q", c.key, key)
		}
		c.key = key
	}
}

// Retries is how often a command is decided again when others have written meanwhile. Defaults to 3.
func Retries(n int) CallOption { return func(c *call) { c.retries = max(n, 0) } }

// ExpectVersion refuses a command unless the stream has this version, as the form says that the user saw: the [*store.ConflictError] has what was written since. It is
// not retried.
func ExpectVersion(version uint64) CallOption { return func(c *call) { c.expected = &version } }

// MustExist refuses, with [ErrNoStream], what finds no event in the stream.
func MustExist() CallOption { return func(c *call) { c.exists = true } }

// Actor records who causes the events. It beats [WithActor].
func Actor(actor string) CallOption { return func(c *call) { c.meta.actor = actor } }

// Correlation records the story that the events belong to. It beats [WithCorrelation].
func Correlation(id string) CallOption { return func(c *call) { c.meta.correlation = id } }

// Cause records the event that leads to those of the call. It beats [WithCause].
func Cause[E any](cause Event[E]) CallOption {
	id, correlation := cause.ID, cause.CorrelationID()
	return func(c *call) { c.meta.causedBy(id, correlation) }
}

// Metadata records a member of the metadata of the events; value is what encoding/json takes.
func Metadata(name string, value any) CallOption {
	return func(c *call) {
		c.meta.more = maps.Clone(c.meta.more)
		if c.meta.more == nil {
			c.meta.more = map[string]any{}
		}
		c.meta.more[name] = value
	}
}

// AsOfVersion looks at the stream as it was at a version.
func AsOfVersion(version uint64) CallOption { return func(c *call) { c.asOf.version = version } }

// AsOfPosition looks at what was recorded up to a position.
func AsOfPosition(p store.Position) CallOption { return func(c *call) { c.asOf.position = p } }

// AsOf looks at what was recorded by a time.
func AsOf(recorded time.Time) CallOption { return func(c *call) { c.asOf.recorded = recorded } }

// AsEffective looks at what held at a time, as far as is known: events count by the time at which they took effect, in that order, and those that a later one supersedes do not.
func AsEffective(at time.Time) CallOption { return func(c *call) { c.asOf.effective = at } }
