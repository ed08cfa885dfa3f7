package auth

import (
	"iter"

	"github.com/gestadb/gesta/store"
)

// tracking returns what the commit of an event tracked where the principal may look at that source, and nil otherwise.
func (p *Principal) tracking(t *store.Tracking) *store.Tracking {
	if t == nil || p.May(Read, t.Source) {
		return t
	}
	return nil
}

// shown returns events that may all be read, with what their commits tracked as far as that may be.
func (p *Principal) shown(events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	if p.Everywhere(Admin) {
		return events
	}
	return func(yield func(store.Recorded, error) bool) {
		for e, err := range events {
			e.Tracking = p.tracking(e.Tracking)
			if !yield(e, err) {
				return
			}
		}
	}
}
