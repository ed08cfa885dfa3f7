package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runReaders checks what readers see while others write.
func runReaders(t *testing.T, h Harness) {
	t.Run("a slow reader does not block writers", func(t *testing.T) {
		for _, follow := range []bool{false, true} {
			slowReader(t, h.open(t), follow)
		}
	})
	t.Run("writes from within the loop", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(5, "a-1", "T")...)
		var got []store.Position
		for e, err := range s.Read(bounded(t), nil, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e.Position); len(got) > 5 {
				break
			}
			write(t, s, event("a-2", "T"))
		}
		if d := diff([]store.Position{1, 2, 3, 4, 5}, got); d != "" {
			t.Errorf("a read ends at the head of its start (-want +got):\n%s", d)
		}
	})
	t.Run("each loop is a new read", func(t *testing.T) {
		s := h.open(t)
		seq := s.Read(bounded(t), nil, store.ReadOptions{})
		for want := range 3 {
			if events, err := collect(seq); len(events) != want || err != nil {
				t.Errorf("loop %d yields %d events, %v", want+1, len(events), err)
			}
			write(t, s, event("", "T"))
		}
	})
	t.Run("yielded events stay valid", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(50, "a-1", "T", "x", "y")...)
		before := read(t, s, nil, store.ReadOptions{})
		kept := slices.Clone(before)
		for i := range 50 {
			write(t, s, numbered(20, fmt.Sprintf("b-%d", i), "other", "z")...)
			read(t, s, nil, store.ReadOptions{Backward: true, Limit: 30})
		}
		after := read(t, s, nil, store.ReadOptions{Until: 50})
		if d := diff(after, kept); d != "" {
			t.Errorf("what was yielded has changed (-now +then):\n%s", d)
		}
	})
	t.Run("the caller's slices are its own again", func(t *testing.T) { callersSlices(t, h.open(t)) })
	t.Run("a commit is seen whole or not at all", func(t *testing.T) { wholeCommits(t, h.open(t)) })
	t.Run("erased while being read", func(t *testing.T) { erasedWhileRead(t, h.open(t)) })
	t.Run("what was appended is seen", func(t *testing.T) {
		s := h.open(t)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				stream := fmt.Sprintf("a-%d", w)
				for i := range 40 {
					r, err := s.Append(bounded(t), store.Commit{Events: numbered(2, stream, "T")})
					if err != nil {
						t.Error(err)
						return
					}
					if p, err := s.Head(bounded(t)); err != nil || p < r.Last {
						t.Errorf("the head is %d, %v after %d was appended", p, err, r.Last)
					}
					events, err := collect(s.Read(bounded(t), store.Query{{Stream: stream}}, store.ReadOptions{}))
					if err != nil || len(events) != 2*i+2 || events[2*i+1].Position != r.Last {
						t.Errorf("%d events, %v after %d were appended up to %d", len(events), err, 2*i+2, r.Last)
					}
				}
			})
		}
		wg.Wait()
	})
}

// slowReader stops in its loop until a writer has written a lot.
func slowReader(t *testing.T, s store.Store, follow bool) {
	const before, after = 30, 200
	for range before {
		write(t, s, numbered(3, "a-1", "T")...)
	}
	until := store.Position(3 * before)
	if follow {
		until += 3 * after
	}
	reading, written := make(chan struct{}), make(chan struct{})
	done := make(chan []store.Recorded, 1)
	go func() {
		var got []store.Recorded
		for e, err := range s.Read(bounded(t), nil, store.ReadOptions{Follow: follow, Until: until}) {
			if err != nil {
				t.Error(err)
				break
			}
			if got = append(got, e); len(got) == 2 {
				close(reading)
				<-written
			}
		}
		done <- got
	}()
	receive(t, reading)
	for range after {
		write(t, s, numbered(3, "a-2", "T")...)
	}
	close(written)
	if d := diff(read(t, s, nil, store.ReadOptions{Until: until}), receive(t, done)); d != "" {
		t.Errorf("following %t (-history +slow reader):\n%s", follow, d)
	}
}

