package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// crowd appends from many goroutines until stop, and then waits for them.
func crowd(t *testing.T, c *httpapi.Client) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(bounded(t))
	var running sync.WaitGroup
	for w := range 8 {
		running.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Append(bounded(t), store.Commit{Events: someEvents(1, fmt.Sprint("a-", w))}); err != nil {
					t.Errorf("one of a crowd: %v", err)
					return
				}
			}
		})
	}
	return func() { cancel(); running.Wait() }
}

// some appends from many goroutines, some each.
func some(t *testing.T, c *httpapi.Client) {
	t.Helper()
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 20 {
				if _, err := c.Append(bounded(t), store.Commit{Events: someEvents(1, "")}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

// await waits for what others do.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for ctx := bounded(t); !ok(); {
		select {
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// serveAppends serves a store, and its streams of appends by stream.
func serveAppends(t *testing.T, s store.Store, stream func(w http.ResponseWriter, r *http.Request, next http.Handler)) string {
	t.Helper()
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/append" && r.ContentLength < 0 {
			stream(w, r, h)
		} else {
			h.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func dialWith(t *testing.T, o httpapi.DialOptions) *httpapi.Client {
	t.Helper()
	c, err := httpapi.Dial(bounded(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestLargeAmongACrowd appends a commit for which there is room only where nothing else is on its way, while others append without end.
func TestLargeAmongACrowd(t *testing.T) {
	var streams atomic.Int64
	url := serveAppends(t, memory.New(memory.Options{}), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		streams.Add(1)
		next.ServeHTTP(w, r)
	})
	c := dialWith(t, httpapi.DialOptions{URL: url, MaxFlightBytes: 1 << 20})
	stop := crowd(t, c)
	defer stop()
	await(t, func() bool { return streams.Load() > 0 })
	large := store.Commit{Events: []store.Event{{Type: "T", ContentType: "text/plain", Data: bytes.Repeat([]byte("x"), 2<<20)}}}
	if _, err := c.Append(bounded(t), large); err != nil {
		t.Errorf("append: %v", err)
	}
	if _, err := c.Start(bounded(t), large)(); err != nil {
		t.Errorf("start: %v", err)
	}
}

// hesitant refuses one append in fifty.
type hesitant struct {
	store.Store
	n atomic.Int64
}

func (s *hesitant) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if s.n.Add(1)%50 == 0 {
		return store.Result{}, &eventjson.Error{Code: eventjson.CodeRateLimited, Message: "not now"}
	}
	return s.Store.Append(ctx, c)
}

// TestCrowdIsToldToRepeat appends at once to a server that is too busy for one or the other: it is repeated like one that has a request of its own.
func TestCrowdIsToldToRepeat(t *testing.T) {
	var streams atomic.Int64
	s := &hesitant{Store: memory.New(memory.Options{})}
	c := dialWith(t, httpapi.DialOptions{URL: serveAppends(t, s, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		streams.Add(1)
		next.ServeHTTP(w, r)
	})})
	stop := crowd(t, c)
	await(t, func() bool { return streams.Load() > 0 && s.n.Load() > 1000 })
	stop()
}

// TestCrowdWhereStreamsAreRefused appends at once where streams are refused for good: it is asked once.
func TestCrowdWhereStreamsAreRefused(t *testing.T) {
	var streams atomic.Int64
	s := memory.New(memory.Options{})
	c := dialWith(t, httpapi.DialOptions{URL: serveAppends(t, s, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		streams.Add(1)
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusLengthRequired)
	})})
	stop := crowd(t, c)
	await(t, func() bool {
		head, err := s.Head(t.Context())
		return streams.Load() > 0 && head > 1000 || err != nil
	})
	stop()
	if n := streams.Load(); n != 1 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestCrowdWhereRequestsBeginToBeWaitedFor appends at once, and goes on where what is between client and server waits for the end of a request from then on.
func TestCrowdWhereRequestsBeginToBeWaitedFor(t *testing.T) {
	var waits atomic.Bool
	var streams, open atomic.Int64
	url := serveAppends(t, memory.New(memory.Options{}), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		streams.Add(1)
		open.Add(1)
		defer open.Add(-1)
		if waits.Load() {
			all, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body = io.NopCloser(bytes.NewReader(all))
		}
		next.ServeHTTP(w, r)
	})
	c := dialWith(t, httpapi.DialOptions{URL: url, IdleTimeout: 50 * time.Millisecond, RetryTime: time.Hour})
	stop := crowd(t, c)
	await(t, func() bool { return streams.Load() > 0 })
	stop()
	await(t, func() bool { return open.Load() == 0 })
	waits.Store(true)
	some(t, c)
	wait := c.Start(bounded(t), store.Commit{Events: someEvents(1, "")})
	if err := c.Close(); err != nil { // which waits for it
		t.Error(err)
	}
	if _, err := wait(); err != nil {
		t.Error(err)
	}
}

// TestCloseWhileItIsAsked closes a client while it finds out how requests are answered, which is not answered.
func TestCloseWhileItIsAsked(t *testing.T) {
	asked, end := make(chan bool, 1), make(chan bool)
	defer close(end)
	url := serveAppends(t, memory.New(memory.Options{}), func(http.ResponseWriter, *http.Request, http.Handler) {
		asked <- true
		<-end
		panic(http.ErrAbortHandler)
	})
	c := dialWith(t, httpapi.DialOptions{URL: url, RetryTime: time.Hour})
	stop := crowd(t, c)
	<-asked
	stop()
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-bounded(t).Done():
		t.Fatal("Close waits for what nothing depends on")
	}
}

// TestGivenUpIsNotSentAgain gives up a commit that was sent. Whoever was told that nothing is known of it may have repeated it by the time when the server says that it did not take it.
func TestGivenUpIsNotSentAgain(t *testing.T) {
	s := memory.New(memory.Options{})
	var streams atomic.Int64
	arrived, end := make(chan error), make(chan bool)
	c := dialWith(t, httpapi.DialOptions{URL: serveAppends(t, s, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if streams.Add(1) > 1 {
			next.ServeHTTP(w, r)
			return
		}
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.Header().Set("Content-Type", httpapi.FramesType)
		w.Header().Set("Connection", "close")
		_ = rc.Flush()
		_, err := io.ReadFull(r.Body, make([]byte, 20)) // into the first commit
		arrived <- err
		<-end
		_, _ = io.WriteString(w, "GSTF\x01\x05\x01\x00\x00\x00\x00") // it took none
	})})
	ctx, cancel := context.WithCancel(t.Context())
	wait := c.Start(ctx, store.Commit{Events: someEvents(1, "")})
	if err := <-arrived; err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := wait(); !errors.Is(err, store.ErrUnknown) {
		t.Fatal(err)
	}
	close(end)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if head, err := s.Head(t.Context()); head != 0 || err != nil {
		t.Errorf("%d events, %v", head, err)
	}
}

// keeping is an answer whose body is kept until it is whole.
type keeping struct {
	http.ResponseWriter
	mu   sync.Mutex
	body []byte
}

func (k *keeping) Unwrap() http.ResponseWriter { return k.ResponseWriter }

func (k *keeping) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.body = append(k.body, b...)
	return len(b), nil
}

