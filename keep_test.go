package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// drawer is a keeper that can be looked into.
type drawer struct {
	values map[string][]byte
	err    error
}

func (d *drawer) Get(_ context.Context, stream, fold string) ([]byte, error) {
	return d.values[stream+" "+fold], d.err
}

func (d *drawer) Put(_ context.Context, stream, fold string, value []byte) error {
	if d.err == nil {
		d.values[stream+" "+fold] = value
	}
	return d.err
}

func (d *drawer) Forget(_ context.Context, stream string) error {
	for key := range d.values {
		if strings.HasPrefix(key, stream+" ") {
			delete(d.values, key)
		}
	}
	return d.err
}

func newDrawer() *drawer { return &drawer{values: map[string][]byte{}} }

// load returns a state of a counter.
func load(t *testing.T, db *gesta.DB, id string, options ...gesta.CallOption) gesta.Loaded[sum] {
	t.Helper()
	l, err := sums.Load(t.Context(), db, id, options...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func addAll(t *testing.T, db *gesta.DB, id string, n ...int) {
	t.Helper()
	for _, n := range n {
		if _, err := sums.Handle(t.Context(), db, id, add(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeepChangesNothing handles and loads at random, with keepers of all kinds and without: the states are the same. What is kept is damaged, lost and forgotten
// meanwhile.
func TestKeepChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		rnd := rand.New(rand.NewPCG(1, 2))
		files, err := cache.OpenDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		box := newDrawer()
		plain := newDB(t, s, tallyTypes)
		db := newDB(t, s, tallyTypes, gesta.Keep(box, gesta.Every(3)), gesta.Keep(cache.NewMemory(1<<20), gesta.Every(7)), gesta.Keep(files, gesta.Every(20)), gesta.VerifyKept(0.2))
		for range 400 {
			id := fmt.Sprint(rnd.IntN(4))
			switch rnd.IntN(8) {
			case 0:
				for key, b := range box.values {
					if rnd.IntN(2) == 0 {
						b = append([]byte(nil), b...)
						b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
						box.values[key] = b
					}
				}
			case 1:
				if err := db.Forget(t.Context(), sums.Stream(id)); err != nil {
					t.Fatal(err)
				}
			case 2:
				clear(box.values)
			case 3, 4, 5:
				a, err := sums.Handle(t.Context(), db, id, add(rnd.IntN(100)))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(load(t, plain, id).State, a.State); diff != "" {
					t.Fatal(diff)
				}
			default:
				if diff := cmp.Diff(load(t, plain, id), load(t, db, id)); diff != "" {
					t.Fatal(diff)
				}
			}
		}
		if k := db.Kept(); k.Hits == 0 || k.Misses == 0 || k.Puts == 0 || k.Verified == 0 || k.Unusable == 0 || k.Wrong > 0 || k.Failed > 0 {
			t.Errorf("%+v", k)
		}
	})
}

// TestKeptIsRefused has states that were kept of something else than what is loaded.
func TestKeptIsRefused(t *testing.T) {
	s := memory.New(memory.Options{})
	box := newDrawer()
	kept := func(options ...gesta.Option) *gesta.DB {
		t.Helper()
		return newDB(t, s, append(options, gesta.Keep(box, gesta.Every(1)))...)
	}
	addAll(t, kept(tallyTypes), "1", 1, 2, 3)
	hits := func(db *gesta.DB) uint64 { return db.Kept().Hits }
	if db := kept(tallyTypes); load(t, db, "1").State.Total != 6 || hits(db) != 1 {
		t.Errorf("the same program: %+v", db.Kept())
	}
	newer := sums
	newer.Version = 2
	db := kept(tallyTypes)
	if _, err := newer.Load(t.Context(), db, "1"); err != nil || hits(db) != 0 {
		t.Errorf("a newer fold: %v, %+v", err, db.Kept())
	}
	if db := kept(tallyTypes, gesta.Rename("tally.increased", "tally.added")); load(t, db, "1").State.Total != 6 || hits(db) != 0 {
		t.Errorf("other types: %+v", db.Kept())
	}
	other := gesta.Decider[struct{ Total int64 }, tally]{Category: "sum", Evolve: func(s struct{ Total int64 }, _ tally) struct{ Total int64 } { return s }}
	db = kept(tallyTypes)
	if _, err := other.Load(t.Context(), db, "1"); err != nil || hits(db) != 0 {
		t.Errorf("another state: %v, %+v", err, db.Kept())
	}
	s = memory.New(memory.Options{})
	db = kept(tallyTypes)
	addAll(t, db, "1", 10, 20, 30, 40)
	if l := load(t, db, "1"); l.State.Total != 100 {
		t.Errorf("another store: %+v", l)
	}
}

// identified is a store under the name of another one.
type identified struct {
	store.Store
	id string
}

func (s *identified) StoreID() string { return s.id }

// TestKeptOfAnotherHistory has a state of a store that was put back to an older copy, and went on from there.
func TestKeptOfAnotherHistory(t *testing.T) {
	box := newDrawer()
	build := func(n ...int) *gesta.DB {
		db := newDB(t, &identified{memory.New(memory.Options{}), "one"}, tallyTypes, gesta.Keep(box, gesta.Every(1)))
		addAll(t, db, "1", n...)
		return db
	}
	build(1, 2, 3)
	values := box.values
	box.values = map[string][]byte{}
	for _, n := range [][]int{{5}, {5, 6}, {5, 6, 7}, {5, 6, 7, 8}} {
		db := build(n...)
		box.values = values
		want := 0
		for _, n := range n {
			want += n
		}
		if l := load(t, db, "1"); l.State.Total != want || db.Kept().Unusable != 1 {
			t.Errorf("%d events: %+v, %+v", len(n), l, db.Kept())
		}
		box.values = map[string][]byte{}
		values = map[string][]byte{}
		build(1, 2, 3)
		values, box.values = box.values, values
	}
}

// TestVerifyKept forgets to raise the version of a fold that was changed.
func TestVerifyKept(t *testing.T) {
	s, box := memory.New(memory.Options{}), newDrawer()
	addAll(t, newDB(t, s, tallyTypes, gesta.Keep(box, gesta.Every(1))), "1", 1, 2, 3)
	changed := sums
	changed.EvolveEvent = func(s sum, e gesta.Event[tally]) sum {
		s = sums.EvolveEvent(s, e)
		s.Total++
		return s
	}
	db := newDB(t, s, tallyTypes, gesta.Keep(box, gesta.Every(1)), gesta.VerifyKept(1))
	l, err := changed.Load(t.Context(), db, "1")
	if k := db.Kept(); err != nil || l.State.Total != 9 || k.Wrong != 1 || k.Verified != 1 {
		t.Errorf("%+v, %v, %+v", l, err, k)
	}
	l, err = changed.Load(t.Context(), db, "1")
	if k := db.Kept(); err != nil || l.State.Total != 9 || k.Wrong != 1 || k.Verified != 2 {
		t.Errorf("replaced: %+v, %v, %+v", l, err, k)
	}
}

func TestAllowStale(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s, box := memory.New(memory.Options{}), newDrawer()
	db := newDB(t, s, tallyTypes, gesta.Keep(box, gesta.Every(1000)), gesta.WithClock(func() time.Time { return now }))
	others := newDB(t, s, tallyTypes)
	addAll(t, others, "1", 1)
	want := func(total int, options ...gesta.CallOption) {
		t.Helper()
		if l := load(t, db, "1", options...); l.State.Total != total {
			t.Errorf("%+v; want %d", l, total)
		}
	}
	want(1, gesta.AllowStale(time.Minute))
	addAll(t, others, "1", 1)
	now = now.Add(time.Minute)
	want(1, gesta.AllowStale(time.Minute))
	want(2)
	now = now.Add(time.Second)
	want(2, gesta.AllowStale(time.Minute))
	addAll(t, others, "1", 1)
	want(2, gesta.AllowStale(time.Minute))
	want(3, gesta.AllowStale(0))
}

func TestKeepRefuses(t *testing.T) {
	s := memory.New(memory.Options{})
	lossy := gesta.Decider[struct{ hidden int }, tally]{Category: "lossy", Evolve: func(s struct{ hidden int }, _ tally) struct{ hidden int } { return s }}
	db := newDB(t, s, tallyTypes, gesta.Keep(newDrawer(), gesta.Every(1)))
	if _, err := lossy.Load(t.Context(), db, "1"); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "field hidden") {
		t.Errorf("a state that does not come back: %v", err)
	}
	if _, err := lossy.Load(t.Context(), newDB(t, s, tallyTypes, gesta.Keep(newDrawer(), gesta.Every(1), "sum")), "1"); err != nil {
		t.Errorf("one that is not kept: %v", err)
	}
	if _, err := gesta.New(s, gesta.VerifyKept(2)); err == nil {
		t.Error("a share of 2 is taken")
	}
	broken := newDrawer()
	broken.err = errors.New("no space")
	db = newDB(t, s, tallyTypes, gesta.Keep(broken, gesta.Every(1)))
	addAll(t, db, "2", 1, 2)
	if l := load(t, db, "2"); l.State.Total != 3 || db.Kept().Failed == 0 {
		t.Errorf("a keeper that fails: %+v, %+v", l, db.Kept())
	}
	if err := db.Forget(t.Context(), "sum-2"); err == nil {
		t.Error("it forgot without a word")
	}
}

func TestPolicies(t *testing.T) {
	for _, tt := range []struct {
		policy gesta.Policy
		cost   gesta.Cost
		want   bool
	}{
		{gesta.Every(10), gesta.Cost{Events: 9}, false},
		{gesta.Every(10), gesta.Cost{Events: 10}, true},
		{gesta.Slower(time.Second), gesta.Cost{Took: time.Second}, true},
		{gesta.Slower(time.Second), gesta.Cost{Took: time.Second - 1}, false},
		{gesta.Older(time.Hour), gesta.Cost{Age: time.Hour, Events: 1}, true},
		{gesta.Older(time.Hour), gesta.Cost{Age: time.Hour}, false},
		{gesta.Older(time.Hour), gesta.Cost{Age: time.Minute, Events: 1}, false},
	} {
		if got := tt.policy(tt.cost); got != tt.want {
			t.Errorf("%+v: %v", tt.cost, got)
		}
	}
}
