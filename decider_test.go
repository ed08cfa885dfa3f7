package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
)

// tally is the union of what happens to a counter.
type tally interface{ tally() }

type (
	added struct {
		N  int
		By string `json:",omitempty"`
	}
	moved struct{ N int }
)

func (added) tally() {}
func (moved) tally() {}

var tallyTypes = gesta.Types[tally]{"tally.added": added{}, "tally.moved": moved{}}

// sum is the state of a counter. It also has which events it was folded from.
type sum struct {
	Total    int
	Versions []uint64
}

var sums = gesta.Decider[sum, tally]{Category: "sum", EvolveEvent: func(s sum, e gesta.Event[tally]) sum {
	switch b := e.Body.(type) {
	case added:
		s.Total += b.N
	case moved:
		s.Total -= b.N
	}
	s.Versions = append(slices.Clip(s.Versions), e.Version)
	return s
}}

func add(n int) func(sum) ([]tally, error) {
	return func(sum) ([]tally, error) { return []tally{added{N: n}}, nil }
}

var errTooLittle = errors.New("too little")

func move(n int) func(sum) ([]tally, error) {
	return func(s sum) ([]tally, error) {
		if s.Total < n {
			return nil, errTooLittle
		}
		return []tally{moved{n}}, nil
	}
}

// onEach runs a test over the stores that there are.
func onEach(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Helper()
	t.Run("store=memory", func(t *testing.T) { test(t, memory.New(memory.Options{})) })
	t.Run("store=disk", func(t *testing.T) {
		s, err := disk.Open(t.TempDir(), disk.Options{Sync: disk.SyncNever})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		test(t, s)
	})
}

func newDB(t *testing.T, s store.Store, options ...gesta.Option) *gesta.DB {
	t.Helper()
	db, err := gesta.New(s, options...)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// interfering is a store in which others write just before an append.
type interfering struct {
	store.Store
	before func(c *store.Commit)
}

func (s *interfering) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if f := s.before; f != nil && len(c.Events) > 0 {
		f(&c)
	}
	return s.Store.Append(ctx, c)
}

// TestConflictDecidesAgain lets others win twice: the command is decided a third time, on what they wrote.
func TestConflictDecidesAgain(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		plain := newDB(t, s, tallyTypes)
		between := &interfering{Store: s}
		db := newDB(t, between, tallyTypes)
		won := 0
		between.before = func(*store.Commit) {
			if won++; won <= 2 {
				if _, err := sums.Handle(t.Context(), plain, "1", add(10)); err != nil {
					t.Error(err)
				}
			}
		}
		var saw []int
		res, err := sums.Handle(t.Context(), db, "1", func(s sum) ([]tally, error) {
			saw = append(saw, s.Total)
			return []tally{added{N: 1}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int{0, 10, 20}, saw); diff != "" {
			t.Errorf("the command saw: %s", diff)
		}
		if diff := cmp.Diff(sum{21, []uint64{1, 2, 3}}, res.State); diff != "" || res.Version != 3 || res.Position != 3 {
			t.Errorf("version %d, position %d: %s", res.Version, res.Position, diff)
		}
		between.before = func(*store.Commit) {
			if _, err := sums.Handle(t.Context(), plain, "1", add(1)); err != nil {
				t.Error(err)
			}
		}
		saw = nil
		_, err = sums.Handle(t.Context(), db, "1", func(s sum) ([]tally, error) { saw = append(saw, s.Total); return []tally{added{}}, nil }, gesta.Retries(1))
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || len(conflict.Failed[0].Events) != 1 || len(saw) != 2 {
			t.Errorf("after %d tries: %v", len(saw), err)
		}
	})
}

// TestKeyDecidesOnce repeats commands under their keys.
func TestKeyDecidesOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes)
		first, err := sums.Handle(t.Context(), db, "1", add(5), gesta.Key("k"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sums.Handle(t.Context(), db, "1", move(5)); err != nil {
			t.Fatal(err)
		}
		again, err := sums.Handle(t.Context(), db, "1", func(sum) ([]tally, error) {
			t.Error("decided again")
			return nil, errTooLittle
		}, gesta.Key("k"))
		if err != nil || !again.Duplicate || again.Changed() {
			t.Fatalf("%+v, %v", again, err)
		}
		if diff := cmp.Diff(first.Loaded, again.Loaded); diff != "" {
			t.Errorf("the state after the command: %s", diff)
		}
		if diff := cmp.Diff(first.Events, again.Events); diff != "" {
			t.Errorf("its events: %s", diff)
		}
		var reused *store.KeyReusedError
		if _, err := sums.Handle(t.Context(), db, "2", add(5), gesta.Key("k")); !errors.As(err, &reused) || reused.First != 1 {
			t.Errorf("the same key in another stream: %v", err)
		}
		if _, err := courses.Handle(t.Context(), newDB(t, s, tallyTypes, enrolmentTypes), "1", open("1", 1), gesta.Key("k")); !errors.As(err, &reused) {
			t.Errorf("the same key of another decider: %v", err)
		}
	})
}

