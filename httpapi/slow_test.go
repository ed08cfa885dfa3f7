package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestStuckReader asks for a lot and reads nothing of it: the server lets go after its time, and others are answered meanwhile.
func TestStuckReader(t *testing.T) {
	s := newReadied(200_000)
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }, WriteTimeout: 100 * time.Millisecond})
	done := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { done <- r.Header.Get("Accept") }()
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, accept := range []string{"application/x-ndjson", "text/event-stream", httpapi.FramesType} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer closing(t, conn)
		if _, err := fmt.Fprintf(conn, "GET /v1/read?query=[] HTTP/1.1\r\nHost: x\r\nAccept: %s\r\n\r\n", accept); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-done:
			if got != accept {
				t.Errorf("%s ended, want %s", got, accept)
			}
		case <-bounded(t).Done():
			t.Fatalf("%s holds on to a reader that is stuck", accept)
		}
	}
	if _, got := ask(t, server.URL, "GET /v1/head", ""); !strings.Contains(got, "head") {
		t.Error(got)
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestSilentSender sends a part of a body and no more: the server lets go after its time.
func TestSilentSender(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{IdleTimeout: 50 * time.Millisecond})
	for contentType, want := range map[string]string{
		"application/json": `"code":"timeout"`, "application/x-ndjson": `{"line":1,"ok":true`, "application/cloudevents+json": `"code":"timeout"`,
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer closing(t, conn)
		body := `{"type":"T"}` + "\n"
		if _, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 1000\r\n\r\n%s", contentType, body); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, %v; want %s", contentType, got, err, want)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestServerEnds ends the requests of a server, as one does that is going down: each stream says so, and what was begun is finished.
func TestServerEnds(t *testing.T) {
	s := memory.New(memory.Options{})
	base, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := httptest.NewUnstartedServer(httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }}))
	server.Config.BaseContext = func(net.Listener) context.Context { return base }
	server.Start()
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()

	follow, err := http.NewRequestWithContext(bounded(t), http.MethodGet, server.URL+"/v1/read?query=[]&follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	followed, err := http.DefaultClient.Do(follow)
	if err != nil {
		t.Fatal(err)
	}
	defer followed.Body.Close()
	pr, pw := io.Pipe()
	add, err := http.NewRequestWithContext(bounded(t), http.MethodPost, server.URL+"/v1/append", pr)
	if err != nil {
		t.Fatal(err)
	}
	add.Header.Set("Content-Type", "application/x-ndjson")
	added, err := http.DefaultClient.Do(add)
	if err != nil {
		t.Fatal(err)
	}
	defer added.Body.Close()
	acks := bufio.NewReader(added.Body)
	if _, err := io.WriteString(pw, `{"type":"T"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := acks.ReadString('\n'); err != nil || !strings.Contains(line, `"ok":true`) {
		t.Fatalf("%s, %v", line, err)
	}
	cancel()
	for name, body := range map[string]io.Reader{"follow": followed.Body, "append": acks} {
		got, err := io.ReadAll(body)
		if !strings.HasSuffix(strings.TrimSpace(string(got)), `}}`) || !strings.Contains(string(got), `{"error":{"code":"unavailable"`) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	_ = pw.Close()
}

// TestStartedThroughServers starts commits while the server ends streams again and again: each is written once, in order.
func TestStartedThroughServers(t *testing.T) {
	s := memory.New(memory.Options{})
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	ends := make(chan context.CancelFunc, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		if r.URL.Path == "/v1/append" {
			select {
			case ends <- cancel:
			default:
			}
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
	defer server.Close()
	c := dial(t, server.URL)
	const commits = 2000
	var waits []func() (store.Result, error)
	for i := range commits {
		waits = append(waits, c.Start(bounded(t), store.Commit{
			Events: someEvents(1, "a-1"), Guards: []store.Guard{store.StreamAt{Stream: "a-1", Version: uint64(i)}},
		}))
		if i%100 == 50 {
			select {
			case end := <-ends:
				end()
			default:
			}
		}
	}
	for i, wait := range waits {
		if r, err := wait(); err != nil || r.Version("a-1") != uint64(i+1) {
			t.Fatalf("commit %d: %+v, %v", i, r, err)
		}
	}
}
