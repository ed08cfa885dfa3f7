package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// serve runs a server until the test ends, or end is called, and returns where. The options' store is one in memory unless there is one.
func serve(t testing.TB, o server.Options) (s *server.Server, end func() error) {
	t.Helper()
	if o.Store == nil {
		o.Store = newStore(t)
	}
	if len(o.Listeners) == 0 {
		o.Listeners = []server.Listener{{Address: "127.0.0.1:0"}}
	}
	s, err := server.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // it ends when end is called
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- s.Serve(ctx, func() error { close(ready); return nil }) }()
	<-ready
	ended := false
	end = func() error {
		cancel()
		ended = true
		return <-done
	}
	t.Cleanup(func() {
		if !ended {
			if err := end(); err != nil {
				t.Error(err)
			}
		}
	})
	return s, end
}

func newStore(t testing.TB) store.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// get asks a server and returns the status and the body.
func get(t testing.TB, client *http.Client, address string) (int, string) {
	t.Helper()
	return status(t, ask(t, client, address)) //nolint:bodyclose // status closes it
}

// ask sends a request, which must be answered.
func ask(t testing.TB, client *http.Client, address string) *http.Response {
	t.Helper()
	answer, err := try(t, client, address)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// try sends a request.
func try(t testing.TB, client *http.Client, address string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return client.Do(r)
}

// connected is a connection to an address, without http://, which is closed when the test ends.
func connected(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func status(t testing.TB, r *http.Response) (int, string) {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// identity is a certificate in files, and who trusts it.
type identity struct {
	cert, key string
	pool      *x509.CertPool
	pair      tls.Certificate
}

// certify makes a certificate for this machine, and for a user where name is not empty. It signs itself.
func certify(t testing.TB, dir, name string) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "gesta test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if strings.Contains(name, "://") {
		uri, err := url.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		template.URIs = []*url.URL{uri}
	} else if name != "" {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id := identity{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool()}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	for path, text := range map[string][]byte{id.cert: certPEM, id.key: keyPEM} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id.pool.AppendCertsFromPEM(certPEM)
	if id.pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return id
}

// clientOf returns a client that trusts an identity, and shows others, and its transport.
func clientOf(t testing.TB, trusts identity, shows ...tls.Certificate) (*http.Client, *http.Transport) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusts.pool, Certificates: shows, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, transport
}

// written keeps what any number of goroutines write.
type written struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *written) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
