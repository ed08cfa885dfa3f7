package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// slow is a store whose appends wait until they are released.
type slow struct {
	store.Store
	begun   chan struct{} // gets one value for each append that has come in
	release chan struct{} // closed when they may go on
}

func newSlow(t *testing.T) *slow {
	return &slow{Store: newStore(t), begun: make(chan struct{}, 10), release: make(chan struct{})}
}

// Append waits.
func (s *slow) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	s.begun <- struct{}{}
	<-s.release
	return s.Store.Append(ctx, c)
}

// rest reads what is left of an answer.
func rest(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("the answer was cut off: %v after %q", err, b)
	}
	return string(b)
}

// TestDrainEndsFollowers ends a server that readers of each form follow: each is told that it is unavailable, and none is waited for.
func TestDrainEndsFollowers(t *testing.T) {
	s, end := serve(t, server.Options{})
	forms := map[string]string{
		"application/x-ndjson": "\n" + `{"error":{"code":"unavailable"`, "text/event-stream": "event: error\ndata: " + `{"error":{"code":"unavailable"`,
		"application/vnd.gesta.frames": "unavailable",
	}
	followers := map[string]*following{}
	for accept := range forms {
		followers[accept] = follow(t, s.URLs()[0], accept)
	}
	stream := call(t.Context(), t, dial(t, s), "Subscribe", nil)
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	if err := end(); err != nil {
		t.Errorf("Serve = %v", err)
	}
	for accept, f := range followers {
		if got := rest(t, f); !strings.Contains(got, forms[accept]) {
			t.Errorf("%s ends with %q; want %q", accept, got, forms[accept])
		}
	}
	var answer raw
	if err := stream.RecvMsg(&answer); !errors.Is(err, io.EOF) {
		t.Errorf("the subscription ends with %v; want its end", err)
	}
}

// TestDrainFinishesAppends ends a server while appends of both protocols are in progress: they are made and answered, nothing more is taken, and it is not ready.
func TestDrainFinishesAppends(t *testing.T) {
	served := newSlow(t)
	s, end := serve(t, server.Options{Store: served})
	address, conn := s.URLs()[0], dial(t, s)
	watch := follow(t, address, "application/x-ndjson")
	idle := connect(t, strings.TrimPrefix(address, "http://")) // has asked and will not again
	if code := answerOn(t, idle); code != "HTTP/1.1 200 OK" {
		t.Fatal(code)
	}
	var appends sync.WaitGroup
	appends.Go(func() {
		if code, body := status(t, post(t, address+"/v1/append", "application/json", `{"key":"k","events":[{"type":"T"}]}`)); code != http.StatusOK { //nolint:bodyclose // it is, by what reads it
			t.Errorf("the append in progress is answered %d %s", code, body)
		}
	})
	appends.Go(func() {
		var answer raw
		if err := call(t.Context(), t, conn, "Append", umaEvents(1, 1)).RecvMsg(&answer); err != nil {
			t.Errorf("the append in progress by gRPC is answered %v", err)
		}
	})
	<-served.begun
	<-served.begun
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	rest(t, watch) // then it drains
	if c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://")); err == nil {
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Error("it takes connections while it drains")
		}
		_ = c.Close()
	}
	select {
	case err := <-ended:
		t.Errorf("it ended, %v, before what was in progress", err)
	default:
	}
	close(served.release)
	appends.Wait()
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if h := head(t, served); h != 2 {
		t.Errorf("there are %d events; want the 2 that were in progress", h)
	}
}

// TestDrainEndsStreamsOfAppends ends a server to which clients hold streams of appends open, as they do that append now and then: what was sent
// is acknowledged, then the stream ends with why, and none is waited for.
func TestDrainEndsStreamsOfAppends(t *testing.T) {
	served := newStore(t)
	s, end := serve(t, server.Options{Store: served})
	in, out := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URLs()[0]+"/v1/append", in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	lines := bufio.NewReader(answer.Body)
	for n := range 3 {
		if _, err := fmt.Fprintf(out, `{"type":"T","data":%d}`+"\n", n); err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"ok":true`) {
			t.Fatalf("line %d is acknowledged %q, %v", n+1, line, err)
		}
	}
	if err := end(); err != nil {
		t.Errorf("Serve = %v", err)
	}
	_ = out.Close()
	var last struct{ Error problem }
	if text := rest(t, lines); json.Unmarshal([]byte(text), &last) != nil || last.Error.Code != "unavailable" {
		t.Errorf("the stream ends with %q; want an error of the code unavailable", text)
	}
	if h := head(t, served); h != 3 {
		t.Errorf("there are %d events; want 3", h)
	}
}

// TestDrainIsBounded ends a server while one client reads nothing of its answer, and others sent a half of a request: it waits for none of them longer than it may.
func TestDrainIsBounded(t *testing.T) {
	served := newSlow(t)
	var log written
	s, end := serve(t, server.Options{Store: served, DrainTime: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	address := strings.TrimPrefix(s.URLs()[0], "http://")
	for _, text := range []string{
		"POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n" + `{"events":[{"type":"T"}]}    `,
	} {
		if _, err := io.WriteString(connect(t, address), text); err != nil {
			t.Fatal(err)
		}
	}
	<-served.begun
	watch := follow(t, s.URLs()[0], "application/x-ndjson")
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	rest(t, watch)
	defer close(served.release)
	select {
	case err := <-ended:
		if err != nil || !strings.Contains(log.String(), "cut off") {
			t.Errorf("Serve = %v, and the log says %q; want that requests were cut off", err, log.String())
		}
	case <-time.After(30 * time.Second):
		t.Error("it waits for ever")
	}
}

// TestReadiness asks a server whether it is ready before it serves, and by a connection that is left while it drains.
func TestReadiness(t *testing.T) {
	served := newSlow(t)
	s, end := serve(t, server.Options{Store: served})
	address := s.URLs()[0]
	if code, body := get(t, http.DefaultClient, address+"/readyz"); code != http.StatusOK || body != `{"ready":true}`+"\n" {
		t.Errorf("readyz is %d %s", code, body)
	}
	conn := connect(t, strings.TrimPrefix(address, "http://"))
	append1 := `{"events":[{"type":"T"}]}`
	// Two requests on one connection: the first keeps it alive while the server drains, and says that it closes.
	if _, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(append1), append1); err != nil {
		t.Fatal(err)
	}
	<-served.begun
	watch := follow(t, address, "application/x-ndjson")
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	rest(t, watch)
	close(served.release)
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if code, body := status(t, r); code != http.StatusOK || !r.Close {
		t.Errorf("the append is answered %d %s, close %t; want 200 and that the connection closes", code, body, r.Close)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