// callersSlices changes everything that it handed to an append, right after.
func callersSlices(t *testing.T, s store.Store) {
	c := store.Commit{Key: "k", Tracking: &store.Tracking{Source: "s", Position: 1}, Events: []store.Event{
		{Stream: "a-1", Type: "T", Tags: []string{"x", "y"}, Data: []byte(`"data"`), Metadata: []byte(`{"actor":"ada"}`)},
		{Stream: "a-2", Type: "T", Tags: []string{"z"}, Data: []byte(`"more"`)},
	}}
	commit(t, s, c)
	want := []store.Event{
		{Stream: "a-1", Type: "T", Tags: []string{"x", "y"}, Data: []byte(`"data"`), Metadata: []byte(`{"actor":"ada"}`)},
		{Stream: "a-2", Type: "T", Tags: []string{"z"}, Data: []byte(`"more"`)},
	}
	for _, e := range c.Events {
		clear(e.Tags)
		clear(e.Data)
		clear(e.Metadata)
	}
	clear(c.Events)
	c.Tracking.Position, c.Tracking.Source = 99, "other"
	got := read(t, s, nil, store.ReadOptions{})
	for i := range got {
		if d := diff(want[i], got[i].Event); d != "" {
			t.Errorf("event %d (-want +got):\n%s", i, d)
		}
		if d := diff(&store.Tracking{Source: "s", Position: 1}, got[i].Tracking); d != "" {
			t.Errorf("event %d (-want +got):\n%s", i, d)
		}
	}
	if r, err := s.Append(bounded(t), store.Commit{Key: "k", Events: want}); err != nil || !r.Duplicate {
		t.Errorf("the repeat of what was appended gets %+v, %v", r, err)
	}
}

// wholeCommits reads in every way while commits of seven events are written.
func wholeCommits(t *testing.T, s store.Store) {
	const size, commits = 7, 60
	whole := func(what string, p store.Position) {
		if p%size != 0 {
			t.Errorf("%s ends at %d, within a commit", what, p)
		}
	}
	ctx, writing := bounded(t), make(chan struct{})
	var readers, writers sync.WaitGroup
	loop := func(look func(context.Context)) {
		readers.Go(func() {
			for {
				look(ctx)
				select {
				case <-writing:
					return
				default:
				}
			}
		})
	}
	loop(func(ctx context.Context) {
		p, err := s.Head(ctx)
		if err != nil {
			t.Error(err)
		}
		whole("the head", p)
	})
	for _, q := range []store.Query{nil, {{Types: []string{"T"}}}, {{Category: "a"}}} {
		loop(func(ctx context.Context) {
			events, err := collect(s.Read(ctx, q, store.ReadOptions{}))
			if err != nil {
				t.Error(err)
			}
			whole("a read", store.Position(len(events)))
		})
	}
	loop(func(ctx context.Context) {
		events, err := collect(s.Read(ctx, nil, store.ReadOptions{Backward: true, Limit: 1}))
		for _, e := range events {
			whole("a backward read", e.Position)
		}
		if err != nil {
			t.Error(err)
		}
	})
	loop(func(ctx context.Context) {
		o := store.ReadOptions{Follow: true, Until: size * commits, Progress: func(p store.Position, live bool) {
			if live {
				whole("a follower", p)
			}
		}}
		events, err := collect(s.Read(ctx, nil, o))
		if err != nil || len(events) != size*commits {
			t.Errorf("a follower saw %d events, %v", len(events), err)
		}
	})
	for w := range 4 {
		writers.Go(func() {
			for range commits / 4 {
				if _, err := s.Append(bounded(t), store.Commit{Events: numbered(size, fmt.Sprintf("a-%d", w), "T")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(writing)
	readers.Wait()
}

// erasedWhileRead erases payloads under readers: one that begins later sees none of them, one that began earlier sees
// each whole or not at all.
func erasedWhileRead(t *testing.T, s store.Store) {
	const events = 300
	eraser := power[store.Eraser](t, s)
	var all []store.Event
	for i := range events {
		e := event("a-1", "T")
		e.Data, e.Metadata = fmt.Append(nil, "secret ", i), fmt.Append(nil, "about ", i)
		all = append(all, e)
	}
	write(t, s, all...)
	judge := func(e *store.Recorded, erased bool) {
		kept, gone := diff(all[e.Position-1], e.Event) == "", len(e.Data)+len(e.Metadata) == 0
		if e.Erased == 0 && (!kept || erased) || e.Erased != 0 && !gone {
			t.Errorf("position %d, erased by %d (done: %t), has data %q and metadata %q", e.Position, e.Erased, erased, e.Data, e.Metadata)
		}
	}
	ctx, erasing := bounded(t), make(chan struct{})
	var readers sync.WaitGroup
	for _, o := range []store.ReadOptions{{Until: events}, {Until: events, Backward: true}, {Until: events, Follow: true}} {
		readers.Go(func() {
			for {
				for e, err := range s.Read(ctx, nil, o) {
					if err != nil {
						t.Error(err)
						return
					}
					judge(&e, false)
				}
				select {
				case <-erasing:
					return
				default:
				}
			}
		})
	}
	for p := store.Position(1); p <= events; p += 30 {
		positions := []store.Position{p, p + 7, p + 3}
		r, err := eraser.Erase(ctx, store.Erasure{Positions: positions})
		if err != nil || r.Last-r.First != 2 {
			t.Errorf("erase: %+v, %v", r, err)
		}
		for _, e := range read(t, s, store.Query{{Stream: "a-1"}}, store.ReadOptions{}) {
			judge(&e, slices.Contains(positions, e.Position))
		}
	}
	close(erasing)
	readers.Wait()
}
