package history_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

// collected returns where events stand.
func collected(t *testing.T, events iter.Seq2[store.Recorded, error]) (out []store.Position) {
	t.Helper()
	for r, err := range events {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Position)
	}
	return out
}

func effective(t *testing.T, s store.Store, sel history.Selection, at time.Time) *history.Effective {
	t.Helper()
	e, err := sel.Effective(t.Context(), s, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// On random histories the order is what sorting all events gives, either way, of a part and of all.
func TestEffectiveOracle(t *testing.T) {
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		at := o.EffectiveAt
		if at.IsZero() {
			at = minute(1000)
		}
		var want, only, late []store.Position
		for _, r := range foldAll(t, w.known(&sel, sel.Until), at).events {
			if want = append(want, r.Position); w.rnd.IntN(3) == 0 {
				only = append(only, r.Position)
			}
		}
		e := effective(t, w, sel, at)
		if diff := cmp.Diff(want, collected(t, e.Events(t.Context(), w, false, nil))); diff != "" {
			t.Errorf("in order (-want +got):\n%s", diff)
		}
		slices.Reverse(want)
		if diff := cmp.Diff(want, collected(t, e.Events(t.Context(), w, true, nil))); diff != "" {
			t.Errorf("backward (-want +got):\n%s", diff)
		}
		late = slices.Clone(only)
		slices.Sort(only)
		if diff := cmp.Diff(late, collected(t, e.Events(t.Context(), w, false, only))); only != nil && diff != "" {
			t.Errorf("some (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(ignoredOf(w.known(&sel, sel.Until)), e.Ignored); diff != "" {
			t.Errorf("ignored (-want +got):\n%s", diff)
		}
		sel.After, sel.Filter = sel.Until/2, store.Query{{Types: []string{"Moved"}}}
		want = slices.DeleteFunc(want, func(p store.Position) bool {
			return p <= sel.After || w.at(p).Type != "Moved"
		})
		if diff := cmp.Diff(want, collected(t, effective(t, w, sel, at).Events(t.Context(), w, true, nil))); len(want) > 0 && diff != "" {
			t.Errorf("filtered (-want +got):\n%s", diff)
		}
	})
}

// ignoredOf returns the events that claim to supersede what is no earlier one of their stream.
func ignoredOf(known []store.Recorded) (out []store.Position) {
	for _, r := range known {
		for _, id := range store.Supersedes(&r.Event) {
			if !slices.ContainsFunc(known, func(o store.Recorded) bool {
				return o.ID == id && o.Stream == r.Stream && o.Position < r.Position
			}) {
				out = append(out, r.Position)
			}
		}
	}
	return out
}

func (w *wild) at(p store.Position) store.Recorded {
	w.t.Helper()
	for r, err := range w.Read(w.t.Context(), nil, store.ReadOptions{After: p - 1, Until: p}) {
		if err != nil {
			w.t.Fatal(err)
		}
		return r
	}
	w.t.Fatalf("no event at %d", p)
	return store.Recorded{}
}

// made is a store of one stream whose events are made when they are read, so that whoever keeps them pays for it.
type made struct {
	store.Store
	events int
	late   func(i int) time.Duration // how late the i-th event is
	data   []byte

	reads, yielded int
	looked         func(i int) // unless nil, is told of each event that is read
}

func (m *made) Head(context.Context) (store.Position, error) { return store.Position(m.events), nil }

func (m *made) Read(_ context.Context, _ store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		m.reads++
		until := min(o.Until, store.Position(m.events))
		for p := o.After + 1; p <= until; p++ {
			at := p
			if o.Backward {
				at = until - (p - o.After - 1)
			}
			m.yielded++
			if m.looked != nil {
				m.looked(int(at))
			}
			if !yield(m.event(int(at)), nil) {
				return
			}
		}
	}
}

func (m *made) event(i int) store.Recorded {
	recorded := day(1).Add(time.Duration(i) * time.Second)
	r := store.Recorded{Position: store.Position(i), Commit: store.Position(i), Version: uint64(i), RecordedAt: recorded}
	r.Stream, r.Type, r.ID = "a-1", "Set", fmt.Sprintf("00000000-0000-4000-8000-%012x", i)
	r.Data, r.EffectiveAt = slices.Clone(m.data), recorded.Add(-m.late(i))
	return r
}

// everyHundredth makes one event of a hundred late, by more than a day.
func everyHundredth(i int) time.Duration {
	if i%100 == 0 {
		return 30 * time.Hour
	}
	return 0
}

