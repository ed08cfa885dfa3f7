package javascript

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// version is that of what the same file makes of the same events. It is in the identity.
const version = 1

// maxSource bounds a file, in bytes.
const maxSource = 4 << 20

// Options bound what a file may take. The zero value is good for most.
type Options struct {
	// Time is how long one event may take. Defaults to a second.
	Time time.Duration

	// Memory is how many bytes the process of a fold may have. Defaults to 256 MiB. At least 32 MiB are given.
	Memory int64

	// Idle is how many processes wait for the next fold. Defaults to 4; below 0 there are none.
	Idle int

	// Program is what is started as the child: a program whose main begins with [IsChild]. Defaults to the one that runs.
	Program string
}

// Reducer is the rule that a file says. It may be used by any number of goroutines. It has to be closed when the last of its folds was.
type Reducer struct {
	name, identity string
	source         []byte
	options        Options
	first          atomic.Pointer[[]byte] // the state that folds begin with, once one has

	mu     sync.Mutex // guards what follows
	idle   []*process
	closed bool
}

var _ reducer.Reducer = (*Reducer)(nil)

// New returns the reducer that a file says; name is what errors call it. What is wrong with the file is found by the first fold. An error is [store.ErrInvalid], for
// a file that is no text or longer than 4 MiB, or for a program that is not known.
func New(name string, source []byte, o Options) (*Reducer, error) {
	switch {
	case !utf8.Valid(source):
		return nil, &store.InvalidError{Problem: fmt.Sprintf("the reducer %s is not text in UTF-8", name)}
	case len(source) > maxSource:
		return nil, &store.InvalidError{Problem: fmt.Sprintf("the reducer %s is longer than %d bytes", name, maxSource)}
	}
	if o.Time <= 0 {
		o.Time = time.Second
	}
	if o.Memory <= 0 {
		o.Memory = 256 << 20
	}
	o.Memory = max(o.Memory, 32<<20)
	if o.Idle == 0 {
		o.Idle = 4
	}
	if o.Program == "" {
		path, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("%w: find the program that runs JavaScript: %w", store.ErrInvalid, err)
		}
		o.Program = path
	}
	sum := sha256.Sum256(source)
	return &Reducer{
		name: name, source: append([]byte(nil), source...), options: o,
		identity: fmt.Sprintf("javascript/%d:%s", version, hex.EncodeToString(sum[:])),
	}, nil
}

// Identity names the language, the version of what this package makes of it, and the SHA-256 of the file.
func (r *Reducer) Identity() string { return r.identity }

// New begins a state, by $init. A [*SourceError] says what is wrong with the file; other errors are those of the context and of starting a process.
func (r *Reducer) New(ctx context.Context) (reducer.Fold, error) {
	p, err := r.process(ctx)
	if err != nil {
		return nil, err
	}
	f := &fold{ctx: ctx, r: r, p: p}
	f.unwatch = context.AfterFunc(ctx, p.kill)
	if err := f.begin(); err != nil {
		f.release(false)
		return nil, err
	}
	return f, nil
}

// process returns one that waits, or starts one.
func (r *Reducer) process(ctx context.Context) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p, err := r.waiting(); p != nil || err != nil {
		return p, err
	}
	return start(r.name, r.source, r.options)
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
