package server_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store/eventjson"
)

// healthy asks the health service by gRPC.
func healthy(t *testing.T, address string, c credentials.TransportCredentials) error {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := healthgrpc.NewHealthClient(conn).Check(ctx, &healthgrpc.HealthCheckRequest{Service: "umadb.v1.DCB"})
	if err == nil && r.GetStatus() != healthgrpc.HealthCheckResponse_SERVING {
		err = errors.New(r.GetStatus().String())
	}
	return err
}

func TestOnePort(t *testing.T) {
	t.Run("clear text", func(t *testing.T) {
		s, _ := serve(t, server.Options{})
		address := s.URLs()[0]
		if code, body := get(t, http.DefaultClient, address+"/healthz"); code != http.StatusOK {
			t.Errorf("healthz = %d %s", code, body)
		}
		if err := healthy(t, strings.TrimPrefix(address, "http://"), insecure.NewCredentials()); err != nil {
			t.Errorf("gRPC: %v", err)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		id := certify(t, t.TempDir(), "")
		s, _ := serve(t, server.Options{Listeners: []server.Listener{{Address: "127.0.0.1:0", Cert: id.cert, Key: id.key}}})
		address := s.URLs()[0]
		if !strings.HasPrefix(address, "https://") {
			t.Errorf("it says that it serves %s", address)
		}
		client, transport := clientOf(t, id)
		transport.ForceAttemptHTTP2 = true // who offers both gets HTTP/1.1
		r := ask(t, client, address+"/readyz")
		if code, body := status(t, r); code != http.StatusOK || r.ProtoMajor != 1 {
			t.Errorf("readyz = %d %s by %s", code, body, r.Proto)
		}
		if err := healthy(t, strings.TrimPrefix(address, "https://"), credentials.NewTLS(&tls.Config{RootCAs: id.pool})); err != nil {
			t.Errorf("gRPC: %v", err)
		}
		old := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: id.pool, MaxVersion: tls.VersionTLS11}}
		if answer, err := try(t, &http.Client{Transport: old}, address); err == nil {
			t.Error("TLS 1.1 was spoken")
			status(t, answer)
		}
	})
}

// TestSafeByDefault lists what others can reach, and what it takes.
func TestTakenAddress(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, err = server.New(t.Context(), server.Options{Store: newStore(t), Listeners: []server.Listener{{Address: l.Addr().String()}}})
	if eventjson.Describe(err).Code != eventjson.CodeUnavailable {
		t.Errorf("New = %v", err)
	}
}

