package webassembly

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// program is a state that an instance makes.
type program struct {
	instance *instance
	last     []byte // the state, as it was when the module was last asked for it
	stale    bool   // the module's state may be another
	changes  sandbox.Changes
}

// Apply folds an event in the module. The state leaves it after each event only where that is wanted.
func (p *program) Apply(event []byte, wanted bool) (bool, *sandbox.Failure) {
	p.changes.Reset()
	applied, err := p.instance.fold(event)
	p.stale = p.stale || applied
	if err == nil && wanted {
		err = p.sync()
	}
	if err != nil {
		return false, failure(err)
	}
	return applied, nil
}

// Changes returns the state as a whole where the latest event may have changed it.
func (p *program) Changes() *sandbox.Changes { return &p.changes }

// AppendState appends the state.
func (p *program) AppendState(dst []byte) ([]byte, *sandbox.Failure) {
	if err := p.sync(); err != nil {
		return dst, failure(err)
	}
	p.changes.Reset()
	return append(dst, p.last...), nil
}

// sync asks the module for its state.
func (p *program) sync() error {
	if p.last != nil && !p.stale {
		return nil
	}
	text, err := p.instance.text()
	if err != nil {
		return err
	}
	p.stale = false
	if p.last != nil && bytes.Equal(text, p.last) {
		return nil
	}
	if !utf8.Valid(text) || !json.Valid(text) {
		return errors.New("the state is not JSON in valid UTF-8")
	}
	p.last = append(p.last[:0], text...)
	p.changes.Set(nil, p.last)
	return nil
}
