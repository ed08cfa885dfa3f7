package httpapi_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
)

// forgetful is a way to a server that forgets its connections when it is told to: nothing comes through them any more, and nobody is told.
type forgetful struct {
	net.Listener
	target  string
	opened  atomic.Int64
	silent  atomic.Int64 // how many of the first connections are
	running sync.WaitGroup
}

func (f *forgetful) run() {
	for {
		in, err := f.Accept()
		if err != nil {
			return
		}
		out, err := new(net.Dialer).Dial("tcp", f.target)
		if err != nil {
			_ = in.Close()
			continue
		}
		number := f.opened.Add(1)
		f.running.Go(func() { f.pass(number, out, in) })
		f.running.Go(func() { f.pass(number, in, out) })
	}
}

func (f *forgetful) pass(number int64, to io.WriteCloser, from io.Reader) {
	defer func() { _ = to.Close() }()
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if number > f.silent.Load() {
			_, _ = to.Write(b[:n])
		}
	}
}

// TestCrowdOnAConnectionThatIsForgotten appends at once, each with a time of its own, when what came through before comes through no more on connections that are there: new ones
// are made, as for appends that have requests of their own.
func TestCrowdOnAConnectionThatIsForgotten(t *testing.T) {
	_, url := serveMemory(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forgetful{Listener: l, target: strings.TrimPrefix(url, "http://")}
	f.running.Go(f.run)
	t.Cleanup(func() { _ = l.Close(); f.running.Wait() })
	c := dialWith(t, httpapi.DialOptions{URL: "http://" + l.Addr().String(), RetryTime: time.Hour})
	for range 20 {
		some(t, c)
	}
	f.silent.Store(f.opened.Load())
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for all := bounded(t); ; {
				ctx, cancel := context.WithTimeout(all, 50*time.Millisecond)
				_, err := c.Append(ctx, store.Commit{Events: someEvents(1, "")})
				cancel()
				if err == nil {
					return
				}
				if all.Err() != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}
