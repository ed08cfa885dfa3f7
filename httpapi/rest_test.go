package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/memory"
)

// TestRestOfAStreamIsNoRequest ends a stream at the server before its sender does: the answer is whole, and what comes after it is not answered.
func TestRestOfAStreamIsNoRequest(t *testing.T) {
	s := memory.New(memory.Options{})
	end := make(chan context.CancelFunc, 1)
	url := serveAppends(t, s, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		end <- cancel
		next.ServeHTTP(w, r.WithContext(ctx))
	})
	conn, err := new(net.Dialer).DialContext(bounded(t), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := bounded(t).Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			t.Fatal(err)
		}
	}
	line := `{"type":"T"}` + "\n"
	head := "POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
	if _, err := fmt.Fprintf(conn, "%s%x\r\n%s\r\n", head, len(line), line); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	acks := bufio.NewReader(answer.Body)
	if got, err := acks.ReadString('\n'); err != nil || !strings.Contains(got, `"ok":true`) {
		t.Fatalf("%s, %v", got, err)
	}
	(<-end)()
	if got, err := io.ReadAll(acks); err != nil || !strings.Contains(string(got), `{"error":{"code":"unavailable"`) {
		t.Errorf("%s, %v", got, err)
	}
	_, _ = io.WriteString(conn, "GET /v1/head HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if got, _ := io.ReadAll(from); len(got) > 0 {
		t.Errorf("the rest is answered: %s", got)
	}
}
