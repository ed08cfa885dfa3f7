package gesta

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// draft is a commit that is being made.
type draft struct {
	db     *DB
	meta   metadata
	commit store.Commit
	bodies []any // of its events
}

// atVersion guards a stream that one handling decides on.
func (d *draft) atVersion(stream string, version uint64) error {
	for _, g := range d.commit.Guards {
		if g, ok := g.(store.StreamAt); ok && g.Stream == stream {
			return fmt.Errorf("%w: two commands of one commit decide on stream %q, the second without what the first did", store.ErrInvalid, stream)
		}
	}
	d.commit.Guards = append(d.commit.Guards, store.StreamAt{Stream: stream, Version: version})
	return nil
}

// addAll adds events, to a stream unless their envelope names another one.
func addAll[E any](d *draft, stream string, envelope func(E) Envelope, events []E) error {
	plain, err := d.meta.json(nil)
	if err != nil {
		return err
	}
	now := d.db.clock()
	for _, body := range events {
		e := store.Event{ID: d.db.ids.next(now), Stream: stream, Metadata: plain}
		if envelope != nil {
			if err := d.envelop(&e, envelope(body)); err != nil {
				return err
			}
		}
		if err := d.db.catalog.encode(&e, body); err != nil {
			return fmt.Errorf("event %d: %w", len(d.bodies)+1, err)
		}
		d.commit.Events, d.bodies = append(d.commit.Events, e), append(d.bodies, body)
	}
	return nil
}

// streamOf returns where an event goes.
func streamOf[E any](stream string, envelope func(E) Envelope, body E) string {
	if envelope == nil {
		return stream
	}
	return cmp.Or(envelope(body).Stream, stream)
}

// envelop puts an envelope around an event.
func (d *draft) envelop(e *store.Event, v Envelope) (err error) {
	e.Stream = cmp.Or(v.Stream, e.Stream)
	e.EffectiveAt, e.Tags = v.EffectiveAt, slices.Clone(v.Tags)
	if len(v.Metadata) > 0 {
		e.Metadata, err = d.meta.json(v.Metadata)
	}
	return err
}

// recorded returns the events as a reader will find them.
func (d *draft) recorded(res *store.Result) []Event[any] {
	versions := map[string]uint64{}
	for _, v := range res.Versions {
		versions[v.Stream] = v.Version
	}
	events := make([]Event[any], len(d.bodies))
	for i := len(events) - 1; i >= 0; i-- { // from the last version of each stream down
		r := store.Recorded{Event: d.commit.Events[i], Position: res.First + store.Position(i), Commit: res.First, RecordedAt: res.RecordedAt}
		if r.Stream != "" {
			r.Version = versions[r.Stream]
			versions[r.Stream]--
		}
		r.EffectiveAt = store.Time(r.EffectiveAt)
		events[i] = Event[any]{Recorded: r, Body: d.bodies[i]}
	}
	return events
}

// typed decodes a recorded event.
func typed[E any](db *DB, r *store.Recorded) ([]Event[E], error) {
	bodies, err := db.catalog.decode(nil, r)
	if err == nil {
		err = allOf[E](bodies, r)
	}
	if err != nil {
		return nil, err
	}
	events := make([]Event[E], len(bodies))
	for i, body := range bodies {
		events[i] = Event[E]{Recorded: *r, Body: body.(E), Part: i} //nolint:errcheck // allOf has looked
	}
	return events, nil
}

// as returns events as those of a union.
func as[E any](events []Event[any]) ([]Event[E], error) {
	out := make([]Event[E], len(events))
	for i, e := range events {
		body, ok := e.Body.(E)
		if !ok {
			return nil, fmt.Errorf("%w: the %T at position %d is of another union", ErrUnknownType, e.Body, e.Position)
		}
		out[i] = Event[E]{Recorded: e.Recorded, Body: body, Part: e.Part}
	}
	return out, nil
}
