package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// endlessZeros is a body without an end.
type endlessZeros struct{}

func (endlessZeros) Read(p []byte) (int, error) { return len(p), nil }
func (endlessZeros) Close() error               { return nil }

// TestPaceIsByPieces reads a body that hurries: each piece has a time of its own, which begins when it is first waited for, and not anew with each byte.
func TestPaceIsByPieces(t *testing.T) {
	b := &bodyReader{r: endlessZeros{}, rc: http.NewResponseController(httptest.NewRecorder()), ctx: t.Context(), timeout: 2 * time.Hour, hurried: time.Hour}
	read := func(n int) {
		t.Helper()
		if _, err := io.ReadFull(b, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	read(10)
	b.hurry()
	read(1)
	first := b.due
	b.hurry() // as with each further part of it
	if read(hurriedPiece - 2); !b.due.Equal(first) {
		t.Error("a part of a piece gives more time")
	}
	read(1)
	if read(1); !b.due.After(first) {
		t.Error("the next piece has no time of its own")
	}
	second := b.due
	b.relax()
	if b.deadline().Before(time.Now().Add(90 * time.Minute)) {
		t.Error("it hurries where nothing waits")
	}
	b.hurry()
	if read(1); !b.due.After(second) {
		t.Error("what waits anew has no time of its own")
	}
}
