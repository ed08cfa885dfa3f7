package storetest

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gestadb/gesta/store"
)

// runClose checks what the end of a store, and of a loop, leaves behind.
func runClose(t *testing.T, h Harness) {
	t.Run("every call is refused", func(t *testing.T) {
		s := h.Open(t, Options{Clock: time.Now})
		write(t, s, event("a-1", "T"))
		all := calls(bounded(t), t, s)
		closeStore(t, s)
		for name, call := range all {
			t.Run(name, func(t *testing.T) { refused(t, call(), store.ErrClosed) })
		}
		closeStore(t, s)
	})
	t.Run("readers end", func(t *testing.T) { closedReaders(t, h) })
	t.Run("appends on their way", func(t *testing.T) { closedAppends(t, h) })
	t.Run("nothing leaks", func(t *testing.T) { leaks(t, h) })
}

func closeStore(t testing.TB, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// closedReaders closes a store under followers that wait, and under reads that are in the middle.
func closedReaders(t *testing.T, h Harness) {
	const events = 20_000
	s := h.Open(t, Options{})
	write(t, s, numbered(events/2, "a-1", "T")...)
	write(t, s, numbered(events/2, "a-1", "T")...)
	reading, closed := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	options := []store.ReadOptions{{}, {Backward: true}, {Follow: true}}
	for _, o := range options { // in the middle
		go func() {
			n, last := 0, error(nil)
			for _, err := range s.Read(bounded(t), nil, o) {
				if last = err; err != nil {
					break
				}
				if n++; n == 10 {
					reading <- struct{}{}
					<-closed
				}
			}
			if n == events && !o.Follow {
				last = errors.New("read to the end as if nothing had happened")
			}
			done <- last
		}()
		receive(t, reading)
	}
	go func() { // waiting
		w := store.ReadOptions{Follow: true, After: events, Progress: func(_ store.Position, live bool) {
			if live {
				reading <- struct{}{}
			}
		}}
		done <- lastError(bounded(t), t, s, nil, w)
	}()
	receive(t, reading)
	closeStore(t, s)
	close(closed)
	for range len(options) + 1 {
		if err := receive(t, done); !errors.Is(err, store.ErrClosed) {
			t.Errorf("a reader ends with %v, want %v", err, store.ErrClosed)
		}
	}
}

// closedAppends closes a store while it is written to, and looks after opening it again which appends were written.
func closedAppends(t *testing.T, h Harness) {
	const writers = 6
	s := h.Open(t, Options{})
	done := make(chan uint64, writers)
	begun := make(chan struct{}, writers)
	for range writers {
		go func() {
			var written uint64
			for {
				r, err := s.Append(bounded(t), store.Commit{Events: []store.Event{event("a-1", "T")}})
				if err != nil {
					refused(t, err, store.ErrClosed)
					break
				}
				if written++; r.Version("a-1") == 0 {
					t.Errorf("wrote %+v", r)
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
			done <- written
		}()
	}
	for range writers {
		receive(t, begun)
	}
	var reopened store.Store
	if h.Reopen == nil {
		closeStore(t, s)
	} else {
		reopened = h.reopen(t, s, Options{})
	}
	var written uint64
	for range writers {
		written += receive(t, done)
	}
	if reopened == nil {
		return
	}
	if events := read(t, reopened, nil, store.ReadOptions{}); uint64(len(events)) != written {
		t.Errorf("%d events were acknowledged before the store closed, it has %d", written, len(events))
	}
}

// leaks counts goroutines and files after everything that can end early has.
func leaks(t *testing.T, h Harness) {
	running := goleak.IgnoreCurrent()
	files := 0
	if h.OpenFiles != nil {
		files = h.OpenFiles()
	}
	s := h.Open(t, Options{})
	write(t, s, numbered(3000, "a-1", "T", "x")...)
	open := goleak.IgnoreCurrent() // what the store runs for itself
	ctx, cancel := cancelable(t)
	for range 20 {
		for _, q := range []store.Query{nil, {{Stream: "a-1"}}, {{Tags: []string{"x"}, Types: []string{"T"}}}} {
			for _, o := range []store.ReadOptions{{}, {Backward: true}, {Follow: true}, {Limit: 2}} {
				for _, err := range s.Read(ctx, q, o) {
					if err != nil {
						t.Error(err)
					}
					break
				}
			}
		}
		for _, err := range power[store.Dumper](t, s).Dump(ctx, 0) {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	done := make(chan error, 10)
	for range cap(done) {
		live := make(chan struct{}, 1)
		go func() {
			done <- lastError(ctx, t, s, nil, store.ReadOptions{Follow: true, Progress: func(_ store.Position, at bool) {
				if at {
					live <- struct{}{}
				}
			}})
		}()
		receive(t, live)
	}
	cancel()
	for range cap(done) {
		wantCancelled(t, receive(t, done))
	}
	if err := goleak.Find(open); err != nil {
		t.Errorf("after broken loops and cancelled reads: %v", err)
	}
	closeStore(t, s)
	if err := goleak.Find(running); err != nil {
		t.Errorf("after Close: %v", err)
	}
	if h.OpenFiles != nil && h.OpenFiles() != files {
		t.Errorf("%d files are open after Close, %d were before Open", h.OpenFiles(), files)
	}
}
