package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// TestBudget takes more than there is: who waits gets it when it is given back, or is refused after a time; what is larger than all of it comes alone.
func TestBudget(t *testing.T) {
	b := newBudget(10, time.Minute)
	if err := b.take(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 2)
	for range 2 {
		go func() { got <- b.take(t.Context(), 5) }()
	}
	select {
	case err := <-got:
		t.Fatalf("there is room beside what is larger than all: %v", err)
	default:
	}
	b.give(100)
	for range 2 {
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	b.patience = time.Millisecond
	if err := b.take(t.Context(), 1); !passedOver(err) {
		t.Errorf("got %v, want rateLimited", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&eventjson.Error{Code: eventjson.CodeTimeout})
	b.patience = time.Minute
	if err := b.take(ctx, 1); eventjson.Describe(err).Code != eventjson.CodeTimeout {
		t.Errorf("got %v, want the cause of the end", err)
	}
	b.give(5)
	if err := b.take(t.Context(), 5); err != nil {
		t.Error(err)
	}
}

// TestFoldsBeingSent refuses a document while others take all the room.
func TestFoldsBeingSent(t *testing.T) {
	f := &folds{o: FoldOptions{MaxReadTime: time.Minute, MaxAnswerBytes: 100, WriteTimeout: time.Minute, Walks: NewWalks(0)}, sending: newBudget(10, 0)}
	answer := f.route(func(context.Context, *parameters, store.Store) ([]byte, error) { return []byte("{}"), nil })
	ask := func() error {
		return answer(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/state", nil), nil)
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	f.sending.try(10)
	if err := ask(); !passedOver(err) {
		t.Errorf("got %v, want rateLimited", err)
	}
	f.sending.give(10)
	if err := ask(); err != nil {
		t.Error(err)
	}
}

// TestLargeAnswersAreWeighed asks for large events and commits by the routes that send them, while others take all the room: each is refused, and taken when there is room.
func TestLargeAnswersAreWeighed(t *testing.T) {
	s := memory.New(memory.Options{})
	const id = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"
	c := store.Commit{Events: []store.Event{{ID: id, Type: "Big", Data: []byte(`"` + strings.Repeat("x", 2*pieceBytes) + `"`)}}}
	if _, err := s.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	h := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }, MaxAnswersBytes: 10, WriteTimeout: time.Millisecond})
	for _, accept := range []string{jsonType, FramesType} {
		for _, path := range []string{"/v1/ids/" + id, "/v1/export", "/v1/read?query=[]"} {
			get := func() (int, string) {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
				r.Header.Set("Accept", accept)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w.Code, w.Body.String()
			}
			h.answers.try(1)
			code, got := get()
			inFrame := accept == FramesType && code == http.StatusOK && strings.Contains(got, "rateLimited") // of an answer that has begun
			if code != http.StatusTooManyRequests && !inFrame {
				t.Errorf("%s as %s without room: %d, %d bytes", path, accept, code, len(got))
			}
			h.answers.give(1)
			if code, got := get(); code != http.StatusOK || len(got) < 2*pieceBytes {
				t.Errorf("%s as %s: %d, %d bytes", path, accept, code, len(got))
			}
			if h.answers.used != 0 {
				t.Fatalf("%s as %s: %d bytes are taken for ever", path, accept, h.answers.used)
			}
		}
	}
}
