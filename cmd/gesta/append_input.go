package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// maxFlight bounds how many lines are in flight, and maxFlightBytes how long they are together; one longer line flies
// alone.
const (
	maxFlight      = 4096
	maxFlightBytes = 64 << 20
)

// appendInput appends the lines of stdin and acknowledges each.
func (e *env) appendInput(cmd *cobra.Command, f *appendFlags) (err error) {
	if err := refuseBeside(cmd, "stop-on-error"); err != nil {
		return err
	}
	ctx := cmd.Context()
	s, err := e.openWriter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in := &lineAppender{start: starter(s), acks: newAckWriter(ctx, e)}
	if f.stopOnError {
		err = in.oneByOne(ctx, e.stdin)
	} else {
		err = in.inFlight(ctx, e.stdin)
	}
	if flushErr := in.acks.close(); err == nil {
		err = flushErr
	}
	if err == nil {
		err = in.refusal()
	}
	return err
}

// refuseBeside refuses flags of a command of which, besides the global ones, only one is meant.
func refuseBeside(cmd *cobra.Command, only string) error {
	var err error
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Name != only && err == nil {
			err = usagef("--%s is for a single event; lines on stdin say it themselves", f.Name)
		}
	})
	return err
}

// lineAppender appends lines of input.
type lineAppender struct {
	start func(context.Context, store.Commit) func() (store.Result, error)
	acks  *ackWriter

	// What became of the lines; kept by the goroutine that acknowledges.
	lines, refused int64
	first          *eventjson.Error // of the first line that was refused
}

// oneByOne starts a line after the one before it was acknowledged, and ends with the first that is refused.
func (a *lineAppender) oneByOne(ctx context.Context, in io.Reader) error {
	lines, stop := startReading(ctx, in)
	defer stop()
	for l := range lines {
		if l.fatal() {
			return pathFailed("read input", l.err)
		}
		wait := a.begin(ctx, &l)
		if err := a.acknowledge(l.number, wait); err != nil {
			return err
		}
		if err := a.acks.flush(); err != nil || a.refused > 0 {
			return err
		}
	}
	return ctx.Err()
}

// startReading reads lines on a goroutine of their own: a read from a terminal cannot be interrupted.
func startReading(ctx context.Context, in io.Reader) (lines <-chan inputLine, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan inputLine)
	go readLines(ctx, in, out)
	return out, cancel
}

// begun is a line in flight.
type begun struct {
	line, bytes int64
	wait        func() (store.Result, error)
}

// inFlight starts lines as they come, and acknowledges them in their order. When ctx is done it starts no more, finishes what
// is in flight, and returns ctx's error.
func (a *lineAppender) inFlight(ctx context.Context, in io.Reader) error {
	lines, stop := startReading(ctx, in)
	defer stop()
	flight := make(chan begun, maxFlight)
	room := newBudget(maxFlightBytes)
	done := make(chan error, 1)
	go func() {
		var failed error
		for b := range flight {
			if failed != nil {
				_, _ = b.wait() // it cannot be acknowledged: nobody reads
			} else if failed = a.acknowledge(b.line, b.wait); failed != nil {
				stop()
			}
			room.give(b.bytes)
		}
		done <- failed
	}()
	var readErr error
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case l, ok := <-lines:
			switch {
			case !ok:
				more = false
			case l.fatal():
				readErr = pathFailed("read input", l.err)
				more = false
			default:
				size := int64(len(l.text))
				room.take(size)
				flight <- begun{l.number, size, a.begin(ctx, &l)}
			}
		}
	}
	close(flight)
	return errors.Join(<-done, readErr, ctx.Err())
}

// begin starts the commit of a line. What was begun is finished also when ctx ends: it has been said to be in flight.
func (a *lineAppender) begin(ctx context.Context, l *inputLine) func() (store.Result, error) {
	refuse := func(err error) func() (store.Result, error) {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	if l.err != nil {
		return refuse(l.err)
	}
	c, err := eventjson.DecodeLine(l.text)
	if err != nil {
		return refuse(err)
	}
	for i := range c.Events {
		ev := &c.Events[i]
		if err := refuseSystem(ev); err != nil {
			return refuse(err)
		}
		if ev.ID == "" {
			if ev.ID, err = newID(); err != nil {
				return refuse(err)
			}
		}
	}
	return a.start(context.WithoutCancel(ctx), c)
}

// acknowledge waits for a line and writes what became of it.
func (a *lineAppender) acknowledge(line int64, wait func() (store.Result, error)) error {
	result, err := wait()
	a.lines++
	if err == nil {
		return a.acks.write(line, &result, nil)
	}
	d := describe(err)
	d.Line = line
	a.refused++
	if a.first == nil {
		a.first = &d
	}
	return a.acks.write(line, nil, &d)
}

// refusal is the error of the command where lines were refused: it has the code of the first of them.
func (a *lineAppender) refusal() error {
	if a.first == nil {
		return nil
	}
	return &eventjson.Error{
		Code: a.first.Code, Line: a.first.Line,
		Message: fmt.Sprintf("%s of %s refused, the first is line %d: %s",
			thousands(int(a.refused)), plural(int(a.lines), "line was", "lines were"), a.first.Line, a.first.Message),
		Hint: "each acknowledgement says what became of its line",
	}
}
