package history_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// memorySpill is a spill for tests.
type memorySpill struct{ bytes.Buffer }

func (m *memorySpill) ReadAt(b []byte, at int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(b, at)
}

func spill() (history.Spill, error) { return &memorySpill{}, nil }

// What is told of flips is the same whether there is room for it, or it is spilled.
func TestFlipsSpilled(t *testing.T) {
	s := randomStore(t, rand.New(rand.NewPCG(3, 9)), 5, 200)
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := condition(t, "state.n.x > 0 || state.a == 1")
	ask := func(target string, o history.BisectOptions) []history.Flip {
		t.Helper()
		var b *history.Bisection
		if target == "" {
			b, err = history.BisectStreams(t.Context(), s, "", 0, head, c, o)
		} else {
			var sel history.Selection
			if sel, err = history.Resolve(t.Context(), s, target, clock); err == nil {
				b, err = history.Bisect(t.Context(), s, sel, c, o)
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		return flipsOf(t, b)
	}
	late := 0
	for _, target := range []string{"", "s-1", "s-1@9..", "tag:t:1"} {
		for _, o := range []history.BisectOptions{
			{All: true},
			{All: true, Limit: 7},
			{},
			{All: true, ArrayKey: "a"},
			{All: true, StateOptions: history.StateOptions{EffectiveAt: day(1).Add(3 * time.Hour)}},
			{All: true, StateOptions: history.StateOptions{Known: history.Known{Position: head / 2}}},
		} {
			kept := ask(target, o)
			for _, room := range []int{1, 2000} {
				o.MaxBytes, o.Spill = room, spill
				if diff := cmp.Diff(kept, ask(target, o)); diff != "" {
					t.Fatalf("%q with %d bytes (-kept +spilled):\n%s", target, room, diff)
				}
			}
			if len(kept) == 0 || o.All && o.Limit == 0 && len(kept) < 5 {
				t.Errorf("%q with %+v has %d flips, which shows nothing", target, o, len(kept))
			}
			for i := range kept {
				if kept[i].Late {
					late++
				}
			}
		}
	}
	if late == 0 {
		t.Error("no flip is late, which shows nothing")
	}
}

// No more is kept in memory than there is room for.
func TestFlipsRoom(t *testing.T) {
	s := randomStore(t, rand.New(rand.NewPCG(3, 9)), 5, 100)
	b, err := history.BisectStreams(t.Context(), s, "", 0, 1000, condition(t, "state.a == 1"), history.BisectOptions{All: true, MaxBytes: 4000, Spill: spill})
	if err != nil {
		t.Fatal(err)
	}
	if b.Kept < 10 || b.KeptBytes() > 4000 {
		t.Errorf("%d flips take %d bytes, want at least 10 in at most 4000", b.Kept, b.KeptBytes())
	}
}

// A spill that fails is an error, whether it is made, written or read.
func TestFlipsSpillFails(t *testing.T) {
	s := randomStore(t, rand.New(rand.NewPCG(3, 9)), 5, 100)
	full := errors.New("disk full")
	ask := func(s store.Store, open func() (history.Spill, error)) error {
		b, err := history.BisectStreams(t.Context(), s, "", 0, 1000, condition(t, "state.a == 1"), history.BisectOptions{All: true, MaxBytes: 1, Spill: open})
		if err != nil {
			return err
		}
		for _, err := range b.Flips(t.Context()) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for name, open := range map[string]func() (history.Spill, error){
		"open":  func() (history.Spill, error) { return nil, full },
		"write": func() (history.Spill, error) { return failingSpill{&memorySpill{}, full, nil}, nil },
		"read":  func() (history.Spill, error) { return failingSpill{&memorySpill{}, nil, full}, nil },
	} {
		if err := ask(s, open); !errors.Is(err, full) {
			t.Errorf("%s: error = %v, want that of the spill", name, err)
		}
	}
}

// failingSpill fails to write or to read.
type failingSpill struct {
	*memorySpill
	write, read error
}

func (f failingSpill) Write(b []byte) (int, error) {
	if f.write != nil {
		return 0, f.write
	}
	return f.memorySpill.Write(b)
}

func (f failingSpill) ReadAt(b []byte, at int64) (int, error) {
	if f.read != nil {
		return 0, f.read
	}
	return f.memorySpill.ReadAt(b, at)
}

func TestUnseen(t *testing.T) {
	f := newFixture(t)
	f.commit(event("a-1", "A", `{"due":1,"gone":2,"n":{"qty":3},"list":[1]}`))
	f.commit(event("a-1", "A", `{"gone":null,"due":4}`), event("a-2", "A", `{"dew":1}`))
	for expression, want := range map[string][]history.Unseen{
		"state.duee < 0":                              {{Path: reducer.Path{"duee"}, Names: []string{"dew", "due", "list", "n"}}},
		"state.n.qyt < 0 && before.n.qyt < 0":         {{Path: reducer.Path{"n", "qyt"}, Depth: 1, Names: []string{"qty"}}},
		"state.list[4].x == 1":                        {{Path: reducer.Path{"list", "4", "x"}, Depth: 1}},
		"state.gone > 100":                            nil, // it was there once
		"state.duee > 0 || state.due == 1":            nil, // something is found
		"has(state.duee) || state.x == null && 1 > 2": nil,
		"event.data.duee < 0":                         nil,
		"state.due > 100 && state.none":               {{Path: reducer.Path{"none"}, Names: []string{"dew", "due", "list", "n"}}},
	} {
		b, err := history.BisectStreams(t.Context(), f, "", 0, 3, condition(t, expression), history.BisectOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.Unseen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}
