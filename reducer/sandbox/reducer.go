package sandbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// Reducer is the rule that a source says. It may be used by any number of goroutines. It has to be closed when the last of its folds was.
type Reducer struct {
	language *Language
	name     string
	identity string
	source   []byte
	options  Options
	first    atomic.Pointer[[]byte] // the state that folds begin with, once one has

	mu     sync.Mutex // guards what follows
	idle   []*process
	closed bool
}

var _ reducer.Reducer = (*Reducer)(nil)

// New returns the reducer that a source says; name is what errors call it, and identity names the language, the version of what is made of the source, and the source. What is wrong with the source is
// found by the first fold. An error is [store.ErrInvalid], for a program that is not known.
func New(l *Language, name, identity string, source []byte, o Options) (*Reducer, error) {
	if err := o.setDefaults(l); err != nil {
		return nil, err
	}
	return &Reducer{language: l, name: name, identity: identity, source: slices.Clone(source), options: o}, nil
}

// Identity returns the identity that the reducer was given.
func (r *Reducer) Identity() string { return r.identity }

// New begins a state. A [*SourceError] says what is wrong with the source; other errors are those of the context and of starting a process.
func (r *Reducer) New(ctx context.Context) (reducer.Fold, error) {
	p, err := r.process(ctx)
	if err != nil {
		return nil, err
	}
	f := &fold{ctx: ctx, r: r, p: p}
	f.unwatch = context.AfterFunc(ctx, p.kill)
	if p.fresh {
		p.fresh = false
		if err := p.give(r); err != nil {
			err = f.broken(err)
			f.release(false)
			return nil, err
		}
	}
	if err := f.begin(); err != nil {
		f.release(false)
		return nil, err
	}
	return f, nil
}

// process returns one that waits, or starts one.
func (r *Reducer) process(ctx context.Context) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if p, err := r.waiting(); p != nil || err != nil {
		return p, err
	}
	p, err := start(r.language, &r.options)
	if err != nil {
		return nil, fmt.Errorf("start the process of %s: %w", r.name, err)
	}
	return p, nil
}

// waiting returns one that waits, nil where none does.
func (r *Reducer) waiting() (*process, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("%w: the reducer %s is closed", store.ErrInvalid, r.name)
	}
	n := len(r.idle)
	if n == 0 {
		return nil, nil //nolint:nilnil // both are said above
	}
	p := r.idle[n-1]
	r.idle = r.idle[:n-1]
	return p, nil
}

// keep lets a process wait for the next fold. It returns false when enough of them do.
func (r *Reducer) keep(p *process) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.idle) >= r.options.Idle {
		return false
	}
	r.idle = append(r.idle, p)
	return true
}

// Close ends the processes that wait, and those of folds when they are closed.
func (r *Reducer) Close() error {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.mu.Unlock()
	for _, p := range idle {
		p.end()
	}
	return nil
}
