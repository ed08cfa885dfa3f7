package open_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/open"
)

// TestOpenServer opens a store on a server, in clear text and by TLS, with a token.
func TestOpenServer(t *testing.T) {
	for _, start := range []func(*httptest.Server){(*httptest.Server).Start, (*httptest.Server).StartTLS} {
		behind := memory.New(memory.Options{})
		handler := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return behind, nil }})
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			handler.ServeHTTP(w, r)
		}))
		start(server)
		t.Cleanup(server.Close)
		o := open.Options{Token: "secret"}
		if server.Certificate() != nil {
			pool := x509.NewCertPool()
			pool.AddCert(server.Certificate())
			o.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		}
		s, err := open.Open(t.Context(), server.URL, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "A"}}}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if head, err := behind.Head(t.Context()); head != 1 || err != nil {
			t.Errorf("head %d, %v; want 1", head, err)
		}
		o.Token = ""
		if _, err := open.Open(t.Context(), server.URL, o); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("without a token: %v", err)
		}
	}
}

func TestOpenServerRefuses(t *testing.T) {
	for _, url := range []string{"http:", "http://", "https:x", "http://ada:secret@127.0.0.1:1", "http://127.0.0.1:1/?x=y"} {
		if _, err := open.Open(t.Context(), url, open.Options{}); !errors.Is(err, store.ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want that it is invalid, and no secret", url, err)
		}
	}
}
