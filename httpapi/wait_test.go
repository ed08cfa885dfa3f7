package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// reads counts the reads that are going on.
type reads struct {
	store.Store
	open atomic.Int64
}

// Read counts.
func (r *reads) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r.open.Add(1)
		defer r.open.Add(-1)
		r.Store.Read(ctx, q, o)(yield)
	}
}

// TestWhoWaitsHoldsNothing reads large events, and small ones between them, while others take all the room: while the read waits no event of it is in memory, and in the end it has answered the
// same as with room.
func TestWhoWaitsHoldsNothing(t *testing.T) {
	s := &reads{Store: memory.New(memory.Options{})}
	large := []byte(`"` + strings.Repeat("x", 2*pieceBytes) + `"`)
	for i := range 7 {
		e := store.Event{Type: fmt.Sprintf("T%d", i), Stream: []string{"a", "$b"}[i%2]}
		if i > 1 {
			e.Data = large
		}
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	h := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }, MaxAnswersBytes: 10, WriteTimeout: time.Minute})
	for _, accept := range []string{jsonType, "application/x-ndjson", FramesType} {
		for _, query := range []string{"", "&limit=3", "&backward=true", "&backward=true&limit=3", "&after=2", "&query=[{%22types%22:[%22T2%22,%22T4%22]}]"} {
			get := func() string {
				if !strings.Contains(query, "query") {
					query += "&query=[]"
				}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/read?"+query[1:], nil)
				r.Header.Set("Accept", accept)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w.Body.String()
			}
			want := get()
			got := make(chan string, 1)
			h.answers.try(1)
			go func() { got <- get() }()
			for wait := true; wait; {
				wait = h.answers.waiting.Load() == 0
				time.Sleep(time.Millisecond)
			}
			if n := s.open.Load(); n != 0 {
				t.Errorf("%s of %s: %d reads go on while it waits", accept, query, n)
			}
			h.answers.give(1)
			if got := <-got; got != want || len(got) < 2*pieceBytes {
				t.Errorf("%s of %s: %d bytes; want the same %d as with room", accept, query, len(got), len(want))
			}
			if h.answers.used != 0 {
				t.Fatalf("%s of %s: %d bytes are taken for ever", accept, query, h.answers.used)
			}
		}
	}
}

// TestErasedWhileItWaits follows a store whose large event finds no room, and is erased before there is some: it comes without its data, and takes no room from then on.
func TestErasedWhileItWaits(t *testing.T) {
	s := memory.New(memory.Options{})
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T", Data: []byte(`"` + strings.Repeat("x", 2*pieceBytes) + `"`)}}}); err != nil {
		t.Fatal(err)
	}
	h := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }, MaxAnswersBytes: 10, WriteTimeout: 5 * time.Second, Heartbeat: 20 * time.Millisecond})
	h.answers.try(1)
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/read?query=[]&follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", linesType)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for wait := true; wait; {
		wait = h.answers.waiting.Load() == 0
		time.Sleep(time.Millisecond)
	}
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	h.answers.give(1)
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), `"position":1`) {
	}
	if text := lines.Text(); len(text) > pieceBytes || lines.Err() != nil {
		t.Fatalf("the answer has a line of %d bytes, %v", len(text), lines.Err())
	}
	if err := h.answers.take(t.Context(), 1); err != nil {
		t.Errorf("it has the room of the event that it has sent: %v", err)
	}
}
