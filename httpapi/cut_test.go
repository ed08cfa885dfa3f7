package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cutter is a way to a server that breaks: each connection after so many
// bytes, in either direction, as chance has it.
type cutter struct {
	l      net.Listener
	target string
	most   int64 // bytes until a connection breaks, at the most; 0 is never

	mu   sync.Mutex
	rnd  *rand.Rand // guarded by mu
	cuts int        // guarded by mu
	wg   sync.WaitGroup
}

func newCutter(t *testing.T, url string, most int64) *cutter {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{l: l, target: strings.TrimPrefix(url, "http://"), most: most, rnd: rand.New(rand.NewPCG(1, 2))}
	c.wg.Go(c.run)
	t.Cleanup(func() {
		_ = l.Close()
		c.wg.Wait()
	})
	return c
}

func (c *cutter) url() string { return "http://" + c.l.Addr().String() }

func (c *cutter) run() {
	for {
		conn, err := c.l.Accept()
		if err != nil {
			return
		}
		c.wg.Go(func() { c.serve(conn) })
	}
}

func (c *cutter) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	out, err := new(net.Dialer).Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	left := [2]int64{1 << 60, 1 << 60}
	if c.most > 0 {
		c.mu.Lock()
		left = [2]int64{c.most/2 + c.rnd.Int64N(c.most/2), c.most/2 + c.rnd.Int64N(c.most/2)}
		c.mu.Unlock()
	}
	var way sync.WaitGroup
	for i, pair := range [2][2]net.Conn{{conn, out}, {out, conn}} {
		way.Go(func() {
			n, _ := io.Copy(pair[1], io.LimitReader(pair[0], left[i]))
			if n == left[i] {
				c.mu.Lock()
				c.cuts++
				c.mu.Unlock()
			}
			_ = conn.Close()
			_ = out.Close()
		})
	}
	way.Wait()
}

