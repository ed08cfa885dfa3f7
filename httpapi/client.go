package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// DialOptions say which server to use, and how. URL is required.
type DialOptions struct {
	// URL is the server's, such as https://gesta.example.org:4114; a path before /v1 may follow.
	URL string

	// Token is sent as Authorization: Bearer, if it is not empty.
	Token string

	// TLS configures https. Nil trusts what the system trusts.
	TLS *tls.Config

	// IdleTimeout is how long a connection is kept that nobody uses. Defaults to 30 seconds; a server must keep it longer.
	IdleTimeout time.Duration

	// RetryTime is how long a call that may be repeated is, while the server cannot be reached: a read in the middle, and an append with
	// a key whose answer was lost. Followers never give up. Defaults to 30 seconds.
	RetryTime time.Duration

	// Silence is how long a follower waits for a sign of life before it connects again. Defaults to 30 seconds, three heartbeats.
	Silence time.Duration

	// MaxFlight bounds the commits that were started and not yet answered, MaxFlightBytes how large they are
	// together. They default to 1,024 and 16 MiB.
	MaxFlight      int
	MaxFlightBytes int64
}

func (o DialOptions) withDefaults() DialOptions {
	def(&o.IdleTimeout, 30*time.Second)
	def(&o.RetryTime, 30*time.Second)
	def(&o.Silence, 30*time.Second)
	def(&o.MaxFlight, 1024)
	def(&o.MaxFlightBytes, 16<<20)
	return o
}

// Client is the client half: a store on a server. It has the powers that the store behind the server had when it was
// dialled. Reads that are cut off go on where they were, without loss or repeats; an append whose answer was lost is repeated if
// it has a key, and is an [*store.UnknownError] if it has none.
type Client struct {
	remote // has the methods of a store
}

// Dial connects to a server and asks what the store behind it can do. An error is one of the network, one that the server answers, such as
// unauthenticated, or [store.ErrInvalid] for a URL that is none.
func Dial(ctx context.Context, o DialOptions) (*Client, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" || base.RawQuery != "" || base.Fragment != "" {
		return nil, usagef("%q is no URL of a server, such as http://127.0.0.1:4114", o.URL)
	}
	o = o.withDefaults()
	c := &Client{}
	r := &c.remote
	r.o, r.base = o, strings.TrimSuffix(base.String(), "/")
	r.transport = newTransport(&o)
	r.life, r.end = context.WithCancel(context.Background())
	r.writing, r.cut = context.WithCancel(context.Background())
	r.starts.init(r)
	if err := r.introduce(ctx); err != nil {
		_ = r.Close()
		return nil, err
	}
	return c, nil
}

func newTransport(o *DialOptions) *http.Transport {
	var versions http.Protocols
	versions.SetHTTP1(true) // a server tells gRPC by HTTP/2
	const perHost = 256
	dialer := &net.Dialer{Timeout: o.RetryTime}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &watchedConn{Conn: conn}, nil
		},
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, Protocols: &versions, DisableCompression: true,
		MaxIdleConnsPerHost: perHost, IdleConnTimeout: o.IdleTimeout, TLSHandshakeTimeout: o.RetryTime,
	}
}

// remote is a store on a server.
type remote struct {
	o         DialOptions
	base      string
	transport *http.Transport
	limits    store.Limits
	bodyBytes int64 // the most that a request may have
	id        string
	powers    map[store.Power]store.Answer

	life    context.Context // of readers; ended when Close begins
	end     context.CancelFunc
	writing context.Context // of appends; ended when Close has waited long enough
	cut     context.CancelFunc

	starts    starts
	appending atomic.Int64 // appends that have no outcome yet

	mu      sync.Mutex // guards what follows
	closed  bool
	appends sync.WaitGroup // is not added to once closed
}

// Unwrap returns the store without its powers.
func (c *Client) Unwrap() store.Store { return &bare{&c.remote} }

// Powers says which powers the store behind the server has.
func (c *Client) Powers() map[store.Power]store.Answer {
	out := map[store.Power]store.Answer{}
	for _, p := range store.Powers() {
		out[p] = c.powers[p]
	}
	return out
}

// bare is a remote store with the methods of a store alone.
type bare struct{ store.Store }

// open refuses a call on a store that is closed, or whose context is done.
func (r *remote) open(ctx context.Context) error {
	if r.isClosed() {
		return store.ErrClosed
	}
	return ctx.Err()
}

func (r *remote) isClosed() bool { return r.life.Err() != nil }

// Close waits for what is being written, but not for ever, ends readers and frees connections.
func (r *remote) Close() error {
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	r.end()
	if first {
		patience := time.AfterFunc(r.o.RetryTime, r.cut)
		r.appends.Wait()
		r.starts.close()
		patience.Stop()
	}
	r.cut()
	r.transport.CloseIdleConnections()
	return nil
}

// enter begins an append, which Close waits for.
func (r *remote) enter(ctx context.Context) (leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.appends.Add(1)
	return r.appends.Done, nil
}

// reading returns a context for a request that ends with the store.
func (r *remote) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	return joined(ctx, r.life)
}

// joined returns a context that ends with either.
func joined(ctx, other context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(other, cancel)
	return ctx, func() { stop(); cancel() }
}

// failed says why a call ended that did not end well: the store was closed, the context is done, or err.
func (r *remote) failed(ctx context.Context, err error) error {
	if r.isClosed() {
		return store.ErrClosed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// lostError is an error of the way to the server or back: the request may be repeated.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

func lost(err error) error { return &lostError{err} }

// public returns err as callers see it.
func public(err error) error {
	if l, ok := errors.AsType[*lostError](err); ok {
		if known, ok := errors.AsType[*eventjson.Error](l.err); ok {
			return known
		}
		return &eventjson.Error{Code: eventjson.CodeUnavailable, Message: fmt.Sprintf("the server cannot be reached: %s", l.err), Hint: reachHint(l.err)}
	}
	return err
}
