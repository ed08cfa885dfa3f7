package server

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// who knows who sends requests. It is there where the server has a store of its own.
type who struct {
	users *auth.Users
	key   *auth.APIKey // nil for none
	gate  *auth.Gate
	audit *auth.Audit

	closed atomic.Bool // guarded was true once
}

// newWho opens the users.
func newWho(ctx context.Context, o *Options, served store.Store, failed func(error)) (*who, error) {
	if o.System == nil {
		if o.APIKey != nil {
			return nil, errors.New("an API key needs a store of the server's own")
		}
		return nil, nil //nolint:nilnil // nobody is known, which is no error
	}
	users, err := auth.OpenUsers(ctx, o.System, auth.UsersOptions{})
	if err != nil {
		return nil, err
	}
	return &who{users: users, key: o.APIKey, gate: auth.NewGate(served), audit: auth.NewAudit(o.System, auth.AuditOptions{Failed: failed})}, nil
}

// guarded says whether a request must show who sent it: there are users, or there is a key. It stays so until the server ends: whoever takes the last user away from a server that
// runs locks it, and does not open it to everyone.
func (w *who) guarded() bool {
	if w == nil || w.closed.Load() {
		return w != nil
	}
	if w.key == nil && w.users.Len() == 0 {
		return false
	}
	w.closed.Store(true)
	return true
}

// unauthenticated counts the requests that nobody authenticated.
func (w *who) unauthenticated() float64 {
	if w == nil {
		return 0
	}
	_, n := w.audit.Counts()
	return float64(n)
}

// shown is what a request shows of who sent it.
type shown struct {
	header      string // Authorization
	certificate *x509.Certificate
	trace       string // traceparent
}

// identify returns the context of a request with the principal who sent it.
func (w *who) identify(ctx context.Context, s shown) (context.Context, error) {
	if !w.guarded() {
		return ctx, nil
	}
	p, err := w.principal(ctx, s)
	if err != nil {
		if eventjson.Describe(err).Code == eventjson.CodeUnauthenticated {
			w.audit.Unauthenticated()
		}
		return nil, err
	}
	return context.WithValue(auth.WithPrincipal(ctx, p), traceKey{}, s.trace), nil
}

type traceKey struct{}

func (w *who) principal(ctx context.Context, s shown) (*auth.Principal, error) {
	switch {
	case s.header != "":
		return w.users.Header(ctx, auth.NewSecret(s.header), w.key)
	case s.certificate != nil:
		return w.users.Certificate(s.certificate)
	}
	return nil, &eventjson.Error{
		Code: eventjson.CodeUnauthenticated, Message: "the request does not say who sent it", Hint: "send Authorization: Bearer TOKEN; gesta takes it from GESTA_TOKEN, or from the file that GESTA_TOKEN_FILE names, and gesta token create makes one",
	}
}

// store returns the store as the caller of a request may use it.
func (s *Server) store(ctx context.Context) (store.Store, error) {
	if !s.who.guarded() {
		return s.served, nil
	}
	trace, _ := ctx.Value(traceKey{}).(string)
	return s.who.gate.Store(auth.PrincipalOf(ctx), trace), nil
}

// administrative are the routes that change what was kept, or hand out all of it, by name. What restoring refuses in the end may have been restored in part.
var administrative = map[string]struct{ inPart bool }{"erase": {}, "export": {}, "restore": {inPart: true}, "repair": {}}

// note writes into the audit what an answer was about: what was denied, and what was administered. Who is not known can write nothing.
func (s *Server) note(ctx context.Context, route, from, target string, status int) {
	if s.who == nil || status == http.StatusUnauthorized || status == http.StatusTooManyRequests {
		return
	}
	p := auth.PrincipalOf(ctx)
	if status == http.StatusForbidden {
		if p != nil { // what has no principal was refused for another reason than its rights
			s.metrics.denied.Inc()
			s.who.audit.Denied(p, route)
		}
		return
	}
	kind, ok := administrative[route]
	refused := status >= http.StatusBadRequest && status < http.StatusInternalServerError
	if !ok || refused && !kind.inPart {
		return
	}
	outcome := "done"
	if status >= http.StatusBadRequest {
		outcome = http.StatusText(status)
	}
	act := auth.Act{Principal: p.Name(), From: from, Action: route, Target: target, Outcome: outcome}
	if err := s.who.audit.Done(context.WithoutCancel(ctx), act); err != nil {
		s.log.Error("the audit could not be written", "route", route, "error", err)
	}
}
