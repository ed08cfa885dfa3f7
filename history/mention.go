package history

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Mention is what answers say of an event that they are not about: who, what, when and where.
type Mention struct {
	Position    store.Position
	ID          string
	Stream      string
	Version     uint64
	Type        string
	RecordedAt  time.Time
	EffectiveAt time.Time // zero where the event has none of its own
	Actor       string    // of the metadata; empty where they name none
}

// MentionOf returns what is to be said of an event, in memory of its own.
func MentionOf(r *store.Recorded) Mention {
	return Mention{
		Position: r.Position, ID: strings.Clone(r.ID), Stream: strings.Clone(r.Stream), Version: r.Version, Type: strings.Clone(r.Type),
		RecordedAt: r.RecordedAt, EffectiveAt: r.EffectiveAt, Actor: Actor(r),
	}
}

// Effective returns the effective time of the event, that of recording where it has none of its own.
func (m *Mention) Effective() time.Time {
	if m.EffectiveAt.IsZero() {
		return m.RecordedAt
	}
	return m.EffectiveAt
}

// Actor returns who the metadata of an event says did it, empty where it says nothing.
func Actor(r *store.Recorded) string {
	if len(r.Metadata) == 0 {
		return ""
	}
	var m map[string]json.RawMessage // a struct would match the member whatever its case
	var name string
	if json.Unmarshal(r.Metadata, &m) != nil || json.Unmarshal(m["actor"], &name) != nil {
		return ""
	}
	return name
}
