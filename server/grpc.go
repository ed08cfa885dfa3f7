package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store/eventjson"
)

// grpcOptions are those of the half that serves gRPC. The connections that it gets have had their handshake.
func (s *Server) grpcOptions() []grpc.ServerOption {
	return append(umadb.ServerOptions(),
		grpc.Creds(handed{&s.links}),
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
		grpc.ConnectionTimeout(s.o.Limits.HandshakeTime),
		grpc.MaxHeaderListSize(64<<10),
		grpc.WaitForHandlers(true),
		grpc.NumStreamWorkers(streamWorkers),
	)
}

// streamWorkers are goroutines that answer one call after the other. A new one for each call has its stack grown on the way down to the store, and then
// thrown away, which takes a tenth of the processor time of an append. Calls that find all of them busy get a new one.
const streamWorkers = 1024

// handed are the credentials of connections whose handshake is over.
type handed struct{ links *links }

// ServerHandshake tells grpc what the handshake found.
func (h handed) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	l := h.links.add(c)
	return l, l, nil
}

// ClientHandshake is for clients.
func (handed) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("these are the credentials of a server")
}

// Info says nothing.
func (handed) Info() credentials.ProtocolInfo { return credentials.ProtocolInfo{} }

// Clone returns the same.
func (h handed) Clone() credentials.TransportCredentials { return h }

// OverrideServerName is for clients.
func (handed) OverrideServerName(string) error { return nil }

// unary does for a request with one answer what handle does for those of HTTP.
func (s *Server) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
	begun := now()
	inside := s.metrics.route(info.FullMethod).inside
	inside.Inc()
	defer func() {
		inside.Dec()
		if problem := recover(); problem != nil {
			answer, err = nil, s.panicked(ctx, info.FullMethod, problem)
		}
		s.finishCall(ctx, info.FullMethod, begun, err, false)
	}()
	if !isHealth(info.FullMethod) { // a server that is busy is alive
		if s.crowded(0) || !s.requests.enter() {
			return nil, s.tooManyCalls(ctx)
		}
		defer s.requests.leave()
	}
	known, err := s.identifyCall(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	ctx = known
	return handler(ctx, request)
}

// stream is unary for answers in many parts.
func (s *Server) stream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	ctx, begun := stream.Context(), now()
	inside := s.metrics.route(info.FullMethod).inside
	inside.Inc()
	defer func() {
		inside.Dec()
		if problem := recover(); problem != nil {
			err = s.panicked(ctx, info.FullMethod, problem)
		}
		s.finishCall(ctx, info.FullMethod, begun, err, true)
	}()
	if !isHealth(info.FullMethod) {
		if s.crowded(0) || !s.requests.enter() {
			return s.tooManyCalls(ctx)
		}
		defer s.requests.leave()
	}
	known, err := s.identifyCall(ctx, info.FullMethod)
	if err != nil {
		return err
	}
	if known != ctx {
		ctx, stream = known, &identified{stream, known}
	}
	return handler(service, stream)
}

// identified is a stream with the context of its user.
type identified struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context.
func (i *identified) Context() context.Context { return i.ctx }

// tooMany is why a call is not answered.
const tooMany = "the server answers as many requests as it may at once"

// crowded says whether there are too many calls of gRPC, of which each counts until its client has taken the answer: besides those that may be answered at once there may be some of the health
// service, and beyond.
func (s *Server) crowded(beyond int) bool {
	return s.links.streams.Load() > int64(s.o.Limits.Requests)+healthCalls+int64(beyond)
}

// tooManyCalls refuses a call of UmaDB's protocol, whose clients read its trailer.
func (s *Server) tooManyCalls(ctx context.Context) error {
	s.metrics.requestsRefused.Inc()
	return umadb.Error(ctx, eventjson.CodeRateLimited, tooMany)
}

