package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
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
	f := &folds{o: FoldOptions{MaxReadTime: time.Minute, MaxAnswerBytes: 100, WriteTimeout: time.Minute}, sending: newBudget(10, 0)}
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
