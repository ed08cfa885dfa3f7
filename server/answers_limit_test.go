package server_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// TestAnswerBytes has a follower of a large event that does not read it: whoever asks for it too is refused while it takes all the room that there is for such, and answered when it is gone.
func TestAnswerBytes(t *testing.T) {
	inner := newStore(t)
	large := []byte(`"` + strings.Repeat("x", 12<<20) + `"`) // more than the buffers between the two
	if _, err := inner.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "T", Data: large}}}); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: inner, Limits: server.Limits{AnswerBytes: 1 << 20, ReadTime: 200 * time.Millisecond}})
	address := s.URLs()[0]
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprint(conn, "GET /v1/read?query=[]&follow=true HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1<<10); !bytes.Contains(b, []byte("xxxx")); { // until the event is being sent
		if _, err := conn.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if code, body := get(t, http.DefaultClient, address+"/v1/read?query=[]"); code == http.StatusOK {
		t.Errorf("%d, %d bytes, while another takes all the room", code, len(body))
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, "there is room again", func() bool {
		code, body := get(t, http.DefaultClient, address+"/v1/read?query=[]")
		return code == http.StatusOK && len(body) > len(large)
	})
}
