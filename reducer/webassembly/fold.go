package webassembly

import (
	"bytes"
	"errors"
	"iter"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// fold is a state that an instance makes. The document is the state as it was when the module was last asked for it.
type fold struct {
	reducer.Document
	instance *instance
	last     []byte // the text that the document was made of
	stale    bool   // the module's state may be another
	failed   error  // what ended the fold; nothing goes on after it
}

// Steps folds events in the module. The state leaves it after each event only where that is wanted, and else at the end.
func (f *fold) Steps(events iter.Seq2[store.Recorded, error], w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		if err := f.sync(); err != nil {
			yield(nil, err)
			return
		}
		f.Begin(w)
		each := w.Changes || len(w.Paths) > 0
		var step reducer.Step
		var last *reducer.EventError // that will be of the latest event
		for r, err := range events {
			if err != nil {
				f.settle()
				yield(nil, err)
				return
			}
			if last == nil {
				last = new(reducer.EventError)
			}
			last.Position, last.Stream, last.Type = r.Position, r.Stream, r.Type
			applied, err := f.apply(&r, each)
			if err != nil {
				yield(nil, f.at(last, err))
				return
			}
			f.Finish(&step, r, applied)
			if !yield(&step, nil) {
				f.settle()
				return
			}
		}
		if err := f.sync(); err != nil {
			yield(nil, f.at(last, err))
		}
	}
}

// apply folds an event, and fetches the state if it is wanted at once.
func (f *fold) apply(r *store.Recorded, fetch bool) (bool, error) {
	if f.failed != nil {
		return false, f.failed
	}
	applied, err := f.instance.fold(r)
	if err != nil {
		return false, f.fail(err)
	}
	f.stale = f.stale || applied
	if fetch {
		err = f.sync()
	}
	return applied, err
}

// sync makes the document what the module's state is.
func (f *fold) sync() error {
	if f.failed != nil || f.last != nil && !f.stale {
		return f.failed
	}
	text, err := f.instance.text()
	if err == nil && !bytes.Equal(text, f.last) {
		f.last = append(f.last[:0], text...)
		err = f.Replace(text)
	}
	if err != nil {
		return f.fail(err)
	}
	f.stale = false
	return nil
}

// settle brings the document up to date where nobody waits for an error; whatever is asked next of the fold has it.
func (f *fold) settle() { _ = f.sync() }

// fail ends the fold.
func (f *fold) fail(err error) error {
	f.failed = err
	f.instance.close()
	return err
}

// at makes e an error about its event, nil for none. That whoever folds has given up is about none.
func (f *fold) at(e *reducer.EventError, err error) error {
	if e == nil || f.instance.parent.Err() != nil || errors.Is(err, errClosed) {
		return err
	}
	e.Err = err
	if m, ok := errors.AsType[*moduleError](err); ok {
		e.Line = m.line
	}
	return e
}

// Close frees the instance. It returns what ended the fold where Steps could not tell: the state that is left is then an earlier one.
func (f *fold) Close() error {
	var err error
	if f.stale && f.failed == nil {
		err = f.sync()
	}
	f.instance.close()
	f.last = nil
	return err
}
