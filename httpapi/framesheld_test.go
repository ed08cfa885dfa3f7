package httpapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestFramesAreHeld sends the most of a large frame and stops: what came of it takes the room of others until its time is over.
func TestFramesAreHeld(t *testing.T) {
	const most = 4 << 20
	s := memory.New(memory.Options{})
	h := New(Options{
		MaxBodyBytes: most, MaxHeldBytes: most, BodyTimeout: 3 * time.Second,
		Store: func(context.Context) (store.Store, error) { return s, nil },
	})
	server := httptest.NewServer(h)
	defer server.Close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}()
	part := string(binary.LittleEndian.AppendUint32([]byte(magic+string(rune(frameCommit))), most-100)) + strings.Repeat("x", most-1000)
	if _, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", FramesType, len(part), part); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the frame is counted", func() bool { return h.held.used.Load() == most-100 })
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/append", strings.NewReader(`{"events":[{"type":"T","data":"`+strings.Repeat("x", 1<<20)+`"}]}`))
	r.Header.Set("Content-Type", jsonType)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusTooManyRequests {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	waitFor(t, "the frame is given back", func() bool { return h.held.used.Load() == 0 })
}

// waitFor polls until something is so.
func waitFor(t *testing.T, what string, so func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	end := time.After(30 * time.Second)
	for !so() {
		select {
		case <-poll.C:
		case <-end:
			t.Fatalf("it never comes to it that %s", what)
		}
	}
}
