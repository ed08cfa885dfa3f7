package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/gestadb/gesta/store"
)

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
			s.give(err, repeat)
			n, since = 0, now() // what comes from here on has not been tried
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
	s.next, s.offset, s.doubt = 0, 0, false
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
		case p.ended: // nobody waits for it any more
			s.drop(i)
		case err == nil: // the server has said that it took no more than it answered
			i++
		case p.key:
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

// give ends everything that is queued with an error. One that would come again, whatever is sent, answers whether requests are answered while they are sent: none is to be asked with.
func (s *starts) give(err error, repeat bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !repeat && s.duplex == unasked {
		s.duplex = notDuplex
	}
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
	frames := newFrameReader(resp.Body, clientBuffer)
	if err := frames.begin(); err != nil { // its header may have been let through alone
		return 0, lost(errors.Join(errCut, err))
	}
	s.opened(f)
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
			f.end()
			_ = drain(resp) // the answers are there, whatever becomes of the connection
			return answers, nil
		default:
			return answers, lost(errKind(kind))
		}
		answers++
	}
}

// opened notes that the answer to a request has begun, and whether that was while it was sent.
func (s *starts) opened(f *feeder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.answered = true
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
	if !s.queue[0].ended {
		s.queue[0].busy = busy(err)
	}
	s.queue[0].end(r, err)
	s.drop(0)
	s.doubt = false
	s.window = min(2*s.window, s.r.o.MaxFlight)
	return nil
}
