package server

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"strings"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store/eventjson"
)

// routes returns the handler of HTTP: the native protocol, and what the server says of itself.
func (s *Server) routes() (http.Handler, error) {
	walks := httpapi.NewWalks(s.o.Limits.Folds)
	api := httpapi.New(httpapi.Options{
		Walks: walks, Store: s.store, MaxQueryItems: s.o.Limits.QueryItems, MaxReadTime: s.o.Limits.ReadTime, WriteTimeout: writeTime,
		MaxBodyBytes: s.o.Limits.bodyBytes(), MaxHeldBytes: s.o.Limits.bodyBytes(), Answers: s.answers,
		Routes: httpapi.Folds(httpapi.FoldOptions{Walks: walks, Rules: s.o.Rules, MaxReadTime: s.o.Limits.ReadTime, WriteTimeout: writeTime}),
	})
	named := map[string]http.Handler{}
	for _, r := range api.Routes() {
		named[r.Name] = s.handle(r.Name, r.Needs == httpapi.RightNone, api)
	}
	named["other"] = s.handle("other", false, api)
	own := s.ownRoutes(api)
	return s.crossOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The protocol matches its own paths: their segments may be names such as "..".
		if route, ok := api.Route(r); ok {
			named[route.Name].ServeHTTP(w, r)
		} else if strings.HasPrefix(r.URL.Path, "/v1/") {
			named["other"].ServeHTTP(w, r)
		} else {
			own.ServeHTTP(w, r)
		}
	}))
}

// ownRoutes returns what the server says of itself. nothing answers everything else.
func (s *Server) ownRoutes(nothing http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.handle("other", true, nothing))
	mux.Handle("GET /healthz", s.handle("healthz", true, http.HandlerFunc(alive)))
	mux.Handle("GET /readyz", s.handle("readyz", true, &s.ready))
	mux.Handle("GET /metrics", s.handle("metrics", false, s.operators(s.metrics.handler())))
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.Handle("GET /debug/pprof/"+path, s.handle("pprof", false, s.operators(h)))
	}
	return mux
}

// operators lets those through who have the role operate on everything; where there are no users, everyone.
func (s *Server) operators(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.who.guarded() {
			if err := auth.PrincipalOf(r.Context()).RequireEverywhere(auth.Operate); err != nil {
				httpapi.WriteError(w, r, err)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// crossOrigin tells browsers which pages of other origins may send requests, and refuses what a page of any other origin makes a browser send: a server without users
// trusts whoever reaches it, which a page from elsewhere does through its reader's browser. Requests that carry no origin are not touched.
func (s *Server) crossOrigin(h http.Handler) (http.Handler, error) {
	var trust http.CrossOriginProtection
	everyone := slices.Contains(s.o.Origins, "*")
	for _, origin := range s.o.Origins {
		if origin == "*" {
			continue
		}
		if err := trust.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %q: %w", origin, err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		trusted := origin != "" && (everyone || slices.Contains(s.o.Origins, origin))
		if len(s.o.Origins) > 0 {
			w.Header().Add("Vary", "Origin")
		}
		switch {
		case !s.calledRight(r.Host) && !isProbe(r.URL.Path):
			httpapi.WriteError(w, r, &eventjson.Error{
				Code: eventjson.CodeDenied, Message: fmt.Sprintf("this server without users is not called %q", r.Host), Hint: "call it by its address, or as localhost; gesta serve --insecure takes any name",
			})
			return
		case trusted && r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
			allow(w.Header(), origin)
			w.WriteHeader(http.StatusNoContent)
			return
		case trusted:
			allow(w.Header(), origin)
		case trust.Check(r) != nil:
			httpapi.WriteError(w, r, &eventjson.Error{
				Code: eventjson.CodeDenied, Message: fmt.Sprintf("a page of the origin %q may not send requests here", origin), Hint: "gesta serve --cors-origin allows it",
			})
			return
		}
		h.ServeHTTP(w, r)
	}), nil
}

// isProbe says whether a path is one that tells whether the server lives, which is no secret: whoever watches over it may call it by any name.
func isProbe(path string) bool { return path == "/healthz" || path == "/readyz" }

// calledRight says whether the name by which a request calls the server may be its own. A server that trusts whoever reaches it must not be reached by a page that made its own
// name stand for this machine (DNS rebinding); an address, and localhost, cannot be made to.
func (s *Server) calledRight(host string) bool {
	if s.insecure || s.who.guarded() {
		return true
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	return net.ParseIP(name) != nil || strings.EqualFold(name, "localhost")
}

// allow writes what a browser wants to know before pages of an origin may send requests and read answers.
func allow(header http.Header, origin string) {
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, WWW-Authenticate")
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, Idempotency-Key, Last-Event-ID, Traceparent, X-Request-Id")
	header.Set("Access-Control-Max-Age", "600")
}