// TestKeyRaces gives one key to many at once: one of them decides what is recorded, and all get that.
func TestKeyRaces(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes)
		var wg sync.WaitGroup
		results := make([]gesta.Result[sum, tally], 16)
		for i := range results {
			wg.Go(func() {
				var err error
				results[i], err = sums.Handle(t.Context(), db, "1", func(sum) ([]tally, error) {
					return []tally{added{N: i, By: fmt.Sprint(i)}}, nil
				}, gesta.Key("k"), gesta.Retries(100))
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		fresh := 0
		for _, r := range results {
			if r.Changed() {
				fresh++
			}
			if diff := cmp.Diff(results[0].Events, r.Events); diff != "" {
				t.Error(diff)
			}
		}
		if fresh != 1 {
			t.Errorf("%d of them recorded something", fresh)
		}
	})
}

func TestAtomic(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes)
		if _, err := sums.Handle(t.Context(), db, "a", add(5)); err != nil {
			t.Fatal(err)
		}
		from, to := sums.Handling("a", move(3), gesta.Key("k")), sums.Handling("b", add(3), gesta.Actor("ada"))
		if err := gesta.Atomic(t.Context(), db, from, to); err != nil {
			t.Fatal(err)
		}
		a, b := from.Result(), to.Result()
		if a.State.Total != 2 || b.State.Total != 3 || a.Events[0].Commit != b.Events[0].Commit || a.Events[0].Actor() != "ada" {
			t.Errorf("%+v, %+v", a, b)
		}
		again, twice := sums.Handling("a", move(3), gesta.Key("k")), sums.Handling("b", add(3))
		if err := gesta.Atomic(t.Context(), db, again, twice); err != nil {
			t.Fatal(err)
		}
		if r := again.Result(); !r.Duplicate || r.State.Total != 2 || len(r.Events) != 1 || len(twice.Result().Events) != 1 {
			t.Errorf("repeated: %+v, %+v", r, twice.Result())
		}
		if err := gesta.Atomic(t.Context(), db, sums.Handling("a", move(3)), sums.Handling("b", add(3))); !errors.Is(err, errTooLittle) {
			t.Errorf("moved what is not there: %v", err)
		}
		if err := gesta.Atomic(t.Context(), db, sums.Handling("a", add(1), gesta.Key("x")), sums.Handling("b", add(3), gesta.Key("y"))); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("two keys: %v", err)
		}
		if err := gesta.Atomic(t.Context(), db, sums.Handling("a", add(1)), sums.Handling("a", add(3))); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("one stream twice: %v", err)
		}
		if l, err := sums.Load(t.Context(), db, "b"); err != nil || l.State.Total != 3 {
			t.Errorf("b is %+v, %v", l, err)
		}
	})
}

func TestExpectations(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes)
		if _, err := sums.Handle(t.Context(), db, "1", add(1), gesta.MustExist()); !errors.Is(err, gesta.ErrNoStream) {
			t.Errorf("MustExist of nothing: %v", err)
		}
		if _, err := sums.Load(t.Context(), db, "1", gesta.MustExist()); !errors.Is(err, gesta.ErrNoStream) {
			t.Errorf("Load with MustExist of nothing: %v", err)
		}
		for range 3 {
			if _, err := sums.Handle(t.Context(), db, "1", add(1)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := sums.Handle(t.Context(), db, "1", func(sum) ([]tally, error) {
			t.Error("decided on what the user has not seen")
			return nil, nil
		}, gesta.ExpectVersion(1))
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || conflict.Failed[0].ActualVersion != 3 || len(conflict.Failed[0].Events) != 2 {
			t.Errorf("%v", err)
		}
		if _, err := sums.Handle(t.Context(), db, "1", add(1), gesta.AsOfVersion(1)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a command in the past: %v", err)
		}
		if _, err := sums.Load(t.Context(), db, "1", gesta.Key("k")); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("a key to read: %v", err)
		}
		if _, err := sums.Load(t.Context(), db, ""); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("no id: %v", err)
		}
	})
}

