package gestatest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// beginning is when events happen for which the test says nothing else.
var beginning = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// past is what has happened before. It is a value: what is added makes a new one.
type past struct {
	now      time.Time
	stream   string
	envelope gesta.Envelope // of what is added next
	events   []happened
	compare  []cmp.Option // of the test: how values are compared
}

// happened is an event of the past.
type happened struct {
	store.Recorded
	bodies    []any // what it is to the program: one, unless it is stored as something that is split
	elsewhere bool  // no view and no handler looks at it, the test says
	parked    bool  // a projection parks it, the test says
}

// shown returns what happened as a failure message has it.
func (h *happened) shown() string {
	texts := make([]string, len(h.bodies))
	for i, body := range h.bodies {
		texts[i] = shown(body)
	}
	return strings.Join(texts, " and ")
}

// when says what a failure message has to say of times: nothing, where the test said nothing of them.
func (h *happened) when() string {
	var text string
	if !h.RecordedAt.Equal(beginning) {
		text = " recorded " + h.RecordedAt.Format(time.RFC3339Nano)
	}
	if !h.EffectiveAt.IsZero() {
		text += " effective " + h.EffectiveAt.Format(time.RFC3339Nano)
	}
	return text
}

// at returns the past with its clock set.
func (p past) at(t testing.TB, now time.Time) past {
	t.Helper()
	now = store.Time(now)
	if len(p.events) > 0 && now.Before(p.now) {
		t.Fatalf("At(%v) comes after events that were recorded at %v, and recorded times never go back.\n"+
			"An event that took effect earlier than it was recorded has With(gesta.Envelope{EffectiveAt: ...}).", now, p.now)
	}
	p.now = now
	return p
}

// add returns the past with the events of one commit more. Bodies are encoded, and have to come back as they were, where there is an encoder.
func (p past) add(t testing.TB, encoder *encoder, bodies []any, elsewhere bool) past {
	t.Helper()
	commit := make([]happened, len(bodies))
	for i, body := range bodies {
		e, err := encoder.encode(t.Context(), body, p.envelope, p.compare)
		if err != nil {
			t.Fatalf("the given %s cannot be recorded: %v", shown(body), err)
		}
		commit[i] = happened{Recorded: store.Recorded{Event: e}, bodies: []any{body}, elsewhere: elsewhere}
	}
	return p.record(commit)
}

// addStored returns the past with stored events of one commit more, which are read as the application reads them.
func (p past) addStored(t testing.TB, encoder *encoder, events []store.Event) past {
	t.Helper()
	if encoder == nil {
		t.Fatalf("GivenStored needs the types of the application, and its upcasters: they are the options that the test begins with")
	}
	commit := make([]happened, len(events))
	for i, e := range events {
		e.Tags = slices.Concat(e.Tags, p.envelope.Tags)
		if e.EffectiveAt.IsZero() {
			e.EffectiveAt = store.Time(p.envelope.EffectiveAt)
		}
		r := store.Recorded{Event: e, Position: store.Position(len(p.events) + i + 1)}
		back, err := encoder.db.Decode(&r)
		if err != nil {
			t.Fatalf("the stored event cannot be read: %v\n  %s", err, e.Data)
		}
		commit[i] = happened{Recorded: r}
		for _, part := range back {
			commit[i].bodies = append(commit[i].bodies, part.Body)
		}
	}
	return p.record(commit)
}

// record gives the events of a commit their places.
func (p past) record(commit []happened) past {
	events := slices.Clip(p.events)
	first := store.Position(len(events) + 1)
	for i := range commit {
		r := &commit[i].Recorded
		r.Position, r.Commit, r.RecordedAt = store.Position(len(events)+1), first, p.now
		r.ID, r.Stream = eventID(p.now, len(events)+1), p.stream
		if p.envelope.Stream != "" {
			r.Stream = p.envelope.Stream
		}
		if r.Stream != "" {
			r.Version = 1 + versionOf(events, r.Stream)
		}
		events = append(events, commit[i])
	}
	p.events = events
	return p
}

func versionOf(events []happened, stream string) uint64 {
	for _, e := range slices.Backward(events) {
		if e.Stream == stream {
			return e.Version
		}
	}
	return 0
}

// text lists the events for a failure message.
func (p past) text() string {
	const most = 30
	if len(p.events) == 0 {
		return "given nothing"
	}
	var lines []string
	for i := range p.events {
		e := &p.events[i]
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(p.events)-most))
			break
		}
		lines = append(lines, place(&e.Recorded)+" "+e.shown()+e.when())
	}
	return "given\n" + indent(lines)
}

// eventID returns the id of the nth event: a UUID of version 7, the same in every run.
func eventID(at time.Time, n int) string {
	millis := uint64(at.UnixMilli()) & (1<<48 - 1)
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", millis>>16, millis&0xffff, n)
}

// metadataOf returns metadata as it is stored.
func metadataOf(members map[string]any) ([]byte, error) {
	if len(members) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return b, nil
}
