package umadb

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/gestadb/gesta/store"
)

// The names under which the service is called. The health service answers for [ServiceName].
const (
	ServiceName    = "umadb.v1.DCB"
	OldServiceName = "umadb.UmaDBService"
)

// Options of a Service. Limits that are 0 have their defaults.
type Options struct {
	// Store returns the store as the caller of a request may use it; ctx is the request's, and an error ends the request. It is
	// required.
	Store func(ctx context.Context) (store.Store, error)

	// MaxEvents bounds the events of one append. Defaults to 65,536.
	MaxEvents int

	// MaxQueryParts bounds the items, types and tags of a query, added up. Defaults to, and is at most, [store.MaxQueryParts].
	MaxQueryParts int

	// MaxReadTime bounds a read, from its request to its last message. A subscription has no such bound. Defaults to 10 minutes; below 0
	// is no limit.
	MaxReadTime time.Duration

	// Room bounds what messages of more than 16 KiB take in memory, of all reads and subscriptions, until gRPC has written them; each call has up to 32 KiB more. A batch that finds none is cut
	// short, an event that does is waited for, and then refused with the error of Room. Defaults to none, which bounds nothing.
	Room Room

	// MaxReceiving bounds the requests that are received at once; others wait. An append that is longer than [StreamWindow] counts until it
	// is answered. Defaults to 32.
	MaxReceiving int

	// MaxReceiveTime bounds how long a request may take to arrive. Defaults to 30 seconds.
	MaxReceiveTime time.Duration
}

func (o Options) withDefaults() Options {
	if o.MaxEvents <= 0 {
		o.MaxEvents = defaultEvents
	}
	if o.MaxQueryParts <= 0 || o.MaxQueryParts > store.MaxQueryParts {
		o.MaxQueryParts = store.MaxQueryParts
	}
	if o.MaxReadTime == 0 {
		o.MaxReadTime = 10 * time.Minute
	}
	if o.MaxReceiving <= 0 {
		o.MaxReceiving = 32
	}
	if o.MaxReceiveTime <= 0 {
		o.MaxReceiveTime = 30 * time.Second
	}
	return o
}

// Service is UmaDB's service over a store. Its calls may be made by any number of goroutines.
type Service struct {
	o      Options
	intake *Intake

	open  context.Context // done when subscriptions are to end
	close context.CancelFunc

	// shown is the highest position that is known to be no hole.
	shown atomic.Uint64
}

// New returns a service that is to be registered. It panics without Options.Store.
func New(o Options) *Service {
	if o.Store == nil {
		panic("umadb: Options.Store is nil")
	}
	open, closing := context.WithCancel(context.Background())
	o = o.withDefaults()
	return &Service{o: o, intake: NewIntake(o.MaxReceiving, o.MaxReceiveTime), open: open, close: closing}
}

// Register registers the service under both of its names. The server must have been made with [ServerOptions]: no other codec knows the
// messages.
func (s *Service) Register(r grpc.ServiceRegistrar) {
	for _, name := range []string{ServiceName, OldServiceName} {
		r.RegisterService(s.description(name), s)
	}
}

// Close ends all subscriptions, those to come too, as a server does that drains. Everything else goes on.
func (s *Service) Close() { s.close() }

func (s *Service) description(name string) *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: name,
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "Append", Handler: unary(s.intake, name+"/Append", s.newAppendRequest, s.append)},
			{MethodName: "Head", Handler: unary(s.intake, name+"/Head", made[headRequest], s.head)},
			{MethodName: "GetTrackingInfo", Handler: unary(s.intake, name+"/GetTrackingInfo", made[trackingRequest], s.tracked)},
		},
		Streams: []grpc.StreamDesc{
			{StreamName: "Read", Handler: serverStream(s.intake, made[readRequest], s.read), ServerStreams: true},
			{StreamName: "Subscribe", Handler: serverStream(s.intake, made[subscribeRequest], s.subscribe), ServerStreams: true},
		},
		Metadata: "umadb.proto",
	}
}

// request is a message that a call begins with. Its maker may take it from a pool, to which release gives it back.
type request interface {
	incoming
	release()

	// long says whether the request holds a message that is longer than [StreamWindow].
	long() bool
}

// made makes a request that is not from a pool.
func made[R any]() *R { return new(R) }

// unary makes the handler of a call with one answer. Nothing of the request is read before the interceptor lets the call in. What it answers
// with may not refer to the request.
func unary[R request](in *Intake, method string, take func() R, call func(context.Context, R) (outgoing, error)) grpc.MethodHandler {
	method = "/" + method
	return func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		answer := func(ctx context.Context, _ any) (any, error) {
			req := take()
			defer req.release()
			if err := in.take(ctx, decode, req); err != nil {
				return nil, err
			}
			if req.long() {
				defer in.leave()
			} else {
				in.leave()
			}
			conn := connectionOf(ctx)
			conn.AtWork(1)
			defer conn.AtWork(-1)
			return call(ctx, req)
		}
		if interceptor == nil {
			return answer(ctx, nil)
		}
		return interceptor(ctx, nil, &grpc.UnaryServerInfo{Server: srv, FullMethod: method}, answer)
	}
}

// serverStream makes the handler of a call whose answer is a stream.
func serverStream[R request](in *Intake, take func() R, call func(R, grpc.ServerStream) error) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		req := take()
		defer req.release()
		if err := in.Receive(stream.Context(), stream.RecvMsg, req); err != nil {
			return err
		}
		conn := connectionOf(stream.Context())
		conn.AtWork(1)
		defer conn.AtWork(-1)
		return call(req, stream)
	}
}
