package sandbox

import (
	"iter"
	"slices"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// eventsError is an error of the events that came, which leaves the fold as it is.
type eventsError struct{ error }

// stepper makes steps of events: two batches are under way, so that the child works while the parent does.
type stepper struct {
	f        *fold
	tracking bool
	yield    func(*reducer.Step, error) bool
	stopped  bool // yield does not want more
	step     reducer.Step
	frame    []byte
	spare    []batch
}

// run sends events and yields steps until there are no events, or none are wanted.
func (s *stepper) run(events iter.Seq2[store.Recorded, error]) error {
	b, size := s.newBatch(), 0
	limit := 16 // the first batch is small: who wants one event waits for few
	for r, err := range events {
		if err != nil {
			if err := s.flush(b); err != nil {
				return err
			}
			if err := s.drain(0); err != nil {
				return err
			}
			return eventsError{err}
		}
		if r.Erased == 0 || s.f.r.language.Erased {
			b.to = append(b.to, len(b.events))
			size += len(r.Data) + len(r.Metadata)
		}
		if b.events = append(b.events, r); len(b.events) < limit && size < batchBytes {
			continue
		}
		limit, size = batchEvents, 0
		if err := s.flush(b); err != nil {
			return err
		}
		if err := s.drain(1); err != nil || s.stopped {
			return err
		}
		b = s.newBatch()
	}
	return s.flush(b)
}

func (s *stepper) newBatch() batch {
	if n := len(s.spare); n > 0 {
		b := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return batch{events: b.events[:0], to: b.to[:0]}
	}
	return batch{}
}

// flush sends a batch.
func (s *stepper) flush(b batch) error {
	if len(b.events) == 0 {
		return nil
	}
	s.f.sent = append(s.f.sent, b)
	if len(b.to) == 0 {
		return nil
	}
	s.frame = s.f.appendBatch(s.frame, &b, s.tracking)
	if len(s.frame) > maxFrame {
		s.f.p.end()
		return s.f.at(0, &Failure{Kind: ErrMemory})
	}
	if err := s.f.p.send(frameEvents, s.frame); err != nil {
		if err := s.drain(0); err != nil {
			return err // what the process said last
		}
		return s.f.broken(err)
	}
	return nil
}

// finish takes the answers that are left, and then the state, for which it asks before.
func (s *stepper) finish() error {
	if s.tracking {
		return s.drain(0)
	}
	sent := s.f.p.send(frameAsk, newFrame(s.frame))
	if err := s.drain(0); err != nil {
		return err
	}
	if sent != nil {
		return s.f.broken(sent)
	}
	if err := s.f.settle(); err != nil {
		return err
	}
	text, err := s.f.receiveState()
	if err != nil {
		return err
	}
	s.f.text = append(s.f.text[:0], text...)
	return nil
}

// drain takes answers until no more than so many batches are under way.
func (s *stepper) drain(most int) error {
	if len(s.f.sent) > most {
		if err := s.f.settle(); err != nil {
			return err
		}
	}
	for len(s.f.sent) > most {
		b := &s.f.sent[0]
		for b.next < len(b.to) {
			if err := s.answer(b); err != nil {
				return err
			}
		}
		if err := s.f.p.done(len(b.to)); err != nil {
			return s.f.broken(err)
		}
		s.skip(b, len(b.events))
		if n := len(b.to); n > 0 {
			s.f.latest = errorOf(&b.events[b.to[n-1]])
		}
		s.spare = append(s.spare, *b)
		s.f.sent = slices.Delete(s.f.sent, 0, 1)
	}
	return nil
}

// answer takes some steps of a batch.
func (s *stepper) answer(b *batch) error {
	kind, payload, err := s.f.p.receive()
	if err != nil {
		return s.f.broken(err)
	}
	if kind != frameSteps {
		return s.f.failed(kind, payload)
	}
	r := &Reader{b: payload}
	n := r.Count()
	if n == 0 || n > len(b.to)-b.next {
		return s.f.nonsense(errFrame)
	}
	for range n {
		i := b.to[b.next]
		s.skip(b, i)
		applied := r.Flag()
		if s.tracking {
			if err := readChanges(r, &s.f.document); err != nil {
				return s.f.nonsense(err)
			}
		}
		if r.bad {
			return s.f.nonsense(errFrame)
		}
		s.tell(b.events[i], applied)
		b.next, b.after = b.next+1, i+1
	}
	if err := r.End(); err != nil {
		return s.f.nonsense(err)
	}
	return nil
}

// skip tells of the events before one that the child did not get.
func (s *stepper) skip(b *batch, before int) {
	for ; b.after < before; b.after++ {
		s.tell(b.events[b.after], false)
	}
}

// tell yields a step, unless no more are wanted.
func (s *stepper) tell(r store.Recorded, applied bool) {
	s.f.document.Finish(&s.step, r, applied)
	if !s.stopped && !s.yield(&s.step, nil) {
		s.stopped = true
	}
}
