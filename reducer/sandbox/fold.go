package sandbox

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// A batch has at the most so many events, and no further one once it has so many bytes.
const (
	batchEvents = 256
	batchBytes  = 1 << 20
)

// fold is a state in the making. The child has the state that the program works on; document has the same, of the events that were yielded.
type fold struct {
	ctx     context.Context // bounds the life of the fold, as reducer.Reducer says
	r       *Reducer
	p       *process
	unwatch func() bool

	encoded  []byte // an event
	document reducer.Document
	text     []byte // the state, where document does not have it; nil where it does
	owed     bool   // the process has not answered to begin
	sent     []batch
	latest   *reducer.EventError // of the last event that is answered, nil where there is none
	err      error               // what ended the fold
	told     bool                // Steps yielded it
	closed   bool
}

// batch is what was sent and is not answered in full.
type batch struct {
	events []store.Recorded
	to     []int // which of them the child got
	next   int   // the first of to that is not answered
	after  int   // the first of events that was not yielded
}

// begin begins a program in the process. Where a fold before this one has, the state that it begins with is known, and nobody waits for it.
func (f *fold) begin() error {
	known := f.r.first.Load() != nil
	sent := f.p.send(frameBegin, newFrame(nil))
	f.owed = true
	if !known || sent != nil {
		if err := f.settle(); err != nil { // it may have ended, and said why
			return err
		}
	}
	if sent != nil {
		return f.broken(sent)
	}
	f.text = append(f.text, *f.r.first.Load()...)
	return nil
}

// settle takes the answer to begin, once.
func (f *fold) settle() error {
	if !f.owed {
		return nil
	}
	f.owed = false
	sent := f.sent
	f.sent = nil // what goes wrong is not of an event yet
	defer func() { f.sent = sent }()
	text, err := f.receiveState()
	if err != nil {
		return err
	}
	if f.r.first.Load() == nil {
		first := append([]byte(nil), text...)
		f.r.first.Store(&first)
	}
	if err := f.p.done(f.p.owed + 1); err != nil {
		return f.broken(err)
	}
	f.p.owed = 0
	return nil
}

// receiveState takes a state as it comes, valid until the next frame.
func (f *fold) receiveState() ([]byte, error) {
	kind, payload, err := f.p.receive()
	if err != nil {
		return nil, f.broken(err)
	}
	if kind != frameState {
		return nil, f.failed(kind, payload)
	}
	return payload, nil
}

// Steps folds events in batches of at most 256 events. Where a process dies, by its limits, steps of the batch that it was at may be missing before the error.
func (f *fold) Steps(events iter.Seq2[store.Recorded, error], w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		if f.closed {
			yield(nil, fmt.Errorf("%w: the fold is closed", store.ErrInvalid))
			return
		}
		tracking := w.Changes || len(w.Paths) > 0
		if tracking && f.err == nil {
			f.load()
		}
		if f.err != nil {
			f.told = true
			yield(nil, f.err)
			return
		}
		f.document.Begin(w)
		s := &stepper{f: f, tracking: tracking, yield: yield}
		err := s.run(events)
		var outside eventsError
		if isOutside := errors.As(err, &outside); err == nil || isOutside {
			if f.err = s.finish(); f.err == nil && isOutside {
				yield(nil, outside.error)
				return
			}
			err = f.err
		}
		if f.err = err; err != nil && !s.stopped {
			f.told = true
			yield(nil, err)
		}
	}
}

// load gives document the state.
func (f *fold) load() {
	if f.text == nil {
		return
	}
	f.document.Begin(reducer.Want{})
	if err := f.document.Replace(f.text); err != nil {
		f.err = err
	}
	f.text = nil
}

// AppendState appends the state as compact JSON.
func (f *fold) AppendState(dst []byte) []byte {
	if f.text != nil {
		return append(dst, f.text...)
	}
	return f.document.AppendState(dst)
}

// AppendAt appends the part of the state at a path, and returns false where there is none.
func (f *fold) AppendAt(dst []byte, p reducer.Path) ([]byte, bool) {
	f.load()
	return f.document.AppendAt(dst, p)
}

// Close lets the process go. It returns the error that ended the fold, if one did that Steps could not yield: the state is then one before the last steps.
func (f *fold) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	if f.err == nil {
		f.err = f.settle()
	}
	f.release(f.err == nil)
	if f.told {
		return nil
	}
	return f.err
}

// release gives the process back where it is good for another fold, and ends it where not.
func (f *fold) release(good bool) {
	if !f.unwatch() || !good || !f.r.keep(f.p) {
		f.p.end()
	}
}

// broken says why the process does not answer. The process is gone afterwards.
func (f *fold) broken(cause error) error {
	begun, failure := f.p.death(cause)
	if ctxErr := context.Cause(f.ctx); ctxErr != nil {
		return ctxErr
	}
	return f.at(begun-1, failure)
}

// nonsense ends a process whose answer cannot be.
func (f *fold) nonsense(err error) error {
	f.p.end()
	event := 0
	if len(f.sent) > 0 {
		event = f.sent[0].next
	}
	return f.at(event, &Failure{Message: fmt.Sprintf("the process that runs %s answers what makes no sense: %v", f.r.language.Name, err)})
}

// failed takes what the child says of its failure.
func (f *fold) failed(kind byte, payload []byte) error {
	if kind != frameFailure {
		return f.nonsense(errFrame)
	}
	event, failure, err := f.r.language.readFailure(payload)
	if err != nil {
		return f.nonsense(err)
	}
	return f.at(event, failure)
}

// at makes an error of the event that the child was at, the index of one in the first batch that is not answered; of the latest one where there is none, and of the source before all.
func (f *fold) at(event int, failure *Failure) error {
	e := f.latest
	if len(f.sent) > 0 && len(f.sent[0].to) > 0 {
		b := &f.sent[0]
		e = errorOf(&b.events[b.to[min(max(event, 0), len(b.to)-1)]])
	}
	file := cmp.Or(failure.File, f.r.name)
	if e == nil {
		return &SourceError{Name: file, Line: failure.Line, Err: failure.err()}
	}
	e.File, e.Line, e.Err = file, failure.Line, failure.err()
	return e
}

// errorOf returns an error of an event that has yet to be told what it is.
func errorOf(r *store.Recorded) *reducer.EventError {
	return &reducer.EventError{Position: r.Position, Stream: r.Stream, Type: r.Type}
}

// appendBatch makes the frame of a batch in the memory of b.
func (f *fold) appendBatch(b []byte, sent *batch, tracking bool) []byte {
	b = AppendFlag(newFrame(b), tracking)
	b = binary.AppendUvarint(b, uint64(len(sent.to))) //nolint:gosec // a length
	for _, i := range sent.to {
		f.encoded = f.r.language.AppendEvent(f.encoded[:0], &sent.events[i])
		b = AppendText(b, f.encoded)
	}
	return b
}
