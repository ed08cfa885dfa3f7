package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// TestRemoteSecrets opens a store on a server by TLS: certificates and token come from the environment.
func TestRemoteSecrets(t *testing.T) {
	behind, dir := newMemory(t), t.TempDir()
	handler := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return behind, nil }})
	var sent string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		if len(r.TLS.PeerCertificates) > 0 {
			sent += "certificate"
		}
		handler.ServeHTTP(w, r)
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	key, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"ca.pem":  string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
		"key.pem": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"token":   " of-the-file\n", "empty": "\n", "odd": "a b",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		vars  map[string]string
		sent  string
		code  eventjson.Code // "" for none
		words string         // of the message
	}{
		{"no token", map[string]string{"GESTA_CA_FILE": "ca.pem"}, "", "", ""},
		{"token", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_TOKEN": "own"}, "Bearer own", "", ""},
		{"token of a file", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_TOKEN_FILE": "token"}, "Bearer of-the-file", "", ""},
		{"both", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_TOKEN": "own", "GESTA_TOKEN_FILE": "none"}, "Bearer own", "", ""},
		{"certificate", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_CERT_FILE": "ca.pem", "GESTA_KEY_FILE": "key.pem"}, "certificate", "", ""},
		{"certificate without a key", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_CERT_FILE": "ca.pem"}, "", eventjson.CodeUsage, "GESTA_KEY_FILE must"},
		{"key without a certificate", map[string]string{"GESTA_CA_FILE": "ca.pem", "GESTA_KEY_FILE": "key.pem"}, "", eventjson.CodeUsage, "GESTA_CERT_FILE must"},
		{"certificate that is none", map[string]string{"GESTA_CERT_FILE": "token", "GESTA_KEY_FILE": "key.pem"}, "", eventjson.CodeUsage, "no certificate and its key"},
		{"no file of a certificate", map[string]string{"GESTA_CERT_FILE": "none", "GESTA_KEY_FILE": "key.pem"}, "", eventjson.CodeUsage, "read certificate"},
		{"no file of a key", map[string]string{"GESTA_CERT_FILE": "ca.pem", "GESTA_KEY_FILE": "none"}, "", eventjson.CodeUsage, "read key"},
		{"unknown certificate", nil, "", eventjson.CodeUnavailable, "certificate"},
		{"no certificates", map[string]string{"GESTA_CA_FILE": "token"}, "", eventjson.CodeUsage, "no certificate"},
		{"no file of certificates", map[string]string{"GESTA_CA_FILE": "none"}, "", eventjson.CodeUsage, "read certificates"},
		{"empty file", map[string]string{"GESTA_TOKEN_FILE": "empty"}, "", eventjson.CodeUsage, "has no token"},
		{"no file", map[string]string{"GESTA_TOKEN_FILE": "none"}, "", eventjson.CodeUsage, "read token"},
		{"odd token", map[string]string{"GESTA_TOKEN_FILE": "odd"}, "", eventjson.CodeUsage, "characters"},
	} {
		e := &env{getenv: func(name string) string { return tt.vars[name] }, dir: dir}
		e.global.store, sent = server.URL, ""
		s, err := e.openReader(t.Context())
		if s != nil {
			err = closing(s, err)
		}
		d := eventjson.Describe(err)
		if d.Code != tt.code || !strings.Contains(d.Message, tt.words) || strings.Contains(d.Message, "a b") || sent != tt.sent {
			t.Errorf("%s: sent %q, %s: %s; want %q, %s with %q", tt.name, sent, d.Code, d.Message, tt.sent, tt.code, tt.words)
		}
	}
}

// TestTokensStayConfidential names servers to which a token is sent, and others to which it is not.
func TestTokensStayConfidential(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:4114": true, "http://localhost:4114": true, "http://[::1]:4114": true, "https://gesta.example": true,
		"http://gesta.example": false, "http://10.0.0.7:4114": false, "http://localhost.example": false, "http:127.0.0.1": false,
	} {
		if got := confidential(address); got != want {
			t.Errorf("confidential(%s) = %v; want %v", address, got, want)
		}
	}
}

// Where a server cannot be reached, the hint says what may be meant.
func TestUnreachable(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	sealed := httptest.NewTLSServer(http.NotFoundHandler())
	defer sealed.Close()
	sealed.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of the handshake that was broken off
	hangsUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer hangsUp.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for url, want := range map[string]string{
		sealed.URL: "GESTA_CA_FILE",
		strings.Replace(plain.URL, "http:", "https:", 1): "begins with http://",
		hangsUp.URL:                             "begins with https://",
		gone.URL:                                "gesta serve starts a server",
		strings.TrimPrefix(gone.URL, "http://"): "http://127.0.0.1:",
	} {
		e := &env{getenv: func(string) string { return "" }, dir: t.TempDir()}
		e.global.store = url
		s, err := e.openReader(t.Context())
		if s != nil {
			err = closing(s, err)
		}
		if d := describe(err); !strings.Contains(d.Hint, want) {
			t.Errorf("%s: %s, hint %q; want %q", url, d.Message, d.Hint, want)
		}
	}
}
