package history_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// toldOf returns what is told of the events of a selection, the last first.
func toldOf(t *testing.T, s store.Store, sel history.Selection, o history.ChangesOptions) (out []string) {
	t.Helper()
	events := sel.Events(t.Context(), s, true, nil)
	if !o.EffectiveAt.IsZero() {
		hold, err := sel.Effective(t.Context(), s, o.EffectiveAt, nil)
		if err != nil {
			t.Fatal(err)
		}
		events = hold.Events(t.Context(), s, true, nil)
	}
	for c, err := range sel.Changes(t.Context(), s, events, o) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint(c.Event.Position, c.Late, changeLines(t, c.Changes)))
	}
	return out
}

// What events changed is the same whether there is room for it, or it is spilled.
func TestChangesSpilled(t *testing.T) {
	told := 0
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		for _, narrow := range []history.Selection{{}, {After: 10, Explicit: true}, {Filter: store.Query{{Types: []string{"Made", "Paid"}}}}} {
			sel.After, sel.Explicit, sel.Filter = narrow.After, narrow.Explicit, narrow.Filter
			for _, path := range []reducer.Path{nil, {"a"}} {
				co := history.ChangesOptions{StateOptions: o, Path: path}
				want := toldOf(t, w, sel, co)
				for _, room := range []int{1, 3000, 0} {
					co.MaxBytes, co.Spill = room, spill
					if diff := cmp.Diff(want, toldOf(t, w, sel, co)); diff != "" {
						t.Errorf("%+v in %d bytes (-kept +spilled):\n%s", narrow, room, diff)
					}
				}
				told += len(want)
			}
		}
	})
	if told == 0 && !t.Failed() {
		t.Error("nothing was ever told")
	}
}

// Events whose changes do not fit into memory are told of by two folds, and what does not fit may be of a single event.
func TestChangesSpilledOnce(t *testing.T) {
	s := newFixture(t)
	for i := range 300 {
		s.commit(event("a-1", "Counted", fmt.Sprintf(`{"n":[%d%s]}`, i, strings.Repeat(fmt.Sprintf(",%d", i), 200))))
	}
	long := strings.Repeat("x", 300<<10)
	s.commit(event("a-1", "Said", `{"text":"`+long+`"}`))
	s.commit(event("a-1", "Said", `{"text":null}`))
	sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: 302}
	for _, room := range []int{1, 20_000, 200_000} {
		folds := 0
		o := history.ChangesOptions{StateOptions: history.StateOptions{Reducer: counting{&folds}}, MaxBytes: room, Spill: spill}
		at := store.Position(302)
		for c, err := range sel.Changes(t.Context(), s, sel.Events(t.Context(), s, true, nil), o) {
			if err != nil {
				t.Fatal(err)
			}
			n := 201
			if at > 300 {
				n = 1
			}
			if c.Event.Position != at || len(c.Changes) != n || n == 1 && len(c.Changes[0].Old)+len(c.Changes[0].New) != len(long)+2 {
				t.Errorf("event %d, in place of %d, has %d changes", c.Event.Position, at, len(c.Changes))
			}
			at--
		}
		if at != 0 || folds != 2 {
			t.Errorf("in %d bytes: down to %d in %d folds, want 2", room, at, folds)
		}
	}
}

// A spill that fails is an error, whether it is made, written or read; so are events that are not those of the state.
func TestChangesSpillFails(t *testing.T) {
	s := newFixture(t)
	for i := range 400 {
		s.commit(event("a-1", "Counted", fmt.Sprintf(`{"n":[%d%s]}`, i, strings.Repeat(fmt.Sprintf(",%d", i), 20))))
	}
	sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: 400}
	newest := slices.Collect(func(yield func(store.Recorded) bool) {
		for r, err := range sel.Events(t.Context(), s, true, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(r) {
				return
			}
		}
	})
	ask := func(shown []store.Recorded, open func() (history.Spill, error)) error {
		events := func(yield func(store.Recorded, error) bool) {
			for _, r := range shown {
				if !yield(r, nil) {
					return
				}
			}
		}
		for _, err := range sel.Changes(t.Context(), s, events, history.ChangesOptions{MaxBytes: 1, Spill: open}) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	full := errors.New("no space left")
	for name, open := range map[string]func() (history.Spill, error){
		"open":  func() (history.Spill, error) { return nil, full },
		"write": func() (history.Spill, error) { return failingSpill{&memorySpill{}, full, nil}, nil },
		"read":  func() (history.Spill, error) { return failingSpill{&memorySpill{}, nil, full}, nil },
	} {
		if err := ask(newest, open); !errors.Is(err, full) {
			t.Errorf("%s: error = %v", name, err)
		}
	}
	odd := slices.Clone(newest)
	odd[200], odd[300] = odd[300], odd[200]
	if err := ask(odd, spill); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("out of order: error = %v", err)
	}
	if err := ask(newest, spill); err != nil {
		t.Error(err)
	}
}

// Of a store with more events than fit into memory, each state is folded a few times, whichever way the events are told of, and all comes out as without a spill.
func TestChangesOfTheStoreSpilled(t *testing.T) {
	s := newFixture(t)
	const commits, each = 600, 150
	for n := range commits {
		events := make([]store.Event, each)
		for i := range events {
			events[i] = event(fmt.Sprintf("a-%d", i%2), "Counted", fmt.Sprintf(`{"n":%d}`, n*each+i))
		}
		events[0] = event("", "Seen", `{"n":1}`)
		s.commit(events...)
	}
	whole := history.Selection{Until: commits * each}
	lines := func(events iter.Seq2[store.Recorded, error], o history.ChangesOptions) (out []string) {
		for c, err := range whole.Changes(t.Context(), s, events, o) {
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprint(c.Event.Position, " ", c.Late)
			for i := range c.Changes {
				line += fmt.Sprintf(" %s %s %s", c.Changes[i].Path, c.Changes[i].Old, c.Changes[i].New)
			}
			out = append(out, line)
		}
		return out
	}
	want := lines(whole.Events(t.Context(), s, false, nil), history.ChangesOptions{InOrder: true, MaxBytes: 1 << 30})
	if len(want) != commits*each || want[3] != "4 false /n 1 3" {
		t.Fatalf("%d events, the fourth is %s", len(want), want[3])
	}
	for _, inOrder := range []bool{true, false} {
		folds := 0
		o := history.ChangesOptions{StateOptions: history.StateOptions{Reducer: counting{&folds}}, InOrder: inOrder, MaxBytes: 300_000, Spill: spill}
		got := lines(whole.Events(t.Context(), s, !inOrder, nil), o)
		if !inOrder {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("in order %v: %d events are told of in another way", inOrder, len(got))
		}
		if folds != 6 { // two states, for what fits into memory and in two chunks
			t.Errorf("in order %v: %d folds", inOrder, folds)
		}
	}
}
