package eventjson

import (
	"fmt"

	"github.com/gestadb/gesta/store"
)

// DecodeCommit reads a commit that is to be appended. An error is [store.ErrInvalid], or [store.ErrTooLarge] for more than any store takes.
func DecodeCommit(b []byte) (store.Commit, error) {
	var c store.Commit
	err := document(b, false, func(r *reader) error {
		found := false
		err := r.object("a commit", func(name string) (bool, error) {
			found = found || name == "events"
			return r.commitMember(name, &c)
		})
		if err == nil && !found {
			return invalidf("a commit needs the member events")
		}
		return err
	})
	return c, err
}

// DecodeLine reads a line of input: a commit, which has events, or one event, which has a type and may have the key, the
// guards and the tracking of its commit beside it. An error is as of [DecodeCommit].
func DecodeLine(b []byte) (store.Commit, error) {
	var (
		c         store.Commit
		e         store.Event
		p         payloads
		hasEvents bool
		single    string // a member that only an event has
		hasType   bool
	)
	err := document(b, false, func(r *reader) error {
		return r.object("a line of input", func(name string) (bool, error) {
			hasEvents = hasEvents || name == "events"
			hasType = hasType || name == "type"
			if known, err := r.commitMember(name, &c); known || err != nil {
				return known, err
			}
			single = name
			return r.eventMember(name, &e, &p)
		})
	})
	switch {
	case err != nil:
		return c, err
	case hasEvents && single != "":
		return c, invalidf("a line of input is a commit, with events, or an event: %q does not belong beside events", single)
	case hasEvents:
		return c, nil
	case !hasType:
		return c, invalidf("a line of input has neither the type of an event nor the events of a commit")
	}
	p.put(&e)
	c.Events = []store.Event{e}
	return c, nil
}

// commitMember reads the member name of a commit; false for one that it does not have.
func (r *reader) commitMember(name string, c *store.Commit) (known bool, err error) {
	switch name {
	case "key":
		c.Key, err = r.text(name)
	case "events":
		err = r.list(name, func() error {
			e, err := r.event()
			if err != nil {
				return fmt.Errorf("event %d: %w", len(c.Events)+1, err)
			}
			// Where a commit is more than any store takes, what is left of it is not read: a few bytes of text can be many in memory.
			if r.size += store.EventBytes(&e); r.size > store.MaxCommitBytes {
				return &store.TooLargeError{What: "commit", Unit: "bytes", Got: r.size, Max: store.MaxCommitBytes}
			}
			c.Events = append(c.Events, e)
			return nil
		})
	case "guards":
		err = r.list(name, func() error {
			if len(c.Guards) == store.MaxGuards {
				return &store.TooLargeError{What: "commit", Unit: "guards", Got: len(c.Guards) + 1, Max: store.MaxGuards}
			}
			g, err := r.guard()
			if err != nil {
				return fmt.Errorf("guard %d: %w", len(c.Guards)+1, err)
			}
			c.Guards = append(c.Guards, g)
			return nil
		})
	case "tracking":
		c.Tracking, err = r.tracking()
	default:
		return false, nil
	}
	return true, err
}

// guard reads an object with one member that is named after the kind of the guard.
func (r *reader) guard() (store.Guard, error) {
	var g store.Guard
	err := r.object("a guard", func(name string) (known bool, err error) {
		if g != nil {
			return true, invalidf("a guard has more than one kind")
		}
		switch name {
		case "streamAt":
			g, err = r.streamAt()
		case "streamExists":
			g, err = r.streamExists()
		case "noneMatch":
			g, err = r.noneMatch()
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil && g == nil {
		return nil, invalidf("a guard is streamAt, streamExists or noneMatch")
	}
	return g, err
}

func (r *reader) streamAt() (store.Guard, error) {
	var g store.StreamAt
	hasStream, hasVersion := false, false
	err := r.object("streamAt", func(name string) (known bool, err error) {
		switch name {
		case "stream":
			hasStream = true
			g.Stream, err = r.text(name)
		case "version":
			hasVersion = true
			g.Version, err = r.uint(name, uint64(store.MaxPosition))
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil && (!hasStream || !hasVersion) {
		return nil, invalidf("streamAt needs stream and version")
	}
	return g, err
}

func (r *reader) streamExists() (store.Guard, error) {
	var g store.StreamExists
	found := false
	err := r.object("streamExists", func(name string) (known bool, err error) {
		if name != "stream" {
			return false, nil
		}
		found = true
		g.Stream, err = r.text(name)
		return true, err
	})
	if err == nil && !found {
		return nil, invalidf("streamExists needs stream")
	}
	return g, err
}

func (r *reader) noneMatch() (store.Guard, error) {
	var g store.NoneMatch
	found := false
	err := r.object("noneMatch", func(name string) (known bool, err error) {
		switch name {
		case "query":
			found = true
			g.Query, err = r.query("guards", "query parts")
		case "after":
			g.After, err = r.position(name)
		default:
			return false, nil
		}
		return true, err
	})
	if err == nil && !found {
		return nil, invalidf("noneMatch needs query; [] matches every event")
	}
	return g, err
}
