package flight_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/internal/flight"
)

// reader takes what a Writer sends, one piece for each that it is let take.
type reader struct {
	next chan error // with what taking it ends

	mu   sync.Mutex
	sent []string
}

func (r *reader) send(b []byte) error {
	r.mu.Lock()
	r.sent = append(r.sent, string(b))
	r.mu.Unlock()
	return <-r.next
}

func (r *reader) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.sent); diff != "" {
		t.Fatalf("sent (-want +got):\n%s", diff)
	}
}

func put(text string) func([]byte) []byte {
	return func(dst []byte) []byte { return append(dst, text...) }
}

func add(t *testing.T, w *flight.Writer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := w.Add(put(text)); err != nil {
			t.Fatalf("add %q: %v", text, err)
		}
	}
}

// The first piece is sent at once, and those that come meanwhile together.
func TestWriterSendsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{next: make(chan error)}
		w := flight.NewWriter(r.send, 100)
		add(t, w, "a")
		r.want(t, "a")
		add(t, w, "b", "c", "d")
		r.want(t, "a")
		r.next <- nil
		r.want(t, "a", "bcd")
		close(r.next)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// More than the bound waits for the reader, and Flush for everything.
func TestWriterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{next: make(chan error)}
		w := flight.NewWriter(r.send, 3)
		add(t, w, "a")
		r.want(t, "a")
		add(t, w, "bb", "cc")
		var added, flushed bool
		go func() {
			added = w.Add(put("d")) == nil
			flushed = w.Flush() == nil
		}()
		r.want(t, "a")
		if added {
			t.Error("more was added than there is room for")
		}
		r.next <- nil
		r.want(t, "a", "bbcc")
		if !added || flushed {
			t.Errorf("added %v, flushed %v while something is being sent", added, flushed)
		}
		r.next <- nil
		r.want(t, "a", "bbcc", "d")
		if flushed {
			t.Error("flushed while the last is being sent")
		}
		close(r.next)
		synctest.Wait()
		if !flushed {
			t.Error("not flushed when everything is sent")
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

// When nothing can be sent any more, everyone is told, also who waits.
func TestWriterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken pipe")
		r := &reader{next: make(chan error)}
		w := flight.NewWriter(r.send, 3)
		add(t, w, "a")
		r.want(t, "a")
		add(t, w, "bbbb")
		var waited, flushed error
		go func() { waited = w.Add(put("c")) }()
		go func() { flushed = w.Flush() }()
		synctest.Wait()
		if err := w.Err(); err != nil {
			t.Fatalf("before it fails: %v", err)
		}
		r.next <- broken
		r.want(t, "a")
		for what, err := range map[string]error{
			"waited": waited, "flushed": flushed, "err": w.Err(), "flush": w.Flush(), "close": w.Close(),
			"add": w.Add(func([]byte) []byte { t.Error("put was called"); return nil }),
		} {
			if !errors.Is(err, broken) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Close sends what is left.
func TestWriterCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{next: make(chan error)}
		w := flight.NewWriter(r.send, 100)
		add(t, w, "a")
		r.want(t, "a")
		add(t, w, "b")
		closed := false
		go func() { closed = w.Close() == nil }()
		synctest.Wait()
		close(r.next)
		r.want(t, "a", "b")
		if !closed {
			t.Error("not closed")
		}
	})
}

// Pieces from many goroutines come whole, each once.
func TestWriterForMany(t *testing.T) {
	var sent strings.Builder
	w := flight.NewWriter(func(b []byte) error { sent.Write(b); return nil }, 16)
	var adding sync.WaitGroup
	for range 8 {
		adding.Go(func() {
			for range 500 {
				_ = w.Add(put("piece."))
			}
		})
	}
	adding.Wait()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := strings.Count(sent.String(), "piece."); got != 8*500 || sent.Len() != 8*500*len("piece.") {
		t.Errorf("%d pieces in %d bytes", got, sent.Len())
	}
}
