package server_test

import (
	"bytes"
	"fmt"
	"io"
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
	s, _ := serve(t, server.Options{Store: inner, Limits: server.Limits{AnswerBytes: 1 << 20, ReadTime: 3 * time.Second}})
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
	if n, err := whole(t, address); err == nil {
		t.Errorf("%d bytes while another takes all the room", n)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, "there is room again", func() bool {
		n, err := whole(t, address)
		return err == nil && n > len(large)
	})
}

// whole reads all events, and returns the bytes of the answer. An error says that it was refused, or cut off since the machine is too slow for the time that a read may take.
func whole(t *testing.T, address string) (int, error) {
	t.Helper()
	answer, err := try(t, http.DefaultClient, address+"/v1/read?query=[]")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", answer.Status, body)
	}
	return len(body), err
}
