package httpapi_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// send opens a connection and writes to it; it is closed with the test.
func send(t *testing.T, url string, parts ...string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, conn) })
	for _, p := range parts {
		if _, err := io.WriteString(conn, p); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// answerOf reads the answer that comes over a connection.
func answerOf(t *testing.T, conn net.Conn) (status int, body string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestLongDocument announces a long body to routes that need little, and sends some with no length at all: each is refused, and nobody's append is.
func TestLongDocument(t *testing.T) {
	const most = 4 << 20
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: most, MaxDocumentBytes: 1 << 20})
	for _, path := range []string{"/v1/read", "/v1/erase", "/v1/check"} {
		head := "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		for _, conn := range []net.Conn{
			send(t, server.URL, head, fmt.Sprintf("Content-Length: %d\r\n\r\n", most), "{"),
			send(t, server.URL, head, "Transfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n", 1<<20+1), strings.Repeat(" ", 1<<20+1), "\r\n"),
		} {
			if status, got := answerOf(t, conn); status != http.StatusRequestEntityTooLarge || !strings.Contains(got, `"code":"tooLarge"`) {
				t.Errorf("%s: %d %s", path, status, got)
			}
		}
	}
	// Those that are as long as they may be, and never whole, leave room for appends.
	for range 8 {
		send(t, server.URL, fmt.Sprintf("POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", 1<<20), strings.Repeat(" ", 1<<20-1))
	}
	body := `{"events":[{"type":"T","data":"` + strings.Repeat("x", 2<<20) + `"}]}`
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, body); resp.StatusCode != http.StatusOK {
		t.Errorf("%s %s", resp.Status, got)
	}
}

// TestStalledBody stops within a body: it is ended after its time, which is another than that of a stream.
func TestStalledBody(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{BodyTimeout: 50 * time.Millisecond})
	for _, path := range []string{"/v1/append", "/v1/read"} {
		conn := send(t, server.URL, "POST "+path+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		if status, got := answerOf(t, conn); status != http.StatusServiceUnavailable || !strings.Contains(got, `"code":"timeout"`) {
			t.Errorf("%s: %d %s", path, status, got)
		}
	}
	for _, contentType := range []string{"application/x-ndjson", httpapi.FramesType} {
		part := `{"type":"T","data":"` + strings.Repeat("x", 200<<10)
		if contentType == httpapi.FramesType {
			part = commitFrame(1<<20) + strings.Repeat("x", 200<<10)
		}
		conn := send(t, server.URL, "POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: "+contentType+"\r\nTransfer-Encoding: chunked\r\n\r\n",
			fmt.Sprintf("%x\r\n%s\r\n", len(part), part))
		if status, _ := answerOf(t, conn); status != http.StatusOK {
			t.Errorf("%s: %d", contentType, status)
		}
	}
}

// commitFrame begins a stream of frames with the header of a commit to append, recordedFrame with that of one to restore.
func commitFrame(n uint32) string   { return frameOf(7, n) }
func recordedFrame(n uint32) string { return frameOf(9, n) }

func frameOf(kind byte, n uint32) string {
	return string(binary.LittleEndian.AppendUint32([]byte("GSTF\x01"+string(rune(kind))), n))
}

// TestLongestLine appends lines as long as they may be where no more than one has room.
func TestLongestLine(t *testing.T) {
	const most = 4 << 20
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: most, MaxHeldBytes: most})
	begin, end := `{"type":"T","data":"`, `"}`
	line := begin + strings.Repeat("x", most-len(begin)-len(end)) + end + "\n"
	_, got := ask(t, server.URL, "POST /v1/append application/x-ndjson", line+line+line)
	if n := strings.Count(got, `"ok":true`); n == 0 || strings.Count(got, "\n") != 3 || n < 3 && strings.Count(got, "rateLimited") != 3-n {
		t.Errorf("got %s", got)
	}
	if !strings.HasPrefix(got, `{"line":1,"ok":true`) {
		t.Errorf("a line that is alone has no room: %s", got)
	}
}

// TestUnreadAnswers asks for long documents and reads nothing of them: what the server has in memory of them is a small part.
func TestUnreadAnswers(t *testing.T) {
	s := memory.New(memory.Options{})
	for range 20 {
		c := store.Commit{Events: []store.Event{{Type: "Big", Data: []byte(`"` + strings.Repeat("x", 1<<20) + `"`)}}}
		if _, err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	before := inUse()
	const readers, most = 24, 80 << 20
	begun := make(chan struct{}, readers)
	server := serveHandler(t, s, httpapi.Options{MaxAnswersBytes: 16 << 20, Store: func(context.Context) (store.Store, error) { return s, nil }})
	for i := range readers {
		accept := []string{"application/json", "application/x-ndjson", "application/cloudevents-batch+json"}[i%3]
		conn := send(t, server.URL, "GET /v1/read?query=[] HTTP/1.1\r\nHost: x\r\nAccept: "+accept+"\r\n\r\n")
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			begun <- struct{}{}
		}()
	}
	<-begun
	for range 100 { // what grows without bound does so by now
		runtime.Gosched()
	}
	deadline := time.Now().Add(time.Second)
	for time.Now().Before(deadline) {
		if got := inUse(); got > before+most {
			t.Fatalf("%d answers that nobody reads take %d MiB", readers, (got-before)>>20)
		}
	}
}

