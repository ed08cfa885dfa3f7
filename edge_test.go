package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// remark is what was once stored as "tally.remark": it has become something, or nothing.
type remark struct{ Becomes string }

// remarks reads remarks as what they have become.
var remarks = gesta.Split("tally.remark", 1, func(r remark) []tally {
	switch r.Becomes {
	case "added":
		return []tally{added{N: 1}}
	case "moved":
		return []tally{moved{1}}
	case "both":
		return []tally{added{N: 1}, added{N: 2}, moved{3}}
	}
	return nil
}, added{}, moved{})

// appendRemarks stores remarks in a stream, as an older program did.
func appendRemarks(t *testing.T, s store.Store, stream string, becoming ...string) {
	t.Helper()
	var c store.Commit
	for _, b := range becoming {
		c.Events = append(c.Events, store.Event{Stream: stream, Type: "tally.remark", Data: fmt.Appendf(nil, `{"Becomes":%q}`, b)})
	}
	if _, err := s.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// TestSplitIntoNothing has events that have become nothing: they count for the version of their stream all the same.
func TestSplitIntoNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes, remarks)
		addAll(t, db, "1", 1)
		appendRemarks(t, s, "sum-1", "nothing")
		if l := load(t, db, "1"); l.Version != 2 || l.State.Total != 1 {
			t.Errorf("%+v", l)
		}
		if l := load(t, db, "1", gesta.AsOfVersion(2)); l.Version != 2 {
			t.Errorf("as of its version: %+v", l)
		}
		if _, err := sums.Handle(t.Context(), db, "1", add(2), gesta.ExpectVersion(2)); err != nil {
			t.Error(err)
		}
		appendRemarks(t, s, "sum-2", "nothing")
		if _, err := sums.Load(t.Context(), db, "2", gesta.MustExist()); err != nil {
			t.Errorf("a stream of nothing: %v", err)
		}
		other := false
		if _, err := sums.Handle(t.Context(), db, "2", func(s sum) ([]tally, error) {
			if !other { // is faster, and says nothing
				other = true
				appendRemarks(t, db.Store(), "sum-2", "nothing")
			}
			return add(3)(s)
		}); err != nil {
			t.Errorf("after a conflict with nothing: %v", err)
		}
	})
}

// TestLastOfWhatIsStored has events of one stored name that have become several types: the last one of a type counts, not the last one that is stored.
func TestLastOfWhatIsStored(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		db := newDB(t, s, tallyTypes, remarks)
		last := func() int {
			t.Helper()
			v := gesta.NewView(0, gesta.Scope{}, gesta.When(func(n int, e added) int { return n + e.N })).Last()
			l, err := v.Load(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			return l.State
		}
		appendRemarks(t, s, "sum-1", "moved")
		if n := last(); n != 0 {
			t.Errorf("none was added; the last is %d", n)
		}
		appendRemarks(t, s, "sum-1", "added", "moved", "nothing")
		if n := last(); n != 1 {
			t.Errorf("the last that was added is %d; want 1", n)
		}
		if _, err := gesta.Decide(t.Context(), db, gesta.Record[tally](added{N: 9}).Given(gesta.Unique[added](errFull))); !errors.Is(err, errFull) {
			t.Errorf("one more: %v", err)
		}
		appendRemarks(t, s, "sum-1", "both")
		if n := last(); n != 2 {
			t.Errorf("the last part that was added is %d; want 2", n)
		}
	})
}

// TestOneViewTwice lists a view as often as there are rules over it.
func TestOneViewTwice(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes, gesta.Keep(newDrawer(), gesta.Every(1)))
	addAll(t, db, "1", 1, 2)
	for _, v := range []*gesta.View[int]{gesta.Count[added](gesta.Scope{}), gesta.Count[added](gesta.Scope{}).Named("count", 1)} {
		is := func(n int) gesta.Rule { return gesta.Require(v, func(have int) bool { return have == n }, errFull) }
		if _, err := gesta.Decide(t.Context(), db, gesta.Record[tally](moved{1}).Given(is(2), is(2), is(2))); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
}

