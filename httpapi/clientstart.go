package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
)

// Start queues a commit: see [store.Starter]. All commits that are started go over one connection, in their order, and those that are on
// their way when it breaks are sent again, in their order and before any later one, if they have a key; the outcome of the others is
// unknown.
func (c *Client) Start(ctx context.Context, commit store.Commit) func() (store.Result, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	defer leave()
	frame, err := c.pack(nil, &commit)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	p := newStarted(frame, &commit)
	if err := c.starts.add(ctx, p); err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	return func() (store.Result, error) { return c.starts.wait(ctx, p) }
}

// started is a commit on its way.
type started struct {
	frame []byte
	key   bool
	sent  bool // guarded by starts.mu: some of it went over the connection that is there
	maybe bool // guarded by starts.mu: it was sent over one that broke
	ended bool // guarded by starts.mu: done is closed

	done   chan struct{} // closed when there is an outcome
	result store.Result
	err    error
}

func newStarted(frame []byte, c *store.Commit) *started {
	return &started{frame: frame, key: c.Key != "", done: make(chan struct{})}
}

// starts are the commits that were started, in their order, and the one connection that they go over. The connection is there while
// there is something to send, and a while after.
type starts struct {
	r *remote

	mu      sync.Mutex // guards what follows
	some    sync.Cond  // any of it has changed
	queue   []*started // without an answer; those that were sent come first
	next    int        // the first of queue that was not sent
	offset  int        // how many bytes of it were
	bytes   int64      // of all frames in queue
	window  int        // how many may be on their way: few after a connection broke, so that each brings something to its end
	running bool       // there is a connection, or soon will be
	finish  bool       // the connection is to end when everything is answered
	duplex  duplexity
}

// duplexity is what is known of whether a request is answered while it is sent. A proxy may wait for its end.
type duplexity int

const (
	unasked duplexity = iota
	wanted            // a connection is to be made to find out, though there may be nothing to send
	asking            // it is being made
	isDuplex
	notDuplex
)

func (s *starts) init(r *remote) {
	s.r, s.window = r, r.o.MaxFlight
	s.some.L = &s.mu
}

// take says whether an append is to be started like the others: it is where commits are on their way, or it is one of a crowd and connections are known to be answered while they
// are sent to. Where that is not known it is found out by one that nothing is sent over: a proxy that waits for the end of a request would keep commits for ever.
func (s *starts) take(crowded bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 {
		return true
	}
	if crowded && s.duplex == unasked {
		s.duplex = wanted
		s.begin()
	}
	return crowded && s.duplex == isDuplex
}

// begin has a connection made unless there is one. The caller holds mu.
func (s *starts) begin() {
	if !s.running {
		s.running = true
		go s.run()
	}
}

// add queues a commit when there is room for it.
func (s *starts) add(ctx context.Context, p *started) error {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.some.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	size := int64(len(p.frame))
	for len(s.queue) >= s.r.o.MaxFlight || len(s.queue) > 0 && s.bytes+size > s.r.o.MaxFlightBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.some.Wait()
	}
	s.queue = append(s.queue, p)
	s.bytes += size
	s.begin()
	s.some.Broadcast()
	return nil
}

// wait returns the outcome of a commit. The end of ctx ends it: a commit that was not sent will not be, of another nothing is known.
func (s *starts) wait(ctx context.Context, p *started) (store.Result, error) {
	select {
	case <-p.done:
		return p.result, p.err
	default:
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.ended {
			break
		}
		p.end(store.Result{}, outcome(p.sent || p.maybe, ctx.Err()))
		if p.sent {
			break // its answer is still to come
		}
		for i := s.next; i < len(s.queue); i++ {
			if s.queue[i] == p {
				s.drop(i)
				break
			}
		}
	}
	return p.result, p.err
}

// end gives a commit its outcome. The caller holds mu.
func (p *started) end(r store.Result, err error) {
	if !p.ended {
		p.result, p.err, p.ended = r, err, true
		close(p.done)
	}
}

// drop takes a commit out of the queue. The caller holds mu.
func (s *starts) drop(i int) {
	s.bytes -= int64(len(s.queue[i].frame))
	s.queue = append(s.queue[:i], s.queue[i+1:]...)
	if i < s.next {
		s.next--
	}
	s.some.Broadcast()
}

// close waits until everything that was started has its outcome, and the connection is gone.
func (s *starts) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish = true
	s.some.Broadcast()
	for s.running {
		s.some.Wait()
	}
}

// run sends what is queued, over one connection after another, until nothing is left.
func (s *starts) run() {
	since := now()
	for n := 1; s.left(); n++ {
		answers, err := s.connect()
		if answers > 0 {
			n, since = 1, now()
		}
		if err == nil {
			s.rewind(nil)
			continue
		}
		l, repeat := errors.AsType[*lostError](err)
		if !repeat || refused(l) {
			s.rewind(nil) // the server has refused the stream as a whole
		} else {
			s.rewind(err)
		}
		patient := n < tries || s.unknown() && now().Sub(since) < s.r.o.RetryTime
		if !repeat || !patient || !pause(s.r.writing, n) {
			s.give(err)
		}
	}
}