func (c *cutter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

func dial(t *testing.T, url string) *httpapi.Client {
	t.Helper()
	o := httpapi.DialOptions{URL: url, IdleTimeout: 50 * time.Millisecond}
	for {
		c, err := httpapi.Dial(t.Context(), o)
		if err == nil {
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
			return c
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

func serveMemory(t *testing.T) (*memory.Store, string) {
	t.Helper()
	s := memory.New(memory.Options{})
	served := serve(t, s, false, "")
	t.Cleanup(func() {
		if err := served.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, served.server.URL
}

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func someEvents(n int, stream string) []store.Event {
	var out []store.Event
	for i := range n {
		out = append(out, store.Event{Stream: stream, Type: "T", Tags: []string{"x"}, Data: fmt.Appendf(nil, `{"n":%d,"text":%q}`, i, strings.Repeat("x", 100))})
	}
	return out
}

func collect(seq func(func(store.Recorded, error) bool)) (out []store.Recorded, err error) {
	for e, err := range seq {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

// TestReadsGoOn reads over connections that break again and again: nothing is lost, and nothing comes twice.
func TestReadsGoOn(t *testing.T) {
	s, url := serveMemory(t)
	const events = 3000
	for range events / 100 {
		if _, err := s.Append(t.Context(), store.Commit{Events: someEvents(100, "a-1"), Tracking: nil}); err != nil {
			t.Fatal(err)
		}
	}
	way := newCutter(t, url, 180_000)
	c := dial(t, way.url())
	for name, o := range map[string]store.ReadOptions{
		"forward": {}, "backward": {Backward: true}, "limit": {Limit: 1234, After: 17}, "until": {Until: 2222},
		"backward between": {Backward: true, After: 55, Until: 1999}, "following": {Follow: true, Until: events},
		"following with a limit": {Follow: true, Limit: 2000}, "as of": {AsOf: time.Now().Add(time.Hour)}, "backward with a limit": {Backward: true, Limit: 2500},
	} {
		t.Run(name, func(t *testing.T) {
			before := way.count()
			plain := o
			plain.Follow = false
			want, err := collect(s.Read(bounded(t), nil, plain))
			if err != nil {
				t.Fatal(err)
			}
			last := store.Position(0)
			o.Progress = func(p store.Position, _ bool) {
				if p <= last && last > 0 {
					t.Errorf("progress %d after %d", p, last)
				}
				last = p
			}
			got, err := collect(c.Read(bounded(t), nil, o))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(want, got))
			}
			if way.count() == before {
				t.Error("no connection broke: the test shows nothing")
			}
		})
	}
}

// TestFollowGoesOn follows while others write, over connections that break.
func TestFollowGoesOn(t *testing.T) {
	s, url := serveMemory(t)
	way := newCutter(t, url, 180_000)
	c := dial(t, way.url())
	const commits, size = 1000, 3
	done := make(chan error, 1)
	var got []store.Recorded
	go func() {
		var err error
		got, err = collect(c.Read(bounded(t), store.Query{{Types: []string{"T"}}}, store.ReadOptions{Follow: true, Until: commits * size}))
		done <- err
	}()
	for range commits {
		if _, err := s.Append(t.Context(), store.Commit{Events: someEvents(size, "a-1")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want, err := collect(s.Read(t.Context(), nil, store.ReadOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want, got) || way.count() == 0 {
		t.Errorf("after %d cuts (-want +got):\n%s", way.count(), cmp.Diff(want, got))
	}
}

// TestAppendsAreSettled appends with keys over connections that break: each is acknowledged, and is there exactly once.
func TestAppendsAreSettled(t *testing.T) {
	for _, started := range []bool{false, true} {
		t.Run(map[bool]string{false: "appended", true: "started"}[started], func(t *testing.T) {
			s, url := serveMemory(t)
			way := newCutter(t, url, 4000)
			c := dial(t, way.url())
			const writers, commits = 4, 60
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					var waits []func() (store.Result, error)
					stream := fmt.Sprintf("a-%d", w)
					for i := range commits {
						commit := store.Commit{
							Key: fmt.Sprintf("%d-%d", w, i), Events: someEvents(2, stream),
							Guards: []store.Guard{store.StreamAt{Stream: stream, Version: uint64(2 * i)}},
						}
						wait := func() (store.Result, error) { return c.Append(bounded(t), commit) }
						if started {
							wait = c.Start(bounded(t), commit)
						} else if _, err := wait(); err != nil {
							t.Errorf("%s: %v", commit.Key, err)
						}
						waits = append(waits, wait)
					}
					for i, wait := range waits {
						if r, err := wait(); err != nil || r.Version(stream) != uint64(2*i+2) {
							t.Errorf("%d-%d: %+v, %v", w, i, r, err)
							return
						}
					}
				})
			}
			wg.Wait()
			all, err := collect(s.Read(t.Context(), nil, store.ReadOptions{}))
			if len(all) != writers*commits*2 || err != nil || way.count() < 5 {
				t.Errorf("%d events, %v, after %d cuts", len(all), err, way.count())
			}
		})
	}
}

// TestAppendsWithoutKeys are never sent twice: what is not acknowledged is unknown, or was not written.
func TestAppendsWithoutKeys(t *testing.T) {
	for _, started := range []bool{false, true} {
		t.Run(map[bool]string{false: "appended", true: "started"}[started], func(t *testing.T) {
			s, url := serveMemory(t)
			way := newCutter(t, url, 3000)
			c := dial(t, way.url())
			outcomes := map[string]int{}
			for i := range 200 {
				commit := store.Commit{Events: []store.Event{{Stream: fmt.Sprintf("a-%d", i), Type: "T"}}}
				_, err := c.Start(bounded(t), commit)()
				if !started {
					commit.Events[0].Stream = fmt.Sprintf("b-%d", i)
					_, err = c.Append(bounded(t), commit)
				}
				events, readErr := collect(s.Read(t.Context(), store.Query{{Stream: commit.Events[0].Stream}}, store.ReadOptions{}))
				if readErr != nil {
					t.Fatal(readErr)
				}
				switch {
				case err == nil && len(events) == 1:
					outcomes["written"]++
				case errors.Is(err, store.ErrUnknown) && len(events) <= 1:
					outcomes["unknown"]++
				case err != nil && len(events) == 0:
					outcomes["refused"]++
				default:
					t.Errorf("commit %d: %v, and there are %d events", i, err, len(events))
				}
			}
			if outcomes["written"] == 0 || outcomes["unknown"] == 0 {
				t.Errorf("%v: the test shows nothing", outcomes)
			}
		})
	}
}

// TestFollowSurvivesServers follows a store whose server goes and comes back at the same address.
func TestFollowSurvivesServers(t *testing.T) {
	s := memory.New(memory.Options{})
	first := serve(t, s, false, "")
	addr := first.server.Listener.Addr().String()
	c := dial(t, first.server.URL)
	seen := make(chan store.Position)
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var last error
		for e, err := range c.Read(ctx, nil, store.ReadOptions{Follow: true}) {
			if last = err; err != nil {
				break
			}
			select {
			case seen <- e.Position:
			case <-ctx.Done():
			}
		}
		done <- last
	}()
	server := first
	for want := store.Position(1); want <= 5; want++ {
		if _, err := s.Append(t.Context(), store.Commit{Events: someEvents(1, "a-1")}); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("position %d came, want %d", got, want)
			}
		case err := <-done:
			t.Fatalf("the read ended: %v", err)
		}
		if err := server.Client.Close(); err != nil {
			t.Fatal(err)
		}
		server.server.CloseClientConnections()
		server.server.Close()
		server = serve(t, s, false, addr)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

// TestAnotherStore finds that a server has another store than the one that was dialled.
func TestAnotherStore(t *testing.T) {
	first := serve(t, memory.New(memory.Options{}), false, "")
	addr := first.server.Listener.Addr().String()
	c := dial(t, first.server.URL)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(c.Read(bounded(t), nil, store.ReadOptions{})); err == nil {
		t.Error("a server that is gone is read")
	}
	second := serve(t, memory.New(memory.Options{}), false, addr)
	defer closing(t, second)
	if _, err := collect(c.Read(bounded(t), nil, store.ReadOptions{})); !errors.Is(err, store.ErrFailed) {
		t.Errorf("got %v, want %v", err, store.ErrFailed)
	}
}
