package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gestadb/gesta/server"
)

// TestBrowsers lists what pages of other origins can make a browser send to a server that trusts whoever reaches it.
func TestBrowsers(t *testing.T) {
	s, _ := serve(t, server.Options{Origins: []string{"https://shop.example"}})
	insecure, _ := serve(t, server.Options{Listeners: []server.Listener{{Address: "127.0.0.1:0", Insecure: true}}})
	tests := []struct {
		name         string
		address      string
		host, origin string
		method       string
		header       http.Header
		want         int
		allowed      string // Access-Control-Allow-Origin
	}{
		{name: "no browser", method: http.MethodPost, want: http.StatusOK},
		{name: "another origin", origin: "https://evil.example", method: http.MethodPost, want: http.StatusForbidden},
		{name: "another origin says the browser", method: http.MethodPost, header: http.Header{"Sec-Fetch-Site": {"cross-site"}}, want: http.StatusForbidden},
		{name: "an origin that may", origin: "https://shop.example", method: http.MethodPost, want: http.StatusOK, allowed: "https://shop.example"},
		{name: "asking first", origin: "https://shop.example", method: http.MethodOptions, header: http.Header{"Access-Control-Request-Method": {"POST"}}, want: http.StatusNoContent, allowed: "https://shop.example"},
		{name: "asking first from elsewhere", origin: "https://evil.example", method: http.MethodOptions, header: http.Header{"Access-Control-Request-Method": {"POST"}}, want: http.StatusMethodNotAllowed},
		{name: "a name that stands for this machine", host: "evil.example:4114", method: http.MethodPost, want: http.StatusForbidden},
		{name: "localhost", host: "localhost:4114", method: http.MethodPost, want: http.StatusOK},
		{name: "any name of an insecure one", address: insecure.URLs()[0], host: "gesta.internal", method: http.MethodPost, want: http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := s.URLs()[0]
			if tt.address != "" {
				address = tt.address
			}
			r, err := http.NewRequestWithContext(t.Context(), tt.method, address+"/v1/read", strings.NewReader(`{"query":[]}`))
			if err != nil {
				t.Fatal(err)
			}
			if tt.header != nil {
				r.Header = tt.header
			}
			r.Header.Set("Content-Type", "application/json")
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			r.Host = tt.host
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if code, body := status(t, answer); code != tt.want || answer.Header.Get("Access-Control-Allow-Origin") != tt.allowed {
				t.Errorf("answer = %d, allowed %q, %s; want %d, allowed %q", code, answer.Header.Get("Access-Control-Allow-Origin"), body, tt.want, tt.allowed)
			}
		})
	}
}

// TestProbesByAnyName asks a server without users how it is, by names that are not its own: it tells, and nothing else.
func TestProbesByAnyName(t *testing.T) {
	s, _ := serve(t, server.Options{})
	for path, want := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/v1/head": http.StatusForbidden, "/metrics": http.StatusForbidden, "/healthz/": http.StatusForbidden,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URLs()[0]+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "gesta-0.gesta.shop.svc.cluster.local"
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := status(t, answer); code != want {
			t.Errorf("%s is %d %s; want %d", path, code, body, want)
		}
	}
}
