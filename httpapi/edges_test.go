package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
)

// TestBeyondHead reads from beyond the head: what is said of how far the read is says no more than there is.
func TestBeyondHead(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{})
	for request, want := range map[string]string{
		"GET /v1/read?query=[]&after=99999999\nAccept: application/x-ndjson":               `{"end":{"head":5,"scanned":5}}`,
		"GET /v1/read?query=[]&after=99999999&backward=true\nAccept: application/x-ndjson": `{"end":{"head":5,"scanned":5}}`,
	} {
		if _, got := ask(t, server.URL, request, ""); !strings.Contains(got, want) || strings.Contains(got, "99999999") {
			t.Errorf("%s: %s", request, got)
		}
	}
	for _, accept := range []string{"application/x-ndjson", "text/event-stream"} {
		lines := followed(t, server.URL, "/v1/read?query=[]&follow=true&after=99999999", accept)
		if got := until(t, lines, `{"caughtUp"`); !strings.Contains(got, `{"caughtUp":{"position":5}}`) {
			t.Errorf("%s: %s", accept, got)
		}
	}
}

// TestFollowedEnd follows up to a limit: what is scanned is not beyond the head that the end tells.
func TestFollowedEnd(t *testing.T) {
	s := newShop(t)
	server := serveHandler(t, s, httpapi.Options{})
	lines := followed(t, server.URL, "/v1/read?query=[]&follow=true&after=5&limit=1", "application/x-ndjson")
	until(t, lines, `{"caughtUp"`)
	if _, err := s.Append(t.Context(), store.Commit{Events: someEvents(2, "a-1")}); err != nil {
		t.Fatal(err)
	}
	if got := until(t, lines, `{"end"`); !strings.Contains(got, `{"end":{"head":6,"scanned":6}}`) {
		t.Error(got)
	}
}

// followed opens a stream.
func followed(t *testing.T, url, path, accept string) *bufio.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(bounded(t), http.MethodGet, url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return bufio.NewReader(resp.Body)
}

// until returns the first line that has a part.
func until(t *testing.T, r *bufio.Reader, part string) string {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("%s does not come: %v", part, err)
		}
		if strings.Contains(line, part) {
			return line
		}
	}
}

// wordy is a store whose errors say more than those of another.
type wordy struct{ store.Store }

func (wordy) Lookup(_ context.Context, key string) (store.Result, error) {
	if key == "hidden" {
		return store.Result{}, store.ErrNotFound
	}
	return store.Result{}, fmt.Errorf("key %q: %w", key, store.ErrNotFound)
}

func (wordy) Stats(context.Context) (store.Stats, error) {
	return store.Stats{}, fmt.Errorf("measure store: %w", store.ErrClosed)
}

// TestWords asks what a store answers in different words, and sends what says two things at once.
func TestWords(t *testing.T) {
	server := serveHandler(t, wordy{newShop(t)}, httpapi.Options{MaxReadTime: 1500 * time.Millisecond})
	var said []string
	for _, key := range []string{"hidden", "absent"} {
		_, got := ask(t, server.URL, "GET /v1/keys/"+key, "")
		said = append(said, strings.ReplaceAll(got, key, "K"))
	}
	if said[0] != said[1] || strings.Count(said[0], "key ") != 1 || !strings.HasSuffix(said[0], "}\n") {
		t.Errorf("%q", said)
	}
	if _, got := ask(t, server.URL, "GET /v1/stats", ""); strings.Count(got, "measure") != 1 {
		t.Error(got)
	}
	if _, got := ask(t, server.URL, "GET /v1/limits", ""); !strings.Contains(got, `"documentBytes":8650752`) || !strings.Contains(got, `"readSeconds":1.5,`) {
		t.Error(got)
	}
	for _, tt := range []struct {
		headers string
		status  int
	}{
		{"Content-Type: application/json", http.StatusOK},
		{"Content-Type: application/json; charset=UTF-8", http.StatusOK},
		{"Content-Type: application/json; charset=iso-8859-1", http.StatusBadRequest},
		{"Content-Type: application/json\r\nContent-Type: application/json", http.StatusBadRequest},
		{"Content-Type: application/json\r\nIdempotency-Key: a\r\nIdempotency-Key: b", http.StatusBadRequest},
	} {
		for path, body := range map[string]string{"/v1/append": `{"events":[{"type":"T"}]}`, "/append": `{"events":[{"type":"T"}]}`} {
			conn := send(t, server.URL, fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %d\r\n\r\n%s", path, tt.headers, len(body), body))
			if status, got := answerOf(t, conn); status != tt.status || status == http.StatusBadRequest && !strings.Contains(got, `"code":"usage"`) {
				t.Errorf("%s %q: %d %s", path, tt.headers, status, got)
			}
		}
	}
}