// The events of a history that is read by effective time are never all in memory, whoever folds them.
func TestEffectiveMemory(t *testing.T) {
	const room = 16 << 20
	data := []byte(`{"text":"` + strings.Repeat("x", 1000) + `"}`)
	o := history.StateOptions{EffectiveAt: day(30)}
	for _, tt := range []struct {
		name   string
		events int
		fold   func(m *made, sel history.Selection) error
	}{
		{"state", 30_000, func(m *made, sel history.Selection) error {
			_, err := history.FoldState(t.Context(), m, sel, o)
			return err
		}},
		{"blame", 30_000, func(m *made, sel history.Selection) error {
			_, err := history.FoldBlame(t.Context(), m, sel, history.BlameOptions{StateOptions: o})
			return err
		}},
		{"diff", 30_000, func(m *made, sel history.Selection) error {
			from := sel
			from.Until /= 2
			_, err := history.Diff(t.Context(), m, from, sel, history.DiffOptions{StateOptions: o})
			return err
		}},
		{"log", 200_000, func(m *made, sel history.Selection) error {
			e := effective(t, m, sel, o.EffectiveAt)
			collected(t, e.Events(t.Context(), m, true, nil))
			return nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &made{events: tt.events, late: everyHundredth, data: data}
			before, most := heap(), uint64(0)
			m.looked = func(i int) {
				if i == tt.events || i == tt.events/3 {
					most = max(most, heap())
				}
			}
			if err := tt.fold(m, history.Selection{Subject: history.Stream, Name: "a-1", Until: store.Position(tt.events)}); err != nil {
				t.Fatal(err)
			}
			if room := uint64(24*tt.events + room); most > before+room {
				t.Errorf("%d KiB are held, with %d events; want up to %d", (most-before)>>10, tt.events, room>>10)
			}
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is nearly in order takes little more than reading it twice, and what is not one read an event.
func TestEffectiveReads(t *testing.T) {
	const events = 10_000
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name           string
		late           func(int) time.Duration
		reads, yielded int
	}{
		{"in order", func(int) time.Duration { return 0 }, 2, 2 * events},
		{"a few late by much", everyHundredth, 2 + 2*events/100, 2*events + 16*events/100},
		{"a few late by little", func(i int) time.Duration { return everyHundredth(i) / (30 * 3600) * 3 / 2 }, 2 + 2*events/100, 2*events + 16*events/100},
		{"each late by a second or two", func(i int) time.Duration { return time.Duration(i%3) * 1500 * time.Millisecond }, events, 12 * events},
		{"shuffled", func(int) time.Duration { return time.Duration(rnd.IntN(1e9)) * time.Millisecond }, events, 3 * events},
		{"the other way round", func(i int) time.Duration { return time.Duration(2*i) * time.Second }, 2, 2 * events},
	} {
		t.Run(tt.name, func(t *testing.T) {
			late := make([]time.Duration, events+1)
			for i := range late {
				late[i] = tt.late(i)
			}
			m := &made{events: events, late: func(i int) time.Duration { return late[i] }, data: []byte(`{}`)}
			sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: events}
			e := effective(t, m, sel, day(30))
			if n := len(collected(t, e.Events(t.Context(), m, false, nil))); n != events {
				t.Fatalf("%d events, want %d", n, events)
			}
			if m.reads > tt.reads || m.yielded > tt.yielded {
				t.Errorf("%d reads of %d events, want up to %d of %d", m.reads, m.yielded, tt.reads, tt.yielded)
			}
		})
	}
}

// changing is a store in which something happens when the first read of a stream has ended.
type changing struct {
	store.Store
	then func()
}

func (c *changing) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		c.Store.Read(ctx, q, o)(yield)
		if then := c.then; then != nil {
			c.then = nil
			then()
		}
	}
}

// What comes to the store, and what is erased, between the two looks changes nothing but the payloads that are gone.
func TestEffectiveWhileChanging(t *testing.T) {
	s := newFixture(t)
	late := event("a-1", "Set", `{"b":2}`)
	late.ID, late.EffectiveAt = "00000000-0000-4000-8000-000000000003", day(1)
	first := event("a-1", "Set", `{"a":1}`)
	first.ID = "00000000-0000-4000-8000-000000000001"
	other := event("a-1", "Set", `{"c":3}`)
	other.ID, other.Metadata = "00000000-0000-4000-8000-000000000002", []byte(`{"supersedes":"`+first.ID+`"}`)
	s.commit(first)
	s.commit(other, event("a-2", "Set", `{}`))
	s.commit(late)
	sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: 4}
	more := event("a-1", "Set", `{"d":4}`)
	more.Metadata, more.EffectiveAt = []byte(`{"supersedes":["`+other.ID+`","`+late.ID+`"]}`), day(2)
	c := &changing{Store: s, then: func() {
		s.commit(more)
		if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{2}}); err != nil {
			t.Error(err)
		}
	}}
	e := effective(t, c, sel, day(9))
	if c.then != nil {
		t.Fatal("nothing has changed")
	}
	var got []string
	for r, err := range e.Events(t.Context(), c, false, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("#%d %s", r.Position, r.Data))
	}
	if diff := cmp.Diff([]string{`#4 {"b":2}`, "#2 "}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Events that are truncated away between the two looks are missed.
func TestEffectiveTruncated(t *testing.T) {
	s := newFixture(t)
	for i := range 6 {
		e := event("a-1", "Set", `{}`)
		e.EffectiveAt = day(10 - i%2)
		s.commit(e)
	}
	sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: 6}
	e := effective(t, s, sel, day(20))
	if _, err := s.Truncate(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	var got error
	for _, err := range e.Events(t.Context(), s, false, nil) {
		got = err
	}
	if !errors.Is(got, store.ErrTruncated) {
		t.Errorf("error = %v, want %v", got, store.ErrTruncated)
	}
}
