package main

import (
	"context"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// ackWriter writes acknowledgements. Each is sent at once, and those that come while one is being sent go together: a slow
// reader costs no system call a line, and a fast one waits for nothing.
type ackWriter struct {
	e    *env
	ctx  context.Context // of --jq, for the life of one command
	mu   sync.Mutex      // guards what follows
	some *sync.Cond      // buf has something, sending has ended, or closed
	buf  []byte
	busy bool // the sender is writing
	err  error
	end  bool
	gone chan struct{} // closed when the sender has ended
}

func newAckWriter(ctx context.Context, e *env) *ackWriter {
	a := &ackWriter{e: e, ctx: ctx, gone: make(chan struct{})}
	a.some = sync.NewCond(&a.mu)
	go a.send()
	return a
}

// maxAckBytes is how many bytes of acknowledgements wait for a reader before appending waits too.
const maxAckBytes = 1 << 20

// write queues an acknowledgement. It returns the error of an earlier one that could not be sent.
func (a *ackWriter) write(line int64, result *store.Result, failed *eventjson.Error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.buf) > maxAckBytes && a.err == nil {
		a.some.Wait()
	}
	if a.err != nil {
		return a.err
	}
	if a.e.global.jq == "" {
		a.buf = append(eventjson.AppendAcknowledgement(a.buf, line, result, failed), '\n')
	} else if err := a.filtered(eventjson.AppendAcknowledgement(nil, line, result, failed)); err != nil {
		a.err = err
		return err
	}
	a.some.Broadcast()
	return nil
}

// filtered queues what --jq makes of an acknowledgement. The caller holds mu.
func (a *ackWriter) filtered(ack []byte) error {
	code, err := compileJQ(a.e.global.jq)
	if err != nil {
		return err
	}
	return runJQ(context.WithoutCancel(a.ctx), code, ack, func(line []byte) error {
		a.buf = append(append(a.buf, line...), '\n')
		return nil
	})
}

// send writes what is queued until close.
func (a *ackWriter) send() {
	defer close(a.gone)
	w := a.e.dataWriter()
	var out []byte
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		for len(a.buf) == 0 && !a.end {
			a.some.Wait()
		}
		if len(a.buf) == 0 || a.err != nil {
			return
		}
		out, a.buf = a.buf, out[:0]
		a.busy = true
		a.mu.Unlock()
		_, err := w.Write(out)
		a.mu.Lock()
		a.busy = false
		if err != nil {
			a.err = err
		}
		a.some.Broadcast()
	}
}

// flush waits until everything is sent.
func (a *ackWriter) flush() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for (len(a.buf) > 0 || a.busy) && a.err == nil {
		a.some.Wait()
	}
	return a.err
}

// close sends what is left and ends.
func (a *ackWriter) close() error {
	err := a.flush()
	a.mu.Lock()
	a.end = true
	a.some.Broadcast()
	a.mu.Unlock()
	<-a.gone
	return err
}

// budget bounds what is held in memory. One that is larger than the whole of it is let through alone.
type budget struct {
	mu   sync.Mutex
	free *sync.Cond
	size int64
	used int64
}

func newBudget(size int64) *budget {
	b := &budget{size: size}
	b.free = sync.NewCond(&b.mu)
	return b
}

func (b *budget) take(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used > 0 && b.used+n > b.size {
		b.free.Wait()
	}
	b.used += n
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.free.Broadcast()
}
