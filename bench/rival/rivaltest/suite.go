package rivaltest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
)

// Run tests a rival against the contract, with sync and without.
func Run(t *testing.T, maker rival.Maker) {
	t.Helper()
	for _, durable := range []bool{true, false} {
		t.Run(fmt.Sprintf("sync=%t", durable), func(t *testing.T) {
			for _, test := range []struct {
				name string
				run  func(*testing.T, rival.Maker, bool)
			}{
				{"Empty", testEmpty},
				{"Versions", testVersions},
				{"Atomic", testAtomic},
				{"Order", testOrder},
				{"Batches", testBatches},
				{"Neighbours", testNeighbours},
				{"Tags", testTags},
				{"VisitError", testVisitError},
				{"Whole", testWhole},
				{"Kept", testKept},
				{"Reopen", testReopen},
				{"Writers", testWriters},
				{"Contention", testContention},
				{"Readers", testReaders},
			} {
				t.Run(test.name, func(t *testing.T) { test.run(t, maker, durable) })
			}
		})
	}
}

// testEmpty: a new store has nothing, and no read of it is an error.
func testEmpty(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	wantStream(t, store, "nobody", 0)
	wantEvents(t, "all", readAll(t, store))
	wantEvents(t, "tag", readTag(t, store, "nothing", 10))
	if err := store.Settle(t.Context()); err != nil {
		t.Errorf("settle: %v", err)
	}
}

// testVersions: a stream takes the next version and no other.
func testVersions(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	wantConflict(t, store, events("a", 2, 2, "x"))
	mustAppend(t, store, events("a", 1, 1, "x"))
	wantConflict(t, store, events("a", 1, 1, "x"))
	wantConflict(t, store, events("a", 3, 3, "x"))
	mustAppend(t, store, events("a", 2, 4, "x"))
	wantConflict(t, store, events("a", 2, 2, "x"))
	wantConflict(t, store, events("a", 4, 6, "x"))
	mustAppend(t, store, events("a", 5, 5, "x"))
	wantConflict(t, store, events("b", 5, 5, "x"))
	wantStream(t, store, "a", 5)
	wantStream(t, store, "b", 0)
	wantEvents(t, "all", readAll(t, store), events("a", 1, 5, "x")...)
}

// testAtomic: a commit of which one stream is at the wrong version writes nothing, whichever stream it is.
func testAtomic(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	first := slices.Concat(events("a", 1, 2, "x"), events("b", 1, 1, "x"))
	mustAppend(t, store, first)
	a, b, c := events("a", 3, 4, "x"), events("b", 2, 2, "x"), events("c", 1, 3, "x")
	taken, ahead := events("b", 1, 1, "x"), events("d", 2, 2, "x")
	for _, wrong := range [][]rival.Event{taken, ahead} {
		wantConflict(t, store, slices.Concat(wrong, a, c))
		wantConflict(t, store, slices.Concat(a, wrong, c))
		wantConflict(t, store, slices.Concat(a, c, wrong))
	}
	wantEvents(t, "all after conflicts", readAll(t, store), first...)
	wantEvents(t, "tag after conflicts", readTag(t, store, "x", 100), first...)
	wantStream(t, store, "c", 0)

	// The same streams, interleaved, at the right versions.
	second := slices.Concat(a[:1], b, c[:1], a[1:], c[1:])
	mustAppend(t, store, second)
	wantEvents(t, "all", readAll(t, store), slices.Concat(first, second)...)
	wantStream(t, store, "a", 4)
	wantStream(t, store, "b", 2)
	wantStream(t, store, "c", 3)
}

// testOrder: the global order is that of the commits, and in a commit that of its events.
func testOrder(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	var want []rival.Event
	for round := range uint64(10) {
		for i := 20; i > 0; i-- {
			commit := events(name(i), 1+round, 1+round, "x")
			mustAppend(t, store, commit)
			want = append(want, commit...)
		}
	}
	wantEvents(t, "all", readAll(t, store), want...)
	wantStream(t, store, name(7), 10)
}

