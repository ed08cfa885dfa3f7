package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gestadb/gesta/internal/flight"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// What is in flight at the same time: enough for groups that make a sync worth its while, and bounded. maxFlight is how many
// commits, and maxFlightBytes what they hold together.
const (
	maxFlight      = 4096
	maxFlightBytes = 64 << 20
)

// maxAckBytes is how many bytes of acknowledgements wait for a reader before appending waits too.
const maxAckBytes = 1 << 20

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
	w := e.dataWriter()
	send := func(b []byte) error {
		_, err := w.Write(b)
		return err
	}
	in := &lineAppender{e: e, store: s, acks: flight.NewWriter(send, maxAckBytes)}
	if f.stopOnError {
		err = in.oneByOne(ctx, e.stdin)
	} else {
		err = in.inFlight(ctx, e.stdin)
	}
	if closeErr := in.acks.Close(); err == nil {
		err = closeErr
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
	e     *env
	store store.Store
	acks  *flight.Writer

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
		var result store.Result
		c, err := l.commit()
		if err == nil {
			result, err = a.store.Append(context.WithoutCancel(ctx), c)
		}
		if err := a.acknowledge(ctx, l.number, &result, err); err != nil {
			return err
		}
		if err := a.acks.Flush(); err != nil || a.refused > 0 {
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

// inFlight starts lines as they come, and acknowledges them in their order. When ctx is done it starts no more, finishes what
// is in flight, and returns ctx's error.
func (a *lineAppender) inFlight(ctx context.Context, in io.Reader) error {
	lines, stop := startReading(ctx, in)
	defer stop()
	var failed error // where it cannot be acknowledged: nobody reads
	f := flight.New(a.store, maxFlight, maxFlightBytes, func(line int64, result store.Result, err error) {
		if failed != nil {
			return
		}
		if failed = a.acknowledge(ctx, line, &result, err); failed != nil {
			stop()
		}
	})
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
				take(ctx, f, &l)
			}
		}
	}
	f.End()
	return errors.Join(failed, readErr, ctx.Err())
}

// take starts the commit of a line. What was begun is finished also when ctx ends: it has been said to be in flight.
func take(ctx context.Context, f *flight.Flight[int64], l *inputLine) {
	size := int64(len(l.text))
	if c, err := l.commit(); err != nil {
		f.Refuse(err, l.number, size)
	} else {
		f.Start(context.WithoutCancel(ctx), c, l.number, size)
	}
}

// commit returns the commit of a line, whose events have ids.
func (l *inputLine) commit() (store.Commit, error) {
	if l.err != nil {
		return store.Commit{}, l.err
	}
	c, err := eventjson.DecodeLine(l.text)
	if err != nil {
		return c, err
	}
	for i := range c.Events {
		ev := &c.Events[i]
		if err := refuseSystem(ev); err != nil {
			return c, err
		}
		if ev.ID == "" {
			if ev.ID, err = newID(); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// acknowledge queues what became of a line.
func (a *lineAppender) acknowledge(ctx context.Context, line int64, result *store.Result, err error) error {
	a.lines++
	var failed *eventjson.Error
	if err != nil {
		d := describe(err)
		d.Line = line
		result, failed = nil, &d
		a.refused++
		if a.first == nil {
			a.first = failed
		}
	}
	if a.e.global.jq != "" {
		return a.filtered(ctx, eventjson.AppendAcknowledgement(nil, line, result, failed))
	}
	return a.acks.Add(func(dst []byte) []byte {
		return append(eventjson.AppendAcknowledgement(dst, line, result, failed), '\n')
	})
}

// filtered queues what --jq makes of an acknowledgement.
func (a *lineAppender) filtered(ctx context.Context, ack []byte) error {
	code, err := compileJQ(a.e.global.jq)
	if err != nil {
		return err
	}
	return runJQ(context.WithoutCancel(ctx), code, ack, func(line []byte) error {
		return a.acks.Add(func(dst []byte) []byte { return append(append(dst, line...), '\n') })
	})
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
