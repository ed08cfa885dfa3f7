package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// runRestore checks that what one store dumps another takes as it is. The conversation restore has the rules one by one.
func runRestore(t *testing.T, h Harness) {
	t.Run("an equal store", func(t *testing.T) {
		from, to := h.open(t), h.open(t)
		fill(t, from)
		restoreAll(t, to, power[store.Dumper](t, from).Dump(bounded(t), 0))
		want := everything(t, from)
		if d := diff(want, everything(t, to)); d != "" {
			t.Errorf("(-original +copy):\n%s", d)
		}
		if h.Reopen != nil {
			to = h.reopen(t, to, Options{})
			if d := diff(want, everything(t, to)); d != "" {
				t.Errorf("after reopening (-original +copy):\n%s", d)
			}
		}
		wantSalts(t, want.Dump)
	})
	t.Run("a dump ends at the head of its start", func(t *testing.T) {
		s := h.open(t)
		fill(t, s)
		want, got := len(dump(t, s)), 0
		for _, err := range power[store.Dumper](t, s).Dump(bounded(t), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if got++; got > want {
				break
			}
			write(t, s, event("a-1", "T"))
		}
		if got != want {
			t.Errorf("the dump yields %d commits or more, want %d", got, want)
		}
	})
	t.Run("with holes", func(t *testing.T) { restoreHoles(t, h) })
	t.Run("without salts", func(t *testing.T) {
		from, to := h.open(t), h.open(t)
		fill(t, from)
		commits := dump(t, from)
		for i := range commits {
			commits[i].Salts = nil
		}
		restoreAll(t, to, sequence(commits))
		wantSalts(t, dump(t, to))
	})
	t.Run("resumed after an error", func(t *testing.T) { restoreResumed(t, h) })
	t.Run("up to one that is refused", func(t *testing.T) { restorePrefix(t, h) })
	t.Run("an erasure that arrives later", func(t *testing.T) { restoreErasure(t, h) })
	t.Run("the caller's slices", func(t *testing.T) {
		from, to := h.open(t), h.open(t)
		fill(t, from)
		restoreAll(t, to, func(yield func(store.RecordedCommit, error) bool) {
			for c, err := range power[store.Dumper](t, from).Dump(bounded(t), 0) {
				for i := range c.Events { // a copy that is spoilt as soon as it was taken
					c.Events[i].Data = append([]byte{}, c.Events[i].Data...)
					c.Events[i].Tags = append([]string{}, c.Events[i].Tags...)
				}
				if !yield(c, err) {
					return
				}
				for i := range c.Events {
					clear(c.Events[i].Data)
					clear(c.Events[i].Tags)
				}
			}
		})
		if d := diff(read(t, from, nil, store.ReadOptions{}), read(t, to, nil, store.ReadOptions{})); d != "" {
			t.Errorf("(-original +copy):\n%s", d)
		}
	})
	t.Run("up to the last position there is", func(t *testing.T) { lastPosition(t, h) })
}

// restoreAll restores commits, which nothing keeps from being restored.
func restoreAll(t testing.TB, s store.Store, commits iter.Seq2[store.RecordedCommit, error]) {
	t.Helper()
	if err := power[store.Restorer](t, s).Restore(bounded(t), commits); err != nil {
		t.Fatalf("restore: %v", err)
	}
}

// wantSalts checks that each event has its salt, its own, and each erased one none.
func wantSalts(t testing.TB, commits []store.RecordedCommit) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range commits {
		if len(c.Salts) != len(c.Events) {
			t.Fatalf("%d events have %d salts", len(c.Events), len(c.Salts))
		}
		for i, salt := range c.Salts {
			want := store.SaltBytes
			if c.Events[i].Erased != 0 {
				want = 0
			}
			if len(salt) != want || want > 0 && seen[string(salt)] {
				t.Errorf("position %d, erased by %d, has the salt %x", c.Events[i].Position, c.Events[i].Erased, salt)
			}
			seen[string(salt)] = true
		}
	}
}