// TestAtomicWithinOneStream has one part of a commit write to the stream that another one decides on.
func TestAtomicWithinOneStream(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes)
	elsewhere := sums
	elsewhere.Category = "other"
	elsewhere.Envelope = func(tally) gesta.Envelope { return gesta.Envelope{Stream: "sum-1"} }
	decision := gesta.Record[tally](added{N: 1}).Given(gesta.AtMost[moved](9, errFull))
	decision.Stream = "sum-1"
	for _, other := range []gesta.Handler{elsewhere.Handling("1", add(1)), decision.Deciding()} {
		for name, atomic := range map[string]func(a, b gesta.Handler) error{
			"before": func(a, b gesta.Handler) error { return gesta.Atomic(t.Context(), db, a, b) },
			"after":  func(a, b gesta.Handler) error { return gesta.Atomic(t.Context(), db, b, a) },
		} {
			if err := atomic(other, sums.Handling("1", add(1))); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%T %s: %v", other, name, err)
			}
		}
	}
	if err := gesta.Atomic(t.Context(), db, elsewhere.Handling("1", add(1)), sums.Handling("2", add(1))); err != nil {
		t.Errorf("in streams of their own: %v", err)
	}
}

// TestAtomicIsRepeatedWithEnvelopes asks again for a commit of two deciders that put envelopes around their events.
func TestAtomicIsRepeatedWithEnvelopes(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes)
	dated := sums
	dated.Envelope = func(tally) gesta.Envelope { return gesta.Envelope{EffectiveAt: time.Unix(1, 0)} }
	for range 2 {
		a, b := dated.Handling("1", add(1), gesta.Key("k")), dated.Handling("2", add(2))
		if err := gesta.Atomic(t.Context(), db, a, b); err != nil {
			t.Fatal(err)
		}
		if len(a.Result().Events) != 1 || len(b.Result().Events) != 1 || b.Result().State.Total != 2 {
			t.Errorf("%+v, %+v", a.Result(), b.Result())
		}
	}
	if _, err := dated.Handle(t.Context(), db, "3", add(3), gesta.Key("k")); !errors.Is(err, store.ErrKeyReused) {
		t.Errorf("the key of others: %v", err)
	}
}

// contested refuses whatever is appended.
type contested struct{ store.Store }

func (contested) Append(context.Context, store.Commit) (store.Result, error) {
	return store.Result{}, &store.ConflictError{}
}

func TestManyRetries(t *testing.T) {
	db := newDB(t, contested{memory.New(memory.Options{})}, tallyTypes)
	ctx, stop := context.WithCancel(t.Context())
	tries := 0
	_, err := sums.Handle(ctx, db, "1", func(s sum) ([]tally, error) {
		if tries++; tries == 70 {
			stop()
		}
		return add(1)(s)
	}, gesta.Retries(1000))
	if !errors.Is(err, context.Canceled) || tries != 70 {
		t.Errorf("%d tries: %v", tries, err)
	}
}

