package storetest

import (
	"testing"

	"github.com/gestadb/gesta/store"
)

// watcher holds a read against the rules of Progress: hand its progress to the read, and each event to seen.
type watcher struct {
	t       testing.TB
	s       store.Store
	called  bool
	at      store.Position             // the last p
	largest store.Position             // the widest step from one p to the next
	each    func(store.Position, bool) // what to do beside, may be nil
}

func (w *watcher) progress(p store.Position, live bool) {
	if w.called && p <= w.at {
		w.t.Errorf("progress does not rise: %d after %d", p, w.at)
	}
	head, err := w.s.Head(w.t.Context())
	if err == nil && p > head {
		w.t.Errorf("progress at %d, the head is %d", p, head)
	}
	w.largest = max(w.largest, p-min(p, w.at))
	w.called, w.at = true, p
	if w.each != nil {
		w.each(p, live)
	}
}

func (w *watcher) seen(e *store.Recorded) {
	if w.called && e.Position <= w.at {
		w.t.Errorf("position %d comes after progress was called with %d", e.Position, w.at)
	}
}

// runProgress checks what a read says of how far it is.
func runProgress(t *testing.T, h Harness) {
	t.Run("a finite read reports the head", func(t *testing.T) {
		s := h.open(t)
		for _, want := range []store.Position{0, 10} {
			w := &watcher{t: t, s: s}
			alive := false
			w.each = func(_ store.Position, live bool) { alive = live }
			rare := store.Query{{Types: []string{"rare"}}}
			if got := read(t, s, rare, store.ReadOptions{Progress: w.progress}); len(got) > 0 {
				t.Errorf("read %v, want nothing", got)
			}
			if !w.called || w.at != want || !alive {
				t.Errorf("progress was called: %t, last with %d, live %t; want the head %d", w.called, w.at, alive, want)
			}
			if want == 0 {
				write(t, s, numbered(10, "a-1", "common")...)
			}
		}
	})
	t.Run("a read up to below the head is not live", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(10, "a-1", "T")...)
		w := &watcher{t: t, s: s, each: func(p store.Position, live bool) {
			if live || p > 5 {
				t.Errorf("progress at %d, live %t, of a read up to 5 of 10", p, live)
			}
		}}
		read(t, s, nil, store.ReadOptions{Until: 5, Progress: w.progress})
	})
	t.Run("never backwards", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(10, "a-1", "T")...)
		read(t, s, nil, store.ReadOptions{Backward: true, Progress: func(p store.Position, _ bool) {
			t.Errorf("progress was called with %d", p)
		}})
	})
	t.Run("no match is still to come", func(t *testing.T) {
		s := h.open(t)
		for range 40 {
			write(t, s, event("a-1", "common"), event("a-2", "common"), event("a-3", "rare"))
		}
		for _, q := range []store.Query{nil, {{Types: []string{"rare"}}}, {{Stream: "a-2"}, {Types: []string{"rare"}}}} {
			w := &watcher{t: t, s: s}
			for e, err := range s.Read(bounded(t), q, store.ReadOptions{After: 7, Progress: w.progress}) {
				if err != nil {
					t.Fatal(err)
				}
				w.seen(&e)
			}
		}
	})
	t.Run("often while scanning", func(t *testing.T) {
		if testing.Short() {
			t.Skip("short")
		}
		const most, commits, size = 65_536, 15, 10_000
		s := h.open(t)
		for range commits {
			write(t, s, numbered(size, "", "T")...)
		}
		for name, q := range map[string]store.Query{
			"everything": nil, "all of a type": {{Types: []string{"T"}}}, "a type that is not there": {{Types: []string{"none"}}},
			"a stream that is not there": {{Stream: "none"}}, "either": {{Tags: []string{"none"}}, {Types: []string{"none"}}},
		} {
			w := &watcher{t: t, s: s}
			n := 0
			for e, err := range s.Read(bounded(t), q, store.ReadOptions{Progress: w.progress}) {
				if err != nil {
					t.Fatal(err)
				}
				w.seen(&e)
				n++
			}
			want := 0
			if e := event("", "T"); q.Matches(&e) {
				want = commits * size
			}
			if n != want || w.largest > most {
				t.Errorf("%s: %d events, and a step of %d positions between calls; want %d, at most %d", name, n, w.largest, want, most)
			}
		}
	})
	t.Run("a follower is told of a head that moves past it", func(t *testing.T) {
		s := h.open(t)
		ctx, cancel := cancelable(t)
		reached := make(chan store.Position, 100)
		w := &watcher{t: t, s: s, each: func(p store.Position, live bool) {
			if live {
				reached <- p
			}
		}}
		done := make(chan error, 1)
		go func() {
			done <- lastError(ctx, t, s, store.Query{{Types: []string{"rare"}}}, store.ReadOptions{Follow: true, Progress: w.progress})
		}()
		for _, want := range []store.Position{0, 3, 6} {
			for receive(t, reached) != want {
				continue
			}
			write(t, s, numbered(3, "a-1", "common")...)
		}
		cancel()
		wantCancelled(t, receive(t, done))
	})
	t.Run("a follower that begins at the head is told so", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(3, "a-1", "T")...)
		ctx, cancel := cancelable(t)
		var at store.Position
		err := lastError(ctx, t, s, nil, store.ReadOptions{After: 3, Follow: true, Progress: func(p store.Position, live bool) {
			if at = p; live {
				cancel()
			}
		}})
		wantCancelled(t, err)
		if at != 3 {
			t.Errorf("live at %d, want 3", at)
		}
	})
}
