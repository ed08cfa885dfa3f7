package server_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// TestDrainCutsWhatStandsStill ends a server while clients send no more of what they began, or read nothing of an answer, and one waits for the store: that one is answered, and
// the others are cut off long before all of the time is over.
func TestDrainCutsWhatStandsStill(t *testing.T) {
	served := newSlow(t)
	for range 32 {
		c := store.Commit{Events: []store.Event{{Type: "Big", Data: bytes.Repeat([]byte("x"), 1<<20)}}}
		if _, err := served.Store.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var log written
	const drain = 10 * time.Second
	s, end := serve(t, server.Options{Store: served, DrainTime: drain, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	address := strings.TrimPrefix(s.URLs()[0], "http://")
	stuck := map[string]net.Conn{}
	for name, text := range map[string]string{
		"half a body":   "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"half a query":  "POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"half a header": "POST /v1/append HTTP/1.1\r\nHost: localhost\r\n",
		"a stuck one":   "GET /v1/read?query=[] HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n",
	} {
		stuck[name] = connect(t, address)
		if _, err := io.WriteString(stuck[name], text); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "the read is answered, and nobody reads on", func() bool {
		_, body := get(t, http.DefaultClient, s.URLs()[0]+"/metrics")
		return strings.Contains(body, `gesta_requests_in_progress{route="readByGet"} 1`) && strings.Contains(body, `gesta_requests_in_progress{route="append"} 1`)
	})
	answered := make(chan int, 1)
	go func() {
		code, _ := status(t, post(t, s.URLs()[0]+"/v1/append", "application/json", `{"events":[{"type":"T"}]}`)) //nolint:bodyclose // it is, by what reads it
		answered <- code
	}()
	<-served.begun
	release := sync.OnceFunc(func() { close(served.release) })
	defer release()
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	for name, conn := range stuck {
		if name == "a stuck one" {
			continue // it reads nothing, which would make it a reader
		}
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s stays connected", name)
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended, %v, before what was in progress", err)
	default:
	}
	release()
	if code := <-answered; code != http.StatusOK {
		t.Errorf("the append in progress is answered %d", code)
	}
	if err := <-ended; err != nil || strings.Contains(log.String(), "cut off") {
		t.Errorf("Serve = %v, after %s, and the log says %q; want that nothing took the whole %s", err, time.Since(begun), log.String(), drain)
	}
}