// TestCrowdWhereAnswersAreKept appends at once behind something that hands on what a server answers when it is whole, the header aside.
func TestCrowdWhereAnswersAreKept(t *testing.T) {
	var streams atomic.Int64
	c := dialWith(t, httpapi.DialOptions{IdleTimeout: 50 * time.Millisecond, URL: serveAppends(t, memory.New(memory.Options{}), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		k := &keeping{ResponseWriter: w}
		next.ServeHTTP(k, r)
		_, _ = w.Write(k.body)
		streams.Add(1)
	})})
	stop := crowd(t, c)
	await(t, func() bool { return streams.Load() > 0 })
	stop()
	some(t, c)
	if n := streams.Load(); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// TestStreamsAreHandedOnAtOnce checks that what stands between is told not to keep acknowledgements.
func TestStreamsAreHandedOnAtOnce(t *testing.T) {
	server := serveHandler(t, memory.New(memory.Options{}), httpapi.Options{})
	r, _ := ask(t, server.URL, "POST /v1/append application/x-ndjson", `{"type":"T"}`)
	if got := r.Header.Get("X-Accel-Buffering"); got != "no" {
		t.Errorf("X-Accel-Buffering: %q", got)
	}
}

// heard is a body that remembers how it ended.
type heard struct {
	io.ReadCloser
	err error
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	if err != nil {
		h.err = err
	}
	return n, err
}

// TestStreamsEndOnBothSides ends a stream at the server: the client ends it too, rather than that the server waits until it has been silent for a time.
func TestStreamsEndOnBothSides(t *testing.T) {
	end, ended := make(chan context.CancelFunc, 1), make(chan error, 1)
	c := dialWith(t, httpapi.DialOptions{URL: serveAppends(t, memory.New(memory.Options{}), func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		end <- cancel
		body := &heard{ReadCloser: r.Body}
		r = r.WithContext(ctx)
		r.Body = body
		next.ServeHTTP(w, r)
		ended <- body.err
	})})
	if _, err := c.Start(bounded(t), store.Commit{Events: someEvents(1, "")})(); err != nil {
		t.Fatal(err)
	}
	(<-end)()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("the stream ends with %v", err)
	}
}
