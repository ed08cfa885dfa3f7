package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
)

// starts are the commits that were started, in their order, and the one connection that they go over. The connection is there while
// there is something to send, and a while after.
type starts struct {
	r *remote

	mu      sync.Mutex // guards what follows
	some    sync.Cond  // any of it has changed
	queue   []*started // without an answer; those that were sent come first
	line    []*started // wait for room in queue, in the order in which they came: none is passed by smaller ones
	ahead   int        // how many of queue later appends go behind
	next    int        // the first of queue that was not sent
	offset  int        // how many bytes of it were
	bytes   int64      // of all frames in queue
	window  int        // how many may be on their way: few after a connection broke, so that each brings something to its end
	running bool       // there is a connection, or soon will be
	finish  bool       // the connection is to end when everything is answered
	duplex  duplexity
	doubt   bool // somebody gave up what was sent, and no answer has come since: it may go to nobody
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

// take says whether an append is to be started like the others: it is where commits that were started are on their way, or it is one of a crowd and connections are known to be
// answered while they are sent to. Where that is not known it is found out by one that nothing is sent over: a proxy that waits for the end of a request would keep commits for ever.
func (s *starts) take(crowded bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ahead > 0 || slices.ContainsFunc(s.line, func(p *started) bool { return p.ahead }) {
		return true
	}
	if crowded && s.duplex == unasked {
		s.duplex = wanted
		s.begin()
	}
	return crowded && s.duplex == isDuplex && !s.doubt
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
	s.line = append(s.line, p)
	defer s.some.Broadcast()
	defer func() { s.line = slices.DeleteFunc(s.line, func(q *started) bool { return q == p }) }()
	size := int64(len(p.frame))
	for s.line[0] != p || len(s.queue) >= s.r.o.MaxFlight || len(s.queue) > 0 && s.bytes+size > s.r.o.MaxFlightBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.some.Wait()
	}
	s.queue = append(s.queue, p)
	s.bytes += size
	if p.ahead {
		s.ahead++
	}
	s.begin()
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
			s.doubt = true
			s.some.Broadcast()
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

// drop takes a commit out of the queue. The caller holds mu.
func (s *starts) drop(i int) {
	p := s.queue[i]
	s.bytes -= int64(len(p.frame))
	if p.ahead {
		s.ahead--
	}
	s.queue = append(s.queue[:i], s.queue[i+1:]...)
	if i < s.next {
		s.next--
	}
	s.some.Broadcast()
}

// farewell is how long the end of a connection is waited for that nothing is awaited of.
const farewell = time.Second

// close waits until everything that was started has its outcome, and the connection is gone.
func (s *starts) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish = true
	s.some.Broadcast()
	var patience *time.Timer
	for s.running {
		if patience == nil && !slices.ContainsFunc(s.queue, func(p *started) bool { return !p.ended }) {
			patience = time.AfterFunc(farewell, s.r.cut)
			defer patience.Stop()
		}
		s.some.Wait()
	}
}
