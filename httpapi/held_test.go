package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
)

// TestLittleHasRoom lets a body that is never whole take all the room that large ones have: a small one is taken nevertheless.
func TestLittleHasRoom(t *testing.T) {
	const most = 4 << 20
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: most})
	pr, pw := io.Pipe()
	req, err := http.NewRequestWithContext(bounded(t), http.MethodPost, server.URL+"/v1/append", pr)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", jsonBody)
	done := make(chan error, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			err = resp.Body.Close()
		}
		done <- err
	}()
	if _, err := io.WriteString(pw, `{"events":[{"type":"T","data":"`+strings.Repeat("x", most-100)); err != nil {
		t.Fatal(err)
	}
	untilHeld(t, server, most-100)
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, `{"events":[{"type":"T","data":"`+strings.Repeat("x", 1<<20)+`"}]}`); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a large body is answered %s %s", resp.Status, got)
	}
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, `{"events":[{"type":"T"}]}`); resp.StatusCode != http.StatusOK {
		t.Errorf("a small body is answered %s %s", resp.Status, got)
	}
	if _, err := io.WriteString(pw, `"}]}`); err != nil {
		t.Fatal(err)
	}
	if err := pw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// untilHeld waits until a server holds as much of appends.
func untilHeld(t *testing.T, server *httptest.Server, bytes int64) {
	t.Helper()
	h, _ := server.Config.Handler.(*httpapi.Handler)
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for ctx := bounded(t); h.Held() < bytes; {
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Fatalf("%d bytes are held, want %d", h.Held(), bytes)
		}
	}
}

// TestBodyInPieces sends bodies about as long as the pieces in which they are read, with and without their length, up to the limit: what arrives is what was sent.
func TestBodyInPieces(t *testing.T) {
	const most = 3 << 20
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: 1})
	for _, length := range []int{100, 16<<10 - 1, 16 << 10, 16<<10 + 1, 48<<10 - 1, 48 << 10, 48<<10 + 1, 2<<20 + 12345, most - 1, most, most + 1} {
		for _, known := range []bool{true, false} {
			frame := `{"events":[{"type":"T","stream":"s-%d-%t","data":"%s"}]}`
			empty := len(fmt.Sprintf(frame, length, known, ""))
			data := strings.Repeat("abcdefghijklmnopqrstuvwxyz", length/26+1)[:length-empty]
			body := io.Reader(strings.NewReader(fmt.Sprintf(frame, length, known, data)))
			if !known {
				body = io.MultiReader(body)
			}
			resp, err := http.Post(server.URL+"/v1/append", "application/json", body) //nolint:noctx // it is answered
			if err != nil {
				t.Fatal(err)
			}
			answer, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if length > most {
				if resp.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("%d bytes, known %t: %s %s", length, known, resp.Status, answer)
				}
				continue
			}
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%d bytes, known %t: %s %s", length, known, resp.Status, answer)
				continue
			}
			if _, got := ask(t, server.URL, fmt.Sprintf("GET /v1/read?query=[{%%22stream%%22:%%22s-%d-%t%%22}]", length, known), ""); !strings.Contains(got, `"`+data+`"`) {
				t.Errorf("%d bytes, known %t: other data is there", length, known)
			}
		}
	}
}
