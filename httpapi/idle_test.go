package httpapi_test

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
)

// TestIdleFollowers bounds what a follower costs who waits at the head, the connection and its other end included.
func TestIdleFollowers(t *testing.T) {
	const followers, most = 200, 64 << 10
	server := serveHandler(t, newShop(t), httpapi.Options{})
	before := inUse()
	for i := range followers {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer closing(t, conn)
		accept := []string{"application/x-ndjson", "text/event-stream"}[i%2]
		if _, err := fmt.Fprintf(conn, "GET /v1/read?query=[]&follow=true HTTP/1.1\r\nHost: x\r\nAccept: %s\r\n\r\n", accept); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReaderSize(conn, 16)
		for line := ""; !strings.Contains(line, "caughtUp\""); {
			if line, err = r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	each := (inUse() - before) / followers
	t.Logf("%d bytes a follower", each)
	if each > most {
		t.Errorf("a follower costs %d bytes, more than %d", each, most)
	}
}

// inUse returns how many bytes of heap and stacks are in use.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