// TestThePast loads a counter as it was, by each of the ways to say when.
func TestThePast(t *testing.T) {
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := memory.New(memory.Options{Clock: func() time.Time { return now }})
	db := newDB(t, s, tallyTypes)
	dated := sums
	day := func(n int) time.Time { return time.Date(2026, 10, n, 0, 0, 0, 0, time.UTC) }
	for i, d := range []int{20, 10, 30} { // when they took effect
		dated.Envelope = func(tally) gesta.Envelope { return gesta.Envelope{EffectiveAt: day(d)} }
		if _, err := dated.Handle(t.Context(), db, "1", add(1<<i)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	for _, tt := range []struct {
		name   string
		option gesta.CallOption
		want   sum
	}{
		{"version", gesta.AsOfVersion(2), sum{3, []uint64{1, 2}}},
		{"position", gesta.AsOfPosition(1), sum{1, []uint64{1}}},
		{"recorded", gesta.AsOf(now.Add(-2 * time.Hour)), sum{3, []uint64{1, 2}}},
		{"before anything", gesta.AsOf(now.Add(-time.Hour * 100)), sum{}},
		{"effective", gesta.AsEffective(day(20)), sum{3, []uint64{2, 1}}},
		{"effective early", gesta.AsEffective(day(15)), sum{2, []uint64{2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := sums.Load(t.Context(), db, "1", tt.option)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, l.State); diff != "" {
				t.Error(diff)
			}
		})
	}
	var totals []int
	for step, err := range sums.History(t.Context(), db, "1", gesta.AsOfVersion(2)) {
		if err != nil {
			t.Fatal(err)
		}
		totals = append(totals, step.Before.Total, step.After.Total)
	}
	if diff := cmp.Diff([]int{0, 1, 1, 3}, totals); diff != "" {
		t.Error(diff)
	}
}

// TestMetadata says who, why and in which story, in a context and in options.
func TestMetadata(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes)
	ctx := gesta.WithCorrelation(gesta.WithActor(t.Context(), "ada"), "story")
	first, err := sums.Handle(ctx, db, "1", add(1))
	if err != nil {
		t.Fatal(err)
	}
	cause := first.Events[0]
	second, err := sums.Handle(gesta.WithCause(ctx, cause), db, "1", add(1), gesta.Actor("bob"), gesta.Metadata("tenant", 7))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range gesta.Read[tally](t.Context(), db, nil, gesta.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Actor()+" "+e.CorrelationID()+" "+e.CausationID())
		if !store.IsID(e.ID) {
			t.Errorf("id %q", e.ID)
		}
	}
	if diff := cmp.Diff([]string{"ada story ", "bob story " + cause.ID}, got); diff != "" {
		t.Error(diff)
	}
	if want := `{"actor":"bob","causationId":"` + cause.ID + `","correlationId":"story","tenant":7}`; string(second.Events[0].Metadata) != want {
		t.Errorf("metadata %s; want %s", second.Events[0].Metadata, want)
	}
	if _, err := sums.Handle(ctx, db, "1", add(1), gesta.Metadata("actor", "eve")); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a reserved name: %v", err)
	}
}

// TestErased erases an event of a stream, with and without something to stand in for it.
func TestErased(t *testing.T) {
	s := memory.New(memory.Options{})
	db := newDB(t, s, tallyTypes)
	for range 2 {
		if _, err := sums.Handle(t.Context(), db, "1", add(5)); err != nil {
			t.Fatal(err)
		}
	}
	eraser, ok := store.As[store.Eraser](s)
	if !ok {
		t.Fatal("the store erases nothing")
	}
	if _, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	var erased *gesta.ErasedError
	if _, err := sums.Load(t.Context(), db, "1"); !errors.As(err, &erased) || erased.Position != 1 {
		t.Errorf("%v", err)
	}
	l, err := sums.Load(t.Context(), newDB(t, s, tallyTypes, gesta.StandIn(added{N: 100})), "1")
	if err != nil || l.State.Total != 105 {
		t.Errorf("%+v, %v", l, err)
	}
}
