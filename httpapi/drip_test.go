package httpapi_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
)

// TestDrippingBody sends a byte of a body now and then, each well within the time that silence may last: the body is ended all the same, and so is a long line and a frame.
func TestDrippingBody(t *testing.T) {
	t.Parallel()
	const patience = 300 * time.Millisecond
	long := strings.Repeat("x", 200<<10)
	chunked := func(contentType, part string) string {
		return "POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: " + contentType + "\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
	}
	for name, tt := range map[string]struct{ begin, drop string }{
		"append":        {"POST /v1/append HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", " "},
		"append of DCB": {"POST /append HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", " "},
		"in chunks":     {chunked("application/json", "{"), "1\r\n \r\n"},
		"read":          {"POST /v1/read HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", " "},
		"line":          {chunked("application/x-ndjson", `{"type":"T","data":"`+long), "1\r\nx\r\n"},
		"frame":         {chunked(httpapi.FramesType, commitFrame(1<<20)+long), "1\r\nx\r\n"},
		"line to restore": {
			strings.Replace(chunked("application/x-ndjson", `{"export":"`+long), "/v1/append", "/v1/restore", 1), "1\r\nx\r\n",
		},
		"frame to restore": {
			strings.Replace(chunked(httpapi.FramesType, strings.Replace(commitFrame(1<<20), "\x07", "\x09", 1)+long), "/v1/append", "/v1/restore", 1), "1\r\nx\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serveHandler(t, newShop(t), httpapi.Options{BodyTimeout: patience, IdleTimeout: time.Hour})
			conn := send(t, server.URL, tt.begin)
			ended := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				close(ended)
			}()
			drops := time.NewTicker(patience / 20)
			defer drops.Stop()
			for ctx := bounded(t); ; {
				select {
				case <-ended:
					return
				case <-drops.C:
					_, _ = io.WriteString(conn, tt.drop) // it fails once the connection is ended
				case <-ctx.Done():
					t.Fatal("a body that drips is waited for")
				}
			}
		})
	}
}