// TestUnauthenticatedAreCounted sends requests that nobody in particular sent, by both protocols.
func TestUnauthenticatedAreCounted(t *testing.T) {
	key, err := auth.NewAPIKey(auth.NewSecret("secret-key"))
	if err != nil {
		t.Fatal(err)
	}
	system := newStore(t)
	token := people(t, system)["operate"]
	s, _ := serve(t, server.Options{System: system, APIKey: key})
	address := s.URLs()[0]
	for range 2 {
		if code, body := get(t, http.DefaultClient, address+"/v1/head"); code != http.StatusUnauthorized {
			t.Fatalf("head = %d %s", code, body)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(address, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Invoke(t.Context(), "/umadb.v1.DCB/Head", &emptypb.Empty{}, &emptypb.Empty{}); err == nil || !strings.Contains(err.Error(), "authentication error") {
		t.Fatalf("Head: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, body := status(t, answer); !strings.Contains(body, "\ngesta_unauthenticated_total 3\n") {
		t.Errorf("/metrics has not counted them:\n%s", body)
	}
}

func TestSafeByDefault(t *testing.T) {
	id := certify(t, t.TempDir(), "")
	tests := []struct {
		name     string
		listener server.Listener
		key      string
		want     string // part of the error; empty for none
	}{
		{"loopback", server.Listener{Address: "127.0.0.1:0"}, "", ""},
		{"everywhere", server.Listener{Address: "0.0.0.0:0"}, "", "clear text"},
		{"no host", server.Listener{Address: ":0"}, "", "clear text"},
		{"with a key", server.Listener{Address: "0.0.0.0:0"}, "secret-key", "clear text"},
		{"with TLS", server.Listener{Address: "0.0.0.0:0", Cert: id.cert, Key: id.key}, "", "no users"},
		{"with TLS and a key", server.Listener{Address: "0.0.0.0:0", Cert: id.cert, Key: id.key}, "secret-key", ""},
		{"insecure", server.Listener{Address: "0.0.0.0:0", Insecure: true}, "", ""},
		{"half of TLS", server.Listener{Address: "127.0.0.1:0", Cert: id.cert}, "", "both a certificate and its key"},
		{"client CA without TLS", server.Listener{Address: "127.0.0.1:0", ClientCA: id.cert}, "", "both a certificate and its key"},
		{"no port", server.Listener{Address: "127.0.0.1"}, "", "missing port"},
		{"no such port", server.Listener{Address: "127.0.0.1:99999"}, "", `there is no port "99999"`},
		{"no such certificate", server.Listener{Address: "127.0.0.1:0", Cert: id.key + ".gone", Key: id.key}, "", "load certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var key *auth.APIKey
			if tt.key != "" {
				var err error
				if key, err = auth.NewAPIKey(auth.NewSecret(tt.key)); err != nil {
					t.Fatal(err)
				}
			}
			s, err := server.New(t.Context(), server.Options{Store: newStore(t), System: newStore(t), APIKey: key, Listeners: []server.Listener{tt.listener}})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("New = %v; want an error with %q", err, tt.want)
				}
				if code := eventjson.Describe(err).Code; code != eventjson.CodeUsage {
					t.Errorf("New = %v with the code %s", err, code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Serve(ctx, func() error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSilentConnectionsEnd(t *testing.T) {
	s, _ := serve(t, server.Options{Limits: server.Limits{HandshakeTime: 50 * time.Millisecond}})
	for name, begun := range map[string]string{"nothing": "", "half a preface": "PRI * HT", "half a request": "GET / HTTP/1.1\r\nHost: localhost\r\n"} {
		t.Run(name, func(t *testing.T) {
			conn := connected(t, s.URLs()[0])
			if _, err := io.WriteString(conn, begun); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
		})
	}
}

func TestTooManyConnections(t *testing.T) {
	s, _ := serve(t, server.Options{Limits: server.Limits{Connections: 1}})
	first := connected(t, s.URLs()[0])
	if code := answerOn(t, first); code != "HTTP/1.1 200 OK" {
		t.Fatalf("the first connection is answered %q", code)
	}
	second := connected(t, s.URLs()[0])
	if n, err := second.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("the second connection is served")
	}
	if code := answerOn(t, first); code != "HTTP/1.1 200 OK" {
		t.Errorf("the first connection is then answered %q", code)
	}
}

// answerOn asks on a connection and returns the first line of the answer.
func answerOn(t *testing.T, conn net.Conn) string {
	t.Helper()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	status(t, r)
	return r.Proto + " " + r.Status
}

func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	before := certify(t, dir, "")
	s, _ := serve(t, server.Options{Listeners: []server.Listener{{Address: "127.0.0.1:0", Cert: before.cert, Key: before.key}}})
	known, _ := clientOf(t, before)
	if code, body := get(t, known, s.URLs()[0]+"/healthz"); code != http.StatusOK {
		t.Fatal(code, body)
	}
	after := certify(t, dir, "renewed.example")
	client, transport := clientOf(t, after)
	transport.DisableKeepAlives = true
	deadline := time.Now().Add(30 * time.Second)
	for { // the files are looked at once a second
		r, err := try(t, client, s.URLs()[0]+"/healthz")
		if err == nil {
			if code, body := status(t, r); code != http.StatusOK {
				t.Fatal(code, body)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the certificate stays the old one: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
