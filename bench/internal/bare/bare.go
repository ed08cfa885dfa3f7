// Package bare has servers that do as little as a server can: what is measured beside them is what a store costs.
package bare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/server/umadb"
)

// Kind is what a server does.
type Kind string

// The kinds.
const (
	Empty Kind = "empty" // answers appends and reads by UmaDB's protocol, and looks at nothing
	Sync  Kind = "sync"  // the same, but writes each append and syncs it in a group before it answers
	Tuned Kind = "tuned" // the same as Sync, with goroutines that answer one call after the other, and a garbage collector that runs as seldom as in gesta's server
	HTTP  Kind = "http"  // reads the body of a request and answers with so many bytes
)

// Serve serves at a port of this machine until in ends, and writes its address as the first line.
func Serve(ctx context.Context, kind Kind, dir string, answer int, in io.Reader, out io.Writer) (err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	commit := func([]byte) {}
	if kind == Sync || kind == Tuned {
		log, err := rawlimit.Open(filepath.Join(dir, "raw"), rawlimit.Options{Kind: rawlimit.ZeroAhead})
		if err != nil {
			return errors.Join(err, l.Close())
		}
		running := log.Start()
		defer func() { err = errors.Join(err, running.Stop(), log.Close()) }()
		commit = running.Commit
	}
	var options []grpc.ServerOption
	if kind == Tuned {
		options = append(options, grpc.NumStreamWorkers(1024))
		room := make([]byte, 32<<20) // never touched
		defer runtime.KeepAlive(&room)
	}
	serve, stop := serveGRPC(commit, options...)
	if kind == HTTP {
		serve, stop = serveHTTP(answer)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// serveGRPC answers UmaDB's protocol with the options that gesta's server has, but for what reads the messages.
func serveGRPC(commit func(message []byte), options ...grpc.ServerOption) (serve func(net.Listener) error, stop func()) {
	var head atomic.Uint64
	events := load.ReadAnswer(10)
	options = append(append(umadb.ServerOptions(), grpc.ForceServerCodecV2(load.Raw{}), grpc.WaitForHandlers(true)), options...)
	s := grpc.NewServer(options...)
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: load.ServiceName, HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Append", Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var m load.Message
			if err := decode(&m); err != nil {
				return nil, err
			}
			defer m.Free()
			commit(m.Bytes())
			return protowire.AppendVarint(protowire.AppendTag(make([]byte, 0, 11), 1, protowire.VarintType), head.Add(1)), nil
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Read", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
			var m load.Message
			if err := stream.RecvMsg(&m); err != nil {
				return err
			}
			m.Free()
			return stream.SendMsg(events)
		}}},
	}, struct{}{})
	return s.Serve, s.Stop
}

// serveHTTP answers each request with so many bytes.
func serveHTTP(answer int) (serve func(net.Listener) error, stop func()) {
	body, length := make([]byte, answer), strconv.Itoa(answer)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body) // the client that is gone counts nothing
	})}
	return s.Serve, func() { _ = s.Close() }
}
