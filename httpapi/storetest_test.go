package httpapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

// TestStore runs the contract suite over the wire: what it holds of a store, it holds of the client, the server and the store behind
// it together.
func TestStore(t *testing.T) {
	for _, secure := range []bool{false, true} {
		name := map[bool]string{false: "clear", true: "tls"}[secure]
		t.Run(name+"/memory", func(t *testing.T) { storetest.Run(t, harness(memoryBackend{}, secure)) })
		t.Run(name+"/disk", func(t *testing.T) { storetest.Run(t, harness(&diskBackend{dirs: map[store.Store]string{}}, secure)) })
	}
}

// backend makes the stores behind servers.
type backend interface {
	open(t testing.TB, o storetest.Options) store.Store

	// kept closes s and opens what it kept.
	kept(t testing.TB, s store.Store, o storetest.Options) store.Store
}

type memoryBackend struct{}

func (memoryBackend) open(_ testing.TB, o storetest.Options) store.Store {
	return memory.New(memory.Options{Clock: o.Clock})
}

func (memoryBackend) kept(t testing.TB, s store.Store, o storetest.Options) store.Store {
	t.Helper()
	id, _ := store.As[store.Identity](s)
	dump, _ := store.As[store.Dumper](s)
	next := memory.New(memory.Options{Clock: o.Clock, ID: id.StoreID()})
	if err := next.Restore(t.Context(), dump.Dump(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	return next
}

type diskBackend struct{ dirs map[store.Store]string }

func (b *diskBackend) open(t testing.TB, o storetest.Options) store.Store {
	t.Helper()
	return b.at(t, t.TempDir(), o)
}

func (b *diskBackend) at(t testing.TB, dir string, o storetest.Options) store.Store {
	t.Helper()
	s, err := disk.Open(dir, disk.Options{Clock: o.Clock, Sync: disk.SyncNever, Background: func(err error) { t.Errorf("background: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	b.dirs[s] = dir
	return s
}

func (b *diskBackend) kept(t testing.TB, s store.Store, o storetest.Options) store.Store {
	t.Helper()
	closing(t, s)
	return b.at(t, b.dirs[s], o)
}

// served is a client with the server and the store that it uses. Closing it closes all three.
type served struct {
	*httpapi.Client
	server *httptest.Server
	inner  store.Store
	once   sync.Once
}

func (s *served) Close() error {
	err := s.Client.Close()
	s.once.Do(func() {
		s.server.Close()
		err = s.inner.Close()
	})
	return err
}

func harness(b backend, secure bool) storetest.Harness {
	return storetest.Harness{
		Open: func(t testing.TB, o storetest.Options) store.Store {
			t.Helper()
			return serve(t, b.open(t, o), secure, "")
		},
		Reopen: func(t testing.TB, s store.Store, o storetest.Options) store.Store {
			t.Helper()
			old, ok := s.(*served)
			if !ok {
				t.Fatalf("%T is no store of this package", s)
			}
			if err := old.Client.Close(); err != nil {
				t.Fatal(err)
			}
			addr := old.server.Listener.Addr().String()
			old.server.Close()
			next := b.kept(t, old.inner, o)
			old.once.Do(func() {})
			return serve(t, next, secure, addr)
		},
	}
}

// serve serves a store at an address, or any, and dials it.
func serve(t testing.TB, inner store.Store, secure bool, addr string) *served {
	t.Helper()
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return inner, nil }})
	server := httptest.NewUnstartedServer(h)
	if addr != "" {
		_ = server.Listener.Close()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		server.Listener = l
	}
	o := httpapi.DialOptions{IdleTimeout: 50 * time.Millisecond}
	if secure {
		server.StartTLS()
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	} else {
		server.Start()
	}
	server.Config.ErrorLog = nil
	o.URL = server.URL
	c, err := httpapi.Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &served{Client: c, server: server, inner: inner}
}