// testBatches: a commit may be large, and may touch many streams.
func testBatches(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	long := events("long", 1, 1000, "long")
	var wide []rival.Event
	for i := range 100 {
		wide = append(wide, event(name(i), 1, "made", "wide"))
	}
	mustAppend(t, store, long[:400], long[400:500], wide, long[500:])
	wantStream(t, store, "long", 1000)
	wantStream(t, store, name(99), 1)
	wantEvents(t, "all", readAll(t, store), slices.Concat(long[:500], wide, long[500:])...)
	wantEvents(t, "tag", readTag(t, store, "wide", 1000), wide...)
	wantConflict(t, store, wide)
}

// testNeighbours: names that begin alike are different streams and different tags.
func testNeighbours(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	names := []string{"a", "ab", "a-b", "a-", "b", "a:b", "abc", "a.b", "a b", "a=b", "a=20b", "a%b", "é"}
	var want []rival.Event
	for _, n := range names {
		want = append(want, events(n, 1, 3, n)...)
	}
	mustAppend(t, store, want)
	for i, n := range names {
		wantStream(t, store, n, 3)
		wantEvents(t, "tag "+n, readTag(t, store, n, 10), want[3*i:3*i+3]...)
	}
}

// testTags: a tag is found in all streams, oldest first, up to the limit.
func testTags(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	var odd, all []rival.Event
	for i := range 300 {
		e := event(name(i%7), uint64(1+i/7), []string{"made", "sent"}[i%2], []string{"even", "odd"}[i%2])
		all = append(all, e)
		if i%2 == 1 {
			odd = append(odd, e)
		}
		mustAppend(t, store, all[i:])
	}
	wantEvents(t, "odd", readTag(t, store, "odd", 1000), odd...)
	wantEvents(t, "odd, at most ten", readTag(t, store, "odd", 10), odd[:10]...)
	wantEvents(t, "odd, at most one", readTag(t, store, "odd", 1), odd[:1]...)
	wantEvents(t, "no such tag", readTag(t, store, "none", 10))
}

// testVisitError: an error of visit ends the read and comes back as it is.
func testVisitError(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	mustAppend(t, store, events("a", 1, 20, "x"))
	enough, calls := errors.New("enough"), 0
	visit := func(*rival.Recorded) error {
		if calls++; calls == 3 {
			return enough
		}
		return nil
	}
	for what, read := range map[string]func() error{
		"stream": func() error { return store.ReadStream(t.Context(), "a", visit) },
		"all":    func() error { return store.ReadAll(t.Context(), visit) },
		"tag":    func() error { return store.ReadTag(t.Context(), "x", 10, visit) },
	} {
		calls = 0
		if err := read(); !errors.Is(err, enough) || calls != 3 {
			t.Errorf("%s: %v after %d calls, want %v after 3", what, err, calls, enough)
		}
	}
	wantStream(t, store, "a", 20)
}

// testReopen: closing and opening keeps everything, the guard too.
func testReopen(t *testing.T, maker rival.Maker, durable bool) {
	if !maker.Reopens {
		t.Skip("the rival does not reopen")
	}
	dir := t.TempDir()
	var want []rival.Event
	for round := range uint64(3) {
		store, closeNow := open(t, maker, dir, durable)
		wantEvents(t, "all", readAll(t, store), want...)
		for i := range 5 {
			wantStream(t, store, name(i), 10*round)
			wantConflict(t, store, events(name(i), 10*round+2, 10*round+2, "x"))
			if round > 0 {
				wantConflict(t, store, events(name(i), 10*round, 10*round, "x"))
			}
			commit := events(name(i), 10*round+1, 10*round+10, "x")
			mustAppend(t, store, commit)
			want = append(want, commit...)
		}
		if err := store.Settle(t.Context()); err != nil {
			t.Errorf("settle: %v", err)
		}
		wantEvents(t, "tag", readTag(t, store, "x", 1000), want...)
		closeNow()
	}
}
