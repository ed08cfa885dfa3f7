package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// The worlds of names from which random commits and queries are made: small, so that they meet.
var (
	someStreams = []string{"", "", "a-1", "a-2", "b-1", "b-2", "c", "$s", "-d", "a-"}
	someTypes   = []string{"T1", "T2", "T3", "a-1"}
	someTags    = []string{"x", "y", "z", "T1", "a-1"}
)

func (m *model) pick(from ...string) string { return from[m.rnd.IntN(len(from))] }

// some returns up to n members, which may repeat.
func (m *model) some(n int, from []string) []string {
	var out []string
	for range m.rnd.IntN(n + 1) {
		out = append(out, m.pick(from...))
	}
	return out
}

func (m *model) randomKey() string { return fmt.Sprintf("key-%d", m.rnd.IntN(40)) }

func (m *model) randomID() string {
	if m.rnd.IntN(3) > 0 {
		return ""
	}
	return fmt.Sprintf("00000000-0000-0000-0000-%012x", m.rnd.IntN(20))
}

// nextCommit is a random commit, or one that was sent before.
func (m *model) nextCommit(t *testing.T) store.Commit {
	c := m.randomCommit(t)
	if len(m.keyed) > 0 && m.rnd.IntN(12) == 0 {
		c = m.keyed[m.rnd.IntN(len(m.keyed))]
	}
	if c.Key != "" {
		m.keyed = append(m.keyed, c)
	}
	return c
}

func (m *model) randomCommit(t *testing.T) store.Commit {
	var c store.Commit
	for range m.rnd.IntN(5) {
		c.Events = append(c.Events, m.randomEvent())
	}
	if len(c.Events) > 0 && m.rnd.IntN(5) == 0 {
		c.Key = m.randomKey()
	}
	if m.rnd.IntN(6) == 0 {
		c.Tracking = &store.Tracking{Source: m.pick("x", "y"), Position: 1 + m.rnd.Uint64N(uint64(m.head)+3)}
	}
	if m.rnd.IntN(2) == 0 {
		for range 1 + m.rnd.IntN(2) {
			c.Guards = append(c.Guards, m.randomGuard(t))
		}
	}
	return c
}

func (m *model) randomEvent() store.Event {
	e := store.Event{
		ID: m.randomID(), Stream: m.pick(someStreams...), Type: m.pick(someTypes...), Tags: m.some(3, someTags),
		ContentType: m.pick("", "", "text/plain"), SchemaVersion: m.rnd.Uint32N(3),
	}
	if m.rnd.IntN(40) == 0 {
		e.Type = ""
	}
	if m.rnd.IntN(4) > 0 {
		e.Data = fmt.Appendf(nil, `{"n":%d}`, m.rnd.IntN(5))
	}
	if m.rnd.IntN(3) == 0 {
		e.Metadata = []byte(m.pick(`{"actor":"ada"}`, "{}", "\x00"))
	}
	if m.rnd.IntN(4) == 0 {
		e.EffectiveAt = m.clock.Add(-time.Duration(m.rnd.IntN(1e9)) * time.Microsecond)
	}
	return e
}

func (m *model) randomItem() store.Item {
	var it store.Item
	if m.rnd.IntN(3) == 0 {
		it.Stream = m.pick(someStreams...)
	}
	if m.rnd.IntN(4) == 0 {
		it.Category = m.pick("", "a", "b", "c", "$s")
	}
	if m.rnd.IntN(2) == 0 {
		it.Types = m.some(2, append(someTypes, store.ErasureType))
	}
	if m.rnd.IntN(2) == 0 {
		it.Tags = m.some(2, someTags)
	}
	return it
}

func (m *model) randomQuery() store.Query {
	var q store.Query
	for range m.rnd.IntN(4) {
		q = append(q, m.randomItem())
	}
	return q
}

// randomGuard makes a guard that may well hold.
func (m *model) randomGuard(t *testing.T) store.Guard {
	stream := m.pick(someStreams[2:]...)
	switch m.rnd.IntN(4) {
	case 0:
		return store.StreamExists{Stream: stream}
	case 1:
		events, err := collect(m.want.Read(t.Context(), store.Query{{Stream: stream}}, store.ReadOptions{}))
		if err != nil {
			t.Fatal(err)
		}
		version := uint64(len(events))
		if m.rnd.IntN(3) == 0 {
			version = m.rnd.Uint64N(version + 2)
		}
		return store.StreamAt{Stream: stream, Version: version}
	default:
		q := m.randomQuery()
		if m.rnd.IntN(3) > 0 {
			q = store.Query{{Types: []string{"T1"}, Tags: []string{"x", "y"}}}
		}
		return store.NoneMatch{Query: q, After: m.randomPosition()}
	}
}

// randomPosition lies anywhere up to a little above the head, often near it.
func (m *model) randomPosition() store.Position {
	switch m.rnd.IntN(3) {
	case 0:
		return store.Position(m.rnd.Uint64N(uint64(m.head) + 3))
	case 1:
		return m.head - min(m.head, store.Position(m.rnd.IntN(8)))
	default:
		return m.head
	}
}

func (m *model) randomRead() store.ReadOptions {
	var o store.ReadOptions
	if m.rnd.IntN(2) == 0 {
		o.After = m.randomPosition()
	}
	if m.rnd.IntN(2) == 0 {
		o.Until = m.randomPosition()
	}
	if m.rnd.IntN(3) == 0 {
		o.Limit = m.rnd.IntN(6)
	}
	if m.rnd.IntN(4) == 0 {
		o.AsOf = m.clock.Add(-time.Duration(m.rnd.IntN(3e9)))
		if m.rnd.IntN(3) == 0 {
			o.AsOf = time.Date(2026, 11, 1, 9, 0, m.rnd.IntN(3600), 0, time.UTC)
		}
	}
	o.Backward = m.rnd.IntN(3) == 0
	if m.rnd.IntN(60) == 0 {
		o.Limit = -1
	}
	return o
}