// left says whether there is something to send, and ends the running where there is not.
func (s *starts) left() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 || s.duplex == wanted {
		return true
	}
	s.running = false
	s.some.Broadcast()
	return false
}

// rewind prepares the queue for the next connection: what was sent and has no answer is sent again if it can be.
func (s *starts) rewind(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.offset = 0, 0
	if s.duplex == asking {
		s.duplex = unasked // it was not answered
	}
	if err != nil {
		s.window = 1
	}
	for i := 0; i < len(s.queue) && s.queue[i].sent; {
		p := s.queue[i]
		p.sent = false
		switch {
		case err == nil: // the server has said that it took no more than it answered
			i++
		case p.key && !p.ended:
			p.maybe = true
			i++
		default:
			p.end(store.Result{}, &store.UnknownError{Cause: public(err)})
			s.drop(i)
		}
	}
}

// unknown says whether something may have been written whose outcome is not known.
func (s *starts) unknown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.queue {
		if p.maybe {
			return true
		}
	}
	return false
}

// give ends everything that is queued with an error.
func (s *starts) give(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queue) > 0 {
		p := s.queue[0]
		p.end(store.Result{}, outcome(p.maybe, err))
		s.drop(0)
	}
}

// connect sends what is queued and takes the answers, until nothing has come for a while or the connection ends. The error is nil where
// the server said at the end that it took no more than it has answered.
func (s *starts) connect() (answers int, err error) {
	ctx, cancel := context.WithCancel(s.r.writing)
	defer cancel()
	f := s.newFeeder()
	defer func() { _ = f.Close() }() // it has no error
	ctx, forget := watching(ctx, func() { _ = f.Close() })
	defer forget()
	req, err := s.r.request(ctx, http.MethodPost, "/v1/append", FramesType, f)
	if err != nil {
		return 0, err
	}
	resp, err := s.r.send(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	s.opened(f)
	frames := newFrameReader(resp.Body, clientBuffer)
	for {
		kind, p, err := frames.next()
		if err != nil {
			return answers, lost(errors.Join(errCut, err))
		}
		switch kind {
		case frameResult:
			result, err := decodeResult(p)
			if err != nil {
				return answers, lost(err)
			}
			if err := s.answer(result, nil); err != nil {
				return answers, err
			}
		case frameError:
			if err := s.answer(store.Result{}, decodeError(p)); err != nil {
				return answers, err
			}
		case frameEnd:
			_ = drain(resp) // the answers are there, whatever becomes of the connection
			return answers, nil
		default:
			return answers, lost(errKind(kind))
		}
		answers++
	}
}

// opened notes that a request was answered, and whether that was while it was sent.
func (s *starts) opened(f *feeder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.duplex = isDuplex; f.ended {
		s.duplex = notDuplex
	}
}

// answer gives the first commit in the queue its outcome.
func (s *starts) answer(r store.Result, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == 0 {
		return lost(errors.New("the server answers what was not sent"))
	}
	s.queue[0].end(r, err)
	s.drop(0)
	s.window = min(2*s.window, s.r.o.MaxFlight)
	return nil
}

// feeder is the body of the request: it has what is queued, as it comes, and ends when nothing came for a while.
type feeder struct {
	s      *starts
	begin  string // the magic, until it is sent
	closed bool   // guarded by s.mu
	idle   *time.Timer
	tired  bool // guarded by s.mu: nothing came for a while
	ended  bool // guarded by s.mu: the end of the body was read
}

func (s *starts) newFeeder() *feeder {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.duplex == wanted {
		s.duplex = asking
	}
	return &feeder{s: s, begin: magic}
}

func (f *feeder) Read(p []byte) (int, error) {
	s := f.s
	s.mu.Lock()
	defer s.mu.Unlock()
	n := copy(p, f.begin)
	f.begin = f.begin[n:]
	for !f.closed {
		for n < len(p) && s.next < min(len(s.queue), s.window) {
			c := s.queue[s.next]
			m := copy(p[n:], c.frame[s.offset:])
			n += m
			c.sent = true
			if s.offset += m; s.offset == len(c.frame) {
				s.next, s.offset = s.next+1, 0
			}
		}
		if n > 0 {
			f.rest()
			return n, nil
		}
		if f.tired || s.finish && len(s.queue) == 0 {
			f.ended = true
			return 0, io.EOF
		}
		f.watch()
		s.some.Wait()
	}
	return 0, errNotTaken
}

// watch ends the body when nothing comes for a while. The caller holds s.mu.
func (f *feeder) watch() {
	if f.idle != nil {
		return
	}
	f.idle = time.AfterFunc(f.s.r.o.IdleTimeout, func() {
		f.s.mu.Lock()
		defer f.s.mu.Unlock()
		f.tired = f.idle != nil && len(f.s.queue) == 0
		f.idle = nil // Read watches again where answers are still to come
		f.s.some.Broadcast()
	})
}

// rest takes the watch back. The caller holds s.mu.
func (f *feeder) rest() {
	f.tired = false
	if f.idle != nil {
		f.idle.Stop()
		f.idle = nil
	}
}

// Close ends the body.
func (f *feeder) Close() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.closed = true
	f.rest()
	f.s.some.Broadcast()
	return nil
}
