package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/gestadb/gesta/store"
)

// inbound is one commit of a stream, or why it was refused unread.
type inbound struct {
	commit  store.Commit
	refused error
	line    int64
	size    int64
	held    int64 // of its size, by now
}

// flight appends a stream of commits: it starts each as it comes, and acknowledges them in their order as they become durable. Three
// things run at once: the handler reads and starts, one goroutine waits for outcomes, and one sends what was acknowledged.
type flight struct {
	start func(context.Context, store.Commit) func() (store.Result, error)
	check func(*store.Commit) error
	ack   func(dst []byte, line int64, r *store.Result, err error) []byte
	out   *acks
	room  *room
	held  *held

	mu    sync.Mutex
	taken uint64     // guarded by mu; how many commits are or will be acknowledged
	ended bool       // guarded by mu; no more are taken
	aloft chan begun // closed when ended
}

func (h *Handler) newFlight(s store.Store, d *duplex, ack func([]byte, int64, *store.Result, error) []byte) *flight {
	return &flight{start: starter(s), check: h.checkGuards, ack: ack, out: d.out, room: newRoom(h.o.MaxFlightBytes), held: &h.held}
}

type begun struct {
	line, size, held int64
	wait             func() (store.Result, error)
}

// starter returns how commits are started: without waiting, where the store has that power.
func starter(s store.Store) func(context.Context, store.Commit) func() (store.Result, error) {
	if p, ok := store.As[store.Starter](s); ok {
		return p.Start
	}
	return func(ctx context.Context, c store.Commit) func() (store.Result, error) {
		r, err := s.Append(ctx, c)
		return func() (store.Result, error) { return r, err }
	}
}

// run takes commits from next until it returns an error, [io.EOF] for the end, or ctx is done. When all that were taken are acknowledged it calls say,
// once, with that error, nil for the end. What was taken is finished also when the request ends. When ctx is done next goes on to be called until it returns
// an error, and what it returns is dropped: who sends must not find the connection closed before it was read what was said.
func (f *flight) run(ctx context.Context, most int, next func() (inbound, error), say func(taken uint64, err error)) {
	f.aloft = make(chan begun, most)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for b := range f.aloft {
			r, err := b.wait()
			f.out.add(func(dst []byte) []byte { return f.ack(dst, b.line, &r, err) })
			f.room.give(b.size)
			f.held.give(b.held)
		}
	}()
	var once sync.Once
	end := func(err error) {
		once.Do(func() {
			f.mu.Lock()
			f.ended = true
			close(f.aloft)
			f.mu.Unlock()
			<-done
			if errors.Is(err, io.EOF) {
				err = nil
			}
			say(f.taken, err)
		})
	}
	said := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(said)
		end(ctx.Err())
	})
	for {
		in, err := next()
		if err == nil {
			err = f.out.failed()
		}
		if err != nil {
			f.held.give(in.held)
			end(err)
			break
		}
		f.take(context.WithoutCancel(ctx), &in)
	}
	if !stop() {
		<-said
	}
}

// take starts a commit, unless no more are taken.
func (f *flight) take(ctx context.Context, in *inbound) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		f.held.give(in.held)
		return
	}
	if more := in.size - in.held; more > 0 {
		if err := f.held.take(more, in.size); err != nil {
			f.held.give(in.held)
			*in = inbound{line: in.line, refused: err}
		} else {
			in.held = in.size
		}
	}
	f.room.take(in.size)
	f.taken++
	f.aloft <- begun{line: in.line, size: in.size, held: in.held, wait: f.begin(ctx, in)}
}

func (f *flight) begin(ctx context.Context, in *inbound) func() (store.Result, error) {
	err := in.refused
	if err == nil {
		err = f.check(&in.commit)
	}
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	return f.start(ctx, in.commit)
}

// acks sends acknowledgements: each at once, and those that come while one is being sent together.
type acks struct {
	o     *outlet
	fail  func() // is called when nobody takes them
	mu    sync.Mutex
	some  sync.Cond // buf has something, has been taken, or end
	buf   []byte
	err   error
	ended bool
	gone  chan struct{}
}

// maxAcks is how many bytes of acknowledgements wait for a reader before appending waits too.
const maxAcks = 256 << 10

func newAcks(o *outlet, fail func()) *acks {
	a := &acks{o: o, fail: fail, gone: make(chan struct{})}
	a.some.L = &a.mu
	go a.send()
	return a
}

func (a *acks) add(put func([]byte) []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.buf) > maxAcks && a.err == nil {
		a.some.Wait()
	}
	if a.err == nil {
		a.buf = put(a.buf)
		a.some.Broadcast()
	}
}

func (a *acks) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func (a *acks) send() {
	defer close(a.gone)
	var out []byte
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		for len(a.buf) == 0 && !a.ended {
			a.some.Wait()
		}
		if len(a.buf) == 0 {
			return
		}
		out, a.buf = a.buf, out[:0]
		a.some.Broadcast()
		a.mu.Unlock()
		err := a.o.send(out)
		a.mu.Lock()
		if err != nil {
			a.err = err
			a.buf = nil
			a.some.Broadcast()
			a.fail()
			return
		}
	}
}

// close sends what is left and ends.
func (a *acks) close() {
	a.mu.Lock()
	a.ended = true
	a.some.Broadcast()
	a.mu.Unlock()
	<-a.gone
}

// room bounds the bytes of commits on their way. One that is larger than the whole of it is let through alone.
type room struct {
	mu         sync.Mutex
	free       sync.Cond
	size, used int64
}

func newRoom(size int64) *room {
	r := &room{size: size}
	r.free.L = &r.mu
	return r
}

func (r *room) take(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.used > 0 && r.used+n > r.size {
		r.free.Wait()
	}
	r.used += n
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
	r.free.Broadcast()
}

// duplex is an answer that is written while the request is read.
type duplex struct {
	body *bodyReader
	out  *acks
	stop func()
}

func (h *Handler) newDuplex(w http.ResponseWriter, r *http.Request, contentType string) (*duplex, error) {
	o := h.newOutlet(w)
	if err := o.rc.EnableFullDuplex(); err != nil && r.ProtoMajor < 2 { // HTTP/2 is always so
		return nil, fmt.Errorf("read and write at once: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if err := o.rc.Flush(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // ends when nobody takes the answer
	stop := context.AfterFunc(ctx, func() { _ = o.rc.SetReadDeadline(past) })
	return &duplex{body: h.bodyReader(ctx, w, r), out: newAcks(o, cancel), stop: func() { stop(); cancel() }}, nil
}

// finish sends what is left of the answer, and gives the sender a moment to take it and stop.
func (d *duplex) finish() {
	d.out.close()
	d.body.linger()
}

// close frees what the answer held, after finish.
func (d *duplex) close() { d.stop() }
