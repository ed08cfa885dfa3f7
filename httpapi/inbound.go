package httpapi

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/gestadb/gesta/internal/flight"
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

// carried is what is known of a commit in flight besides.
type carried struct{ line, held int64 }

// inflow appends a stream of commits: it starts each as it comes, and acknowledges them in their order as they become durable. Three
// things run at once: the handler reads and starts, one goroutine waits for outcomes, and one sends what was acknowledged.
type inflow struct {
	flight *flight.Flight[carried]
	check  func(*store.Commit) error
	out    *flight.Writer
	held   *held
}

func (h *Handler) newInflow(s store.Store, d *duplex, ack func(dst []byte, line int64, r *store.Result, err error) []byte) *inflow {
	land := func(c carried, r store.Result, err error) {
		_ = d.out.Add(func(dst []byte) []byte { return ack(dst, c.line, &r, err) }) // run asks for the error
		h.held.give(c.held)
	}
	return &inflow{flight: flight.New(s, h.o.MaxFlight, h.o.MaxFlightBytes, land), check: h.checkGuards, out: d.out, held: &h.held}
}

// run takes commits from next until it returns an error, [io.EOF] for the end, or ctx is done. When all that were taken are acknowledged it calls say,
// once, with that error, nil for the end. What was taken is finished also when the request ends. When ctx is done next goes on to be called until it returns
// an error, and what it returns is dropped: who sends must not find the connection closed before it was read what was said.
func (f *inflow) run(ctx context.Context, next func() (inbound, error), say func(taken uint64, err error)) {
	var once sync.Once
	end := func(err error) {
		once.Do(func() {
			taken := f.flight.End()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			say(taken, err)
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
			err = f.out.Err()
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

// take starts a commit, unless no more are taken. What is held of it is given back when it has landed.
func (f *inflow) take(ctx context.Context, in *inbound) {
	if more := in.size - in.held; more > 0 {
		if err := f.held.take(more, in.size); err != nil {
			f.held.give(in.held)
			*in = inbound{line: in.line, refused: err}
		} else {
			in.held = in.size
		}
	}
	if in.refused == nil {
		in.refused = f.check(&in.commit)
	}
	c := carried{in.line, in.held}
	var taken bool
	if in.refused == nil {
		taken = f.flight.Start(ctx, in.commit, c, in.size)
	} else {
		taken = f.flight.Refuse(in.refused, c, in.size)
	}
	if !taken {
		f.held.give(in.held)
	}
}