// fill writes a bit of everything.
func fill(t testing.TB, s store.Store) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(8, 9))
	for i := range 60 {
		c := store.Commit{Events: numbered(rnd.IntN(4), fmt.Sprintf("a-%d", rnd.IntN(5)), fmt.Sprintf("T%d", i%3), "x", fmt.Sprint("y", i%4))}
		for j := range c.Events {
			e := &c.Events[j]
			e.ID = fmt.Sprintf("00000000-0000-0000-0000-%012x", i)
			e.EffectiveAt = time.Date(2020, 1, 1+i, 0, 0, 0, 0, time.UTC)
			e.Metadata, e.ContentType, e.SchemaVersion = []byte(`{"actor":"ada"}`), "text/plain", uint32(i)
		}
		if len(c.Events) == 0 || i%7 == 0 {
			c.Tracking = &store.Tracking{Source: "s", Position: uint64(i + 1)}
		}
		if len(c.Events) > 0 && i%2 == 0 {
			c.Key = fmt.Sprint("k", i)
		}
		commit(t, s, c)
		if eraser, ok := store.As[store.Eraser](s); ok && i%20 == 19 {
			if _, err := eraser.Erase(bounded(t), store.Erasure{Positions: []store.Position{store.Position(i), store.Position(i) / 2}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// spread moves positions apart, so that there are holes between commits, and versions up.
func spread(commits []store.RecordedCommit) []store.RecordedCommit {
	var shift, last store.Position
	moved := map[store.Position]store.Position{}
	for i := range commits {
		c := &commits[i]
		if len(c.Events) == 0 {
			c.After = last
			continue
		}
		shift += store.Position(i * i)
		for j := range c.Events {
			e := &c.Events[j]
			moved[e.Position] = e.Position + shift
			last = e.Position + shift
			e.Position, e.Commit = last, e.Commit+shift
			if e.Stream != "" {
				e.Version += 1000
			}
		}
	}
	for i := range commits {
		for j := range commits[i].Events {
			e := &commits[i].Events[j]
			e.Erased = moved[e.Erased]
			if p, ok := store.ErasedPosition(&e.Event); ok {
				e.Tags = []string{store.ErasesTag(moved[p])}
			}
		}
	}
	return commits
}

// restoreHoles restores commits that leave holes, in streams that begin above version 1.
func restoreHoles(t *testing.T, h Harness) {
	from, to := h.open(t), h.open(t)
	fill(t, from)
	want := spread(dump(t, from))
	restoreAll(t, to, sequence(want))
	check := func(s store.Store) {
		t.Helper()
		if d := diff(want, dump(t, s)); d != "" {
			t.Fatalf("(-restored +dumped):\n%s", d)
		}
		var events []store.Recorded
		for _, c := range want {
			events = append(events, c.Events...)
		}
		for i := range events {
			p := events[i].Position
			for _, o := range []store.ReadOptions{{After: p - 1, Limit: 1}, {Until: p, Limit: 1, Backward: true}} {
				if d := diff(events[i:i+1], read(t, s, nil, o)); d != "" {
					t.Fatalf("read %+v (-want +got):\n%s", o, d)
				}
			}
			if i > 0 && events[i-1].Position+1 < p {
				hole := store.ReadOptions{After: events[i-1].Position, Until: p - 1}
				if got := read(t, s, nil, hole); len(got) > 0 {
					t.Fatalf("the hole %+v has %v", hole, positions(got))
				}
				hole.Follow = true
				if got := read(t, s, nil, hole); len(got) > 0 {
					t.Fatalf("following into the hole %+v finds %v", hole, positions(got))
				}
			}
		}
	}
	check(to)
	if h.Reopen != nil {
		to = h.reopen(t, to, Options{})
		check(to)
	}
	last := head(t, to)
	if r := write(t, to, event("a-1", "T")); r.First != last+1 || r.Version("a-1") <= 1000 {
		t.Errorf("wrote %+v behind position %d", r, last)
	}
}

// restoreResumed breaks a restore at every commit, and goes on with the rest.
func restoreResumed(t *testing.T, h Harness) {
	from, to := h.open(t), h.open(t)
	fill(t, from)
	all := dump(t, from)
	broken := errors.New("the line went dead")
	done := 0
	for next := 3; done < len(all); next += 7 {
		end := min(next, len(all))
		err := power[store.Restorer](t, to).Restore(bounded(t), func(yield func(store.RecordedCommit, error) bool) {
			for _, c := range all[done:end] {
				if !yield(c, nil) {
					return
				}
			}
			yield(store.RecordedCommit{}, broken)
		})
		if !errors.Is(err, broken) {
			t.Fatalf("got error %v, want %v", err, broken)
		}
		restored := dump(t, to) // a prefix
		if len(restored) > end || len(restored) < done {
			t.Fatalf("%d commits were restored of %d..%d", len(restored), done, end)
		}
		done = len(restored)
		for i := range restored { // an event may be erased later on
			if d := diff(positions(all[i].Events), positions(restored[i].Events)); d != "" || all[i].Key != restored[i].Key {
				t.Fatalf("commit %d (-original +restored):\n%s", i, d)
			}
		}
	}
	if d := diff(everything(t, from), everything(t, to)); d != "" {
		t.Errorf("(-original +copy):\n%s", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantCancelled(t, power[store.Restorer](t, to).Restore(ctx, sequence(all)))
}

// restoreErasure restores a store twice: before an erasure in the original, and what came after.
func restoreErasure(t *testing.T, h Harness) {
	from, to := h.open(t), h.open(t)
	secret := event("a-1", "T")
	secret.Data, secret.Metadata = []byte("a secret"), []byte("about a secret")
	write(t, from, secret, secret)
	restoreAll(t, to, power[store.Dumper](t, from).Dump(bounded(t), 0))
	if got := read(t, to, nil, store.ReadOptions{}); diff(secret, got[0].Event) != "" {
		t.Fatalf("the copy has %v", got)
	}
	if _, err := power[store.Eraser](t, from).Erase(bounded(t), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	write(t, from, event("a-1", "T"))
	restoreAll(t, to, power[store.Dumper](t, from).Dump(bounded(t), 2))
	check := func(s store.Store) {
		t.Helper()
		got := read(t, s, nil, store.ReadOptions{})
		if len(got) != 4 || got[0].Erased != 3 || len(got[0].Data)+len(got[0].Metadata) > 0 || got[1].Erased != 0 {
			t.Errorf("the copy has %v", got)
		}
		if d := diff(dump(t, from), dump(t, s)); d != "" {
			t.Errorf("(-original +copy):\n%s", d)
		}
	}
	check(to)
	if h.Reopen != nil {
		check(h.reopen(t, to, Options{}))
	}
}

// lastPosition restores an event close to the end of all positions and versions, and writes what still fits.
func lastPosition(t *testing.T, h Harness) {
	s := h.open(t)
	at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	p := store.MaxPosition - 2
	restoreAll(t, s, sequence([]store.RecordedCommit{{RecordedAt: at, Events: []store.Recorded{
		{Event: event("a-1", "T"), Position: p, Commit: p, Version: uint64(store.MaxPosition), RecordedAt: at},
	}}}))
	refuse := func(events ...store.Event) {
		t.Helper()
		_, err := s.Append(bounded(t), store.Commit{Events: events})
		refused(t, err, store.ErrTooLarge)
	}
	refuse(event("a-1", "T"))
	refuse(event("", "T"), event("", "T"), event("", "T"))
	if r := write(t, s, event("a-2", "T"), event("", "T")); r.Last != store.MaxPosition {
		t.Errorf("wrote %+v", r)
	}
	refuse(event("", "T"))
	if got := read(t, s, nil, store.ReadOptions{After: p, Until: store.MaxPosition}); len(got) != 2 {
		t.Errorf("read %v, want the last two", positions(got))
	}
	commit(t, s, store.Commit{Guards: []store.Guard{
		store.StreamAt{Stream: "a-1", Version: uint64(store.MaxPosition)}, store.NoneMatch{After: store.MaxPosition},
	}})
}
