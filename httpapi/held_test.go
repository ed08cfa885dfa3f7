package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
)

// TestHeldIsBounded sends a body that is not whole: what the server holds of it is bounded, and given back.
func TestHeldIsBounded(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: 64 << 10, MaxHeldBytes: 64 << 10})
	finish := beginAppend(t, server, 40<<10)
	untilHeld(t, server, 48<<10, 48<<10)
	resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, sized(20<<10))
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(got, `"code":"rateLimited"`) || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %s", resp.Status, got)
	}
	finish()
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, sized(20<<10)); resp.StatusCode != http.StatusOK {
		t.Errorf("after it was given back: %s", got)
	}
}

// TestLittleHasRoom lets a body that is not whole take all the room that large ones have: a small one is taken nevertheless.
func TestLittleHasRoom(t *testing.T) {
	const most = 4 << 20
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: most})
	finish := beginAppend(t, server, most-200)
	untilHeld(t, server, most, 2*most)
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, sized(1<<20)); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a large body is answered %s %s", resp.Status, got)
	}
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, sized(1)); resp.StatusCode != http.StatusOK {
		t.Errorf("a small body is answered %s %s", resp.Status, got)
	}
	finish()
}

// TestFramesAreHeld sends the most of a large frame and stops: what came of it takes the room of others until its time is over.
func TestFramesAreHeld(t *testing.T) {
	for path, frame := range map[string]func(uint32) string{"/v1/append": commitFrame, "/v1/restore": recordedFrame} {
		t.Run(path, func(t *testing.T) {
			const most = 4 << 20
			server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: most, BodyTimeout: 3 * time.Second})
			part := frame(most-100) + strings.Repeat("x", most-1000)
			send(t, server.URL, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: "+httpapi.FramesType+"\r\nTransfer-Encoding: chunked\r\n\r\n",
				fmt.Sprintf("%x\r\n%s\r\n", len(part), part))
			untilHeld(t, server, most-100, most-100)
			if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, sized(1<<20)); resp.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%s %s", resp.Status, got)
			}
			untilHeld(t, server, 0, 0)
		})
	}
}

// sized is a commit with so many bytes of data.
func sized(bytes int) string { return sizedHead + strings.Repeat("x", bytes) + sizedTail }

const sizedHead, sizedTail = `{"events":[{"type":"T","data":"`, `"}]}`

// beginAppend appends a commit with so many bytes of data; the last bytes of its body are sent by finish, which waits for the answer.
func beginAppend(t *testing.T, server *httptest.Server, bytes int) (finish func()) {
	t.Helper()
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
	write := func(text string) {
		t.Helper()
		if _, err := io.WriteString(pw, text); err != nil {
			t.Fatal(err)
		}
	}
	write(sizedHead + strings.Repeat("x", bytes))
	return func() {
		t.Helper()
		write(sizedTail)
		if err := errors.Join(pw.Close(), <-done); err != nil {
			t.Fatal(err)
		}
	}
}

// untilHeld waits until a server holds from least to most bytes of appends.
func untilHeld(t *testing.T, server *httptest.Server, least, most int64) {
	t.Helper()
	h, _ := server.Config.Handler.(*httpapi.Handler)
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for ctx := bounded(t); h.Held() < least || h.Held() > most; {
		select {
		case <-poll.C:
		case <-ctx.Done():
			t.Fatalf("%d bytes are held, want from %d to %d", h.Held(), least, most)
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
