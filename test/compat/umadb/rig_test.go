package umadb_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/test/compat/rig"
)

// What is compared with; the first brings the client and the server.
const (
	umadbPackage   = "umadb==0.7.8"
	adapterPackage = "eventsourcing-umadb==0.4.4"
)

// official returns an environment with the client and the server.
func official(t *testing.T) rig.Env {
	t.Helper()
	return rig.Python(t, "umadb", []string{umadbPackage}, "--pre")
}

// backends are the stores that the service is tried on.
var backends = map[string]func(*testing.T) store.Store{
	"memory": func(*testing.T) store.Store { return memory.New(memory.Options{}) },
	"disk": func(t *testing.T) store.Store {
		s, err := disk.Open(rig.Scratch(t), disk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

// startGesta serves a new store and returns its address.
func startGesta(t *testing.T, open func(*testing.T) store.Store, options ...grpc.ServerOption) string {
	t.Helper()
	s := open(t)
	service := umadb.New(umadb.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	server := grpc.NewServer(append(umadb.ServerOptions(), options...)...)
	service.Register(server)
	serving := health.NewServer()
	serving.SetServingStatus(umadb.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, serving)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		service.Close()
		server.Stop()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