// TestLongPage reads a document of many pieces, page by page: each event is there once.
func TestLongPage(t *testing.T) {
	s := memory.New(memory.Options{})
	const events = 40
	for i := range events {
		c := store.Commit{Events: []store.Event{{Type: "Big", Data: fmt.Appendf(nil, `"n%d-%s"`, i, strings.Repeat("x", 30<<10))}}}
		if _, err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	server := serveHandler(t, s, httpapi.Options{MaxAnswerBytes: 200 << 10})
	for _, accept := range []string{"application/json", "application/cloudevents-batch+json"} {
		var all strings.Builder
		pages, after := 0, uint64(0)
		for more := true; more; pages++ {
			resp, got := ask(t, server.URL, fmt.Sprintf("GET /v1/read?query=[]&after=%d\nAccept: %s", after, accept), "")
			if len(got) > 300<<10 {
				t.Fatalf("%d bytes", len(got))
			}
			all.WriteString(got)
			next := resp.Header.Get("Gesta-Next")
			if _, tail, ok := strings.Cut(got, `],"next":`); ok {
				next = strings.TrimRight(tail, "}\n")
			}
			if more = next != ""; more {
				if _, err := fmt.Sscan(next, &after); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range events {
			if n := strings.Count(all.String(), fmt.Sprintf(`"n%d-x`, i)); n != 1 {
				t.Errorf("%s: event %d is there %d times", accept, i, n)
			}
		}
		if pages < 4 {
			t.Errorf("%s: %d pages", accept, pages)
		}
	}
}

// TestLargestQueries reads by the largest queries that a store takes, each form of them: they fit into a body as it is bounded by default. What is larger is refused
// before all of it is in memory.
func TestLargestQueries(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{})
	list := func(n int, of string) string { return strings.Repeat(of+",", n-1) + of }
	name := strings.Repeat("n", store.MaxNameBytes-2)
	quotes := strings.Repeat(`\"`, store.MaxNameBytes)
	const parts = store.MaxQueryParts
	for what, tt := range map[string]struct {
		query string
		want  int
	}{
		"streams":       {list(parts, `{"stream":"`+name+`-1","category":"`+name+`"}`), http.StatusOK},
		"tags":          {list(parts/2, `{"tags":["`+name+`"]}`), http.StatusOK},
		"tags of one":   {`{"tags":[` + list(parts-1, `"`+name+`"`) + `]}`, http.StatusOK},
		"quotes":        {`{"types":[` + list(parts-1, `"`+quotes+`"`) + `]}`, http.StatusOK},
		"an item more":  {list(parts+1, `{"stream":"s"}`), http.StatusRequestEntityTooLarge},
		"a tag more":    {`{"tags":[` + list(parts, `"t"`) + `]}`, http.StatusRequestEntityTooLarge},
		"many items":    {list(2<<20, `{}`), http.StatusRequestEntityTooLarge},
		"many tags":     {`{"tags":[` + list(2<<20, `""`) + `]}`, http.StatusRequestEntityTooLarge},
		"a longer body": {list(3<<20, `{}`), http.StatusRequestEntityTooLarge},
	} {
		before := allocated()
		resp, got := ask(t, server.URL, "POST /v1/read "+jsonBody, `{"query":[`+tt.query+`]}`)
		if resp.StatusCode != tt.want {
			t.Errorf("%s: %s %.200s", what, resp.Status, got)
		}
		if n := allocated() - before; n > 64<<20 {
			t.Errorf("%s: %d MiB were allocated", what, n>>20)
		}
	}
	// The same for all guards of a commit together.
	guards := `{"events":[{"type":"T"}],"guards":[` + list(100, `{"noneMatch":{"query":[`+list(4000, `{}`)+`]}}`) + `]}`
	before := allocated()
	if resp, got := ask(t, server.URL, "POST /v1/append "+jsonBody, guards); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("guards: %s %.200s", resp.Status, got)
	}
	if n := allocated() - before; n > 16<<20 {
		t.Errorf("guards: %d MiB were allocated", n>>20)
	}
}

// allocated returns how many bytes were allocated so far.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
