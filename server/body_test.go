package server_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// TestStalledBodiesEnd sends requests whose bodies do not come, to what reads them and to what does not.
func TestStalledBodiesEnd(t *testing.T) {
	system := newStore(t)
	people(t, system)
	s, _ := serve(t, server.Options{System: system, Limits: server.Limits{HandshakeTime: 50 * time.Millisecond}})
	for name, request := range map[string]string{
		"open to all":         "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
		"without credentials": "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
		"in chunks":           "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			conn := connected(t, s.URLs()[0])
			if _, err := io.WriteString(conn, request); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
		})
	}
}

// TestFollowsOutliveTheirBodies follows for longer than a body may take.
func TestFollowsOutliveTheirBodies(t *testing.T) {
	served := newStore(t)
	s, _ := serve(t, server.Options{Store: served, Limits: server.Limits{HandshakeTime: 50 * time.Millisecond}})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URLs()[0]+"/v1/read", strings.NewReader(`{"query":[],"follow":true}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || !strings.Contains(lines.Text(), "caughtUp") {
		t.Fatalf("the follow begins with %q, %v", lines.Text(), lines.Err())
	}
	time.Sleep(200 * time.Millisecond) // the time that is to pass
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "Placed"}}}); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Placed") {
			return
		}
	}
	t.Errorf("the follow ended without the event: %v", lines.Err())
}
