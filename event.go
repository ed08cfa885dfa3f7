package gesta

import (
	"encoding/json"

	"github.com/gestadb/gesta/store"
)

// Event is an event with its envelope: where and when it was recorded, and what is said about it. E is its type, or a union that it belongs to.
type Event[E any] struct {
	store.Recorded

	// Body is what happened.
	Body E

	// Part is the event's place, from 0, among those that a [Split] made of one stored event; else 0.
	Part int
}

// Actor returns who caused the event, as its metadata says, empty when it does not.
func (e Event[E]) Actor() string { return metadataText(e.Recorded.Metadata, "actor") }

// CorrelationID returns what the events of one story have in common, empty when the metadata does not say.
func (e Event[E]) CorrelationID() string {
	return metadataText(e.Recorded.Metadata, "correlationId", "$correlationId")
}

// CausationID returns the id of the event that led to this one, empty when the metadata does not say.
func (e Event[E]) CausationID() string {
	return metadataText(e.Recorded.Metadata, "causationId", "$causationId")
}

// metadataText returns the first of some members of a JSON object that is there as text.
func metadataText(metadata []byte, names ...string) string {
	if len(metadata) == 0 {
		return ""
	}
	var members map[string]json.RawMessage // a struct would match names whatever their case
	if json.Unmarshal(metadata, &members) != nil {
		return "" // it need not be an object
	}
	for _, name := range names {
		var text string
		if raw, ok := members[name]; ok && json.Unmarshal(raw, &text) == nil {
			return text
		}
	}
	return ""
}