// TestNothingIsNil gives nothing where something is needed: an error says so, and nothing panics.
func TestNothingIsNil(t *testing.T) {
	s := memory.New(memory.Options{})
	for name, build := range map[string]func() error{
		"store": func() error { _, err := gesta.New(nil, tallyTypes); return err },
		"codec": func() error { _, err := gesta.New(s, tallyTypes, gesta.WithCodec(nil)); return err },
		"upcaster": func() error {
			_, err := gesta.New(s, tallyTypes, gesta.Upcast[remark, added]("tally.remark", 1, nil))
			return err
		},
		"split": func() error {
			_, err := gesta.New(s, tallyTypes, gesta.Split[remark, tally]("tally.remark", 1, nil, added{}))
			return err
		},
	} {
		if build() == nil {
			t.Errorf("a nil %s is taken", name)
		}
	}
	db := newDB(t, s, tallyTypes)
	nothing := func(gesta.Facts) ([]tally, error) { return nil, nil }
	var none *gesta.View[int]
	for name, d := range map[string]gesta.Decision[tally]{
		"no decision":     gesta.Decision[tally]{Views: []gesta.AnyView{gesta.Count[added](gesta.Scope{})}}.Given(gesta.Unique[moved](errFull)),
		"a nil view":      {Views: []gesta.AnyView{none}, Decide: nothing},
		"no view":         {Views: []gesta.AnyView{nil}, Decide: nothing},
		"a nil case":      {Views: []gesta.AnyView{gesta.NewView(0, gesta.Scope{}, gesta.When[int, added](nil))}, Decide: nothing},
		"an empty tag":    {Views: []gesta.AnyView{gesta.Count[added](gesta.Tagged(""))}, Decide: nothing},
		"a nil error":     gesta.Record[tally](added{N: 1}).Given(gesta.Exists[moved](nil)),
		"a map to share":  {Views: []gesta.AnyView{gesta.NewView(map[string]int{}, gesta.Scope{}, gesta.When(func(m map[string]int, _ added) map[string]int { return m }))}, Decide: nothing},
		"a list to share": {Views: []gesta.AnyView{gesta.NewView([]int{1}, gesta.Scope{}, gesta.When(func(l []int, _ added) []int { return l }))}, Decide: nothing},
	} {
		if _, err := gesta.Decide(t.Context(), db, d); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestErasedSinceKept erases what a kept state was folded from: what was kept is not used any more, whether or not anybody forgot it.
func TestErasedSinceKept(t *testing.T) {
	onEach(t, func(t *testing.T, s store.Store) {
		box := newDrawer()
		db := newDB(t, s, tallyTypes, gesta.Keep(box, gesta.Every(1)), gesta.StandIn(added{}))
		addAll(t, db, "1", 1, 10)
		addAll(t, db, "2", 5)
		stale := maps.Clone(box.values)
		eraser, ok := store.As[store.Eraser](s)
		if !ok {
			t.Fatal("the store erases nothing")
		}
		if _, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{2}, Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
		total := func(want int) {
			t.Helper()
			if l := load(t, db, "1"); l.State.Total != want || l.Version != 2 {
				t.Errorf("%+v; want %d", l, want)
			}
		}
		total(1)
		hits := db.Kept().Hits
		total(1)
		if db.Kept().Hits != hits+1 {
			t.Errorf("the state after the erasure is not kept: %+v", db.Kept())
		}
		box.values = stale // as a load that began before the erasure puts it
		total(1)
		hits = db.Kept().Hits
		if l := load(t, db, "2"); l.State.Total != 5 || db.Kept().Hits != hits+1 {
			t.Errorf("the state of another stream: %+v, %+v", l, db.Kept())
		}
	})
}

// TestTwoFoldsOfACategory keeps the states of two deciders of one category.
func TestTwoFoldsOfACategory(t *testing.T) {
	db := newDB(t, memory.New(memory.Options{}), tallyTypes, gesta.Keep(newDrawer(), gesta.Every(1)))
	addAll(t, db, "1", 10, 20)
	count := gesta.Decider[sum, tally]{Name: "count", Category: "sum", Evolve: func(s sum, _ tally) sum { s.Total++; return s }}
	for range 2 {
		l, err := count.Load(t.Context(), db, "1")
		if err != nil || l.State.Total != 2 {
			t.Errorf("%+v, %v", l, err)
		}
	}
}

// TestReadLeavesOutSystemEvents reads everything from a store in which something was erased.
func TestReadLeavesOutSystemEvents(t *testing.T) {
	s := memory.New(memory.Options{})
	db := newDB(t, s, tallyTypes, gesta.StandIn(added{}))
	addAll(t, db, "1", 1, 2)
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	var got []any
	for e, err := range gesta.Read[any](t.Context(), db, nil, gesta.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Body)
	}
	if diff := cmp.Diff([]any{added{}, added{N: 2}}, got); diff != "" {
		t.Error(diff)
	}
	var err error
	for _, err = range gesta.Read[any](t.Context(), db, store.Query{{Stream: store.ErasureStream}}, gesta.ReadOptions{}) {
	}
	if !errors.Is(err, gesta.ErrUnknownType) {
		t.Errorf("asked for by name: %v", err)
	}
}

// TestPositionAfterARestore loads a kept state from a store that was put back to an older copy, which has all that the state was folded from.
func TestPositionAfterARestore(t *testing.T) {
	box := newDrawer()
	open := func(streams ...string) *gesta.DB {
		db := newDB(t, &identified{memory.New(memory.Options{Clock: func() time.Time { return time.Unix(1, 0) }}), "one"}, tallyTypes, gesta.Keep(box, gesta.Every(1)))
		for i, stream := range streams {
			e := store.Event{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Stream: stream, Type: "tally.added", Data: []byte(`{"N":1}`)}
			if _, err := db.Store().Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
				t.Fatal(err)
			}
		}
		return db
	}
	load(t, open("sum-1", "sum-2", "sum-2"), "1")
	db := open("sum-1")
	if l := load(t, db, "1"); l.Position != 1 || db.Kept().Hits != 1 {
		t.Errorf("%+v, %+v", l, db.Kept())
	}
}