// tooManyChecks refuses a call of the health service.
func (s *Server) tooManyChecks() error {
	s.metrics.requestsRefused.Inc()
	return status.Error(codes.ResourceExhausted, tooMany)
}

func (s *Server) panicked(ctx context.Context, method string, problem any) error {
	s.log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("route", method), slog.String("error", fmt.Sprintf("%v\n%s", problem, debug.Stack())))
	return umadb.Error(ctx, eventjson.CodeInternal, "the server has a fault, which its log describes")
}

// finishCall counts a call that was answered and logs it.
func (s *Server) finishCall(ctx context.Context, method string, begun time.Time, err error, streamed bool) {
	code, took := status.Code(err), now().Sub(begun)
	s.metrics.done(method, int(code), took, streamed)
	if code == codes.PermissionDenied {
		s.note(ctx, method, "", "", http.StatusForbidden)
	}
	if s.log.Enabled(ctx, slog.LevelDebug) {
		from := ""
		if p, ok := peer.FromContext(ctx); ok {
			from = p.Addr.String()
		}
		s.log.LogAttrs(ctx, slog.LevelDebug, "call", slog.String("route", method), slog.String("code", code.String()), slog.Duration("took", took), slog.String("from", from))
	}
}

// identifyCall returns the context of the user of a call.
func (s *Server) identifyCall(ctx context.Context, method string) (context.Context, error) {
	if !s.who.guarded() || isHealth(method) {
		return ctx, nil
	}
	says := shown{header: first(ctx, "authorization"), trace: first(ctx, "traceparent")}
	if p, ok := peer.FromContext(ctx); ok {
		if l, ok := p.AuthInfo.(*link); ok {
			says.certificate = verified(l.state)
			l.AtWork(1)
			defer l.AtWork(-1)
		}
	}
	known, err := s.who.identify(ctx, says)
	if err != nil {
		d := eventjson.Describe(err)
		return nil, umadb.Error(ctx, d.Code, d.Message)
	}
	return known, nil
}

func first(ctx context.Context, name string) string {
	if values := metadata.ValueFromIncomingContext(ctx, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// How many calls of the health service there may be at once, and of how many of them more is received than a window holds.
const (
	healthCalls     = 1024
	healthReceiving = 16
)

// registerHealth registers the health service, which everyone may call: the room for its calls is apart from that for others.
func (s *Server) registerHealth(h healthgrpc.HealthServer) {
	calls := &admission{limit: healthCalls}
	in := umadb.NewIntake(healthReceiving, s.o.Limits.HandshakeTime)
	d := healthgrpc.Health_ServiceDesc
	d.Methods, d.Streams = slices.Clone(d.Methods), slices.Clone(d.Streams)
	for i := range d.Methods {
		answer := d.Methods[i].Handler
		d.Methods[i].Handler = func(service any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			if s.crowded(healthCalls) || !calls.enter() {
				return nil, s.tooManyChecks()
			}
			defer calls.leave()
			return answer(service, ctx, func(m any) error { return in.Receive(ctx, decode, m) }, interceptor)
		}
	}
	for i := range d.Streams {
		answer := d.Streams[i].Handler
		d.Streams[i].Handler = func(service any, stream grpc.ServerStream) error {
			if s.crowded(healthCalls) || !calls.enter() {
				return s.tooManyChecks()
			}
			defer calls.leave()
			return answer(service, &received{stream, in})
		}
	}
	s.grpc.RegisterService(&d, h)
}

// received is a stream whose messages are received within limits.
type received struct {
	grpc.ServerStream
	in *umadb.Intake
}

// RecvMsg receives a message.
func (r *received) RecvMsg(m any) error {
	return r.in.Receive(r.Context(), r.ServerStream.RecvMsg, m)
}

// isHealth says whether a method is one of the health service, which everyone may call.
func isHealth(method string) bool {
	const service = "/grpc.health.v1.Health/"
	return len(method) > len(service) && method[:len(service)] == service
}
