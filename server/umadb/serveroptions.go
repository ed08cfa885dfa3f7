package umadb

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// MaxRequest bounds a request, in bytes: what gRPC takes when nothing is said, and clients expect.
const MaxRequest = 4 << 20

// StreamWindow is what a client may send of a request before any of it is read, in bytes.
const StreamWindow = 64 << 10

// ServerOptions returns the options of a gRPC server that serves a [Service], and others beside it. Interceptors, credentials and limits of
// connections are for the server to add; a later option wins.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),

		// Clients of UmaDB ping every 5 seconds, without a call too: by default that ends the connection.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.ConnectionTimeout(20 * time.Second),

		// A client may send so much ahead of what is read, and have so many calls at once, on one connection. Fixed windows spare the pings
		// by which gRPC would estimate better ones.
		grpc.StaticStreamWindowSize(StreamWindow),
		grpc.StaticConnWindowSize(2 << 20),
		grpc.MaxConcurrentStreams(256),
		grpc.MaxRecvMsgSize(MaxRequest),
		grpc.MaxHeaderListSize(64 << 10),
	}
}
