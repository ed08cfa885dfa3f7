package load

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/rival"
)

// maker makes the requests of one worker.
type maker func(conn *grpc.ClientConn, o *Order, worker uint64) func(ctx context.Context) error

// dial opens a connection.
func dial(ctx context.Context, target string) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig(),
		grpc.WithStaticStreamWindowSize(512<<10), grpc.WithStaticConnWindowSize(2<<20), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(Raw{})))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", target, err)
	}
	conn.Connect()
	for s := conn.GetState(); s.String() != "READY"; s = conn.GetState() {
		if !conn.WaitForStateChange(ctx, s) {
			return nil, errors.Join(fmt.Errorf("connect to %s: %w", target, ctx.Err()), conn.Close())
		}
	}
	return conn, nil
}

// grpcLoad opens the connections, and has workers make requests on each.
func grpcLoad(ctx context.Context, o *Order, of maker) (a Answer, err error) {
	var requests []func(ctx context.Context) error
	var conns []io.Closer
	defer func() {
		for _, c := range conns {
			err = errors.Join(err, c.Close())
		}
	}()
	for range o.Connections {
		conn, err := dial(ctx, o.Target)
		if err != nil {
			return a, err
		}
		conns = append(conns, conn)
		for range max(o.Flight, 1) {
			requests = append(requests, of(conn, o, uint64(len(requests))))
		}
	}
	return work(ctx, o, requests)
}

// decisionEvents is how many events a decision makes, one after the other, before the next begins.
const decisionEvents = 10

// appender appends events under a condition: none with their tag above the last.
func appender(conn *grpc.ClientConn, o *Order, worker uint64) func(ctx context.Context) error {
	e := &rival.Event{}
	worker |= o.Seed << 32
	var n, after uint64
	var answer []byte
	return func(ctx context.Context) error {
		decide(e, worker, n)
		n++
		if err := conn.Invoke(ctx, appendMethod, appendRequest(nil, e, after), &answer); err != nil {
			return err
		}
		var err error
		after, err = position(answer)
		return err
	}
}

// decide makes event n of a worker.
func decide(e *rival.Event, worker, n uint64) {
	feed.Set(e, feed.Mix(worker)+n)
	e.Tag = tagOf(worker, n/decisionEvents)
}

// reading is the stream of a read.
var reading = grpc.StreamDesc{StreamName: "Read", ServerStreams: true}

// reader reads ten events by a tag of Fill.
func reader(conn *grpc.ClientConn, o *Order, worker uint64) func(ctx context.Context) error {
	var answer []byte
	n := feed.Mix(o.Seed + worker)
	tags := uint64(max(o.Events/decisionEvents, 1))
	return func(ctx context.Context) error {
		n = feed.Mix(n)
		stream, err := conn.NewStream(ctx, &reading, readMethod)
		if err != nil {
			return err
		}
		// Where sending fails, receiving says why.
		_ = errors.Join(stream.SendMsg(readRequest(tagOf(0, n%tags), decisionEvents)), stream.CloseSend())
		events := 0
		for {
			if err := stream.RecvMsg(&answer); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			k, err := eventsIn(answer)
			if err != nil {
				return err
			}
			events += k
		}
		if events != decisionEvents {
			return fmt.Errorf("a read answered %d events, not %d", events, decisionEvents)
		}
		return nil
	}
}

// fill appends the events that are read, ten to a tag.
func fill(ctx context.Context, o *Order) (err error) {
	conn, err := dial(ctx, o.Target)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	const inCommit = 1000
	e := &rival.Event{}
	var answer []byte
	for n := 0; n < o.Events; {
		var request []byte
		for range min(inCommit, o.Events-n) {
			feed.Set(e, uint64(n))
			e.Tag = tagOf(0, uint64(n%max(o.Events/decisionEvents, 1)))
			request = message(request, 1, event(nil, e))
			n++
		}
		if err := conn.Invoke(ctx, appendMethod, request, &answer); err != nil {
			return fmt.Errorf("fill %s: %w", o.Target, err)
		}
	}
	return nil
}
