package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store/eventjson"
)

// handle wraps the handler of a route with all that is done for each request, in this order: it gets an id, is counted, logged, let in, and
// given a user unless the route is open to everyone. name is the route's in metrics, logs and the audit.
func (s *Server) handle(name string, open bool, h http.Handler) http.Handler {
	s.names[name] = true
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{Server: s, name: name, open: open, id: requestID(r), begun: now(), answer: answered{ResponseWriter: w}, ctx: r.Context(), target: func() string { return "" }}
		w.Header().Set("X-Request-Id", q.id)
		limitBody(w, r, s.o.Limits.HandshakeTime)
		inside := s.metrics.route(name).inside
		inside.Inc()
		defer func() {
			inside.Dec()
			problem := recover()
			if problem == nil {
				q.finish(r, nil)
				return
			}
			if problem == http.ErrAbortHandler { //nolint:errorlint,err113 // it is a value to panic with
				q.finish(r, nil)
			} else {
				q.finish(r, fmt.Errorf("panic: %v\n%s", problem, debug.Stack()))
			}
			panic(http.ErrAbortHandler) // the answer may have begun: it is cut off
		}()
		q.answerBy(h, r)
	})
}

// limitBody bounds how long the body of a request may be waited for by whoever does not say otherwise: net/http itself, before it answers and before the next request, reads what
// was left of a body. Once the body was read, or where there is none, no deadline is left, which would end the request while it is answered.
func limitBody(w http.ResponseWriter, r *http.Request, most time.Duration) {
	c := http.NewResponseController(w)
	if r.Body == http.NoBody {
		_ = c.SetReadDeadline(time.Time{}) // a connection that has none is served without
		return
	}
	_ = c.SetReadDeadline(now().Add(most))
	r.Body = &limitedBody{ReadCloser: r.Body, conn: c}
}

// limitedBody takes the deadline of its connection away when it was read.
type limitedBody struct {
	io.ReadCloser
	conn *http.ResponseController
}

func (b *limitedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// request is one that is being answered.
type request struct {
	*Server
	name   string
	open   bool
	id     string
	begun  time.Time
	answer answered
	ctx    context.Context // with the principal, once that is known
	target func() string   // what was administered
}

// answerBy answers if there is room for the request, and its user is known.
func (q *request) answerBy(h http.Handler, r *http.Request) {
	if q.name != "healthz" && q.name != "readyz" { // a server that is busy is alive
		if !q.requests.enter() {
			q.metrics.requestsRefused.Inc()
			httpapi.WriteError(&q.answer, r, errTooManyRequests)
			return
		}
		defer q.requests.leave()
	}
	if !q.open {
		ctx, err := q.who.identify(q.ctx, shown{header: r.Header.Get("Authorization"), certificate: verified(r.TLS), trace: r.Header.Get("Traceparent")})
		if err != nil {
			httpapi.WriteError(&q.answer, r, err)
			return
		}
		if _, ok := administrative[q.name]; ok {
			ctx, q.target = auth.WithTarget(ctx)
		}
		q.ctx = ctx
		r = r.WithContext(ctx)
	}
	r, done := q.ends(q.name, r)
	defer done()
	h.ServeHTTP(&q.answer, r)
}

var errTooManyRequests = &eventjson.Error{
	Code: eventjson.CodeRateLimited, Message: "the server answers as many requests as it may at once", Hint: "repeat the request in a moment",
}

// finish counts the request, which was answered, and logs it.
func (q *request) finish(r *http.Request, problem error) {
	status, took := or(q.answer.status, http.StatusOK), now().Sub(q.begun)
	level := slog.LevelDebug
	switch {
	case problem != nil:
		status, level = http.StatusInternalServerError, slog.LevelError
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	}
	q.metrics.done(q.name, status, took, q.answer.streamed)
	q.note(q.ctx, q.name, r.RemoteAddr, q.target(), status)
	if !q.log.Enabled(q.ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("request", q.id), slog.String("route", q.name), slog.Int("status", status), slog.Duration("took", took),
		slog.String("from", r.RemoteAddr), slog.Int64("bytes", q.answer.bytes), slog.String("user", auth.PrincipalOf(q.ctx).Name()),
	}
	if problem != nil {
		attributes = append(attributes, slog.String("error", problem.Error()))
	}
	q.log.LogAttrs(q.ctx, level, "request", attributes...)
}

// answered notes what was answered.
type answered struct {
	http.ResponseWriter
	status   int
	bytes    int64
	streamed bool // it was flushed while it was written
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader notes the status.
func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// FlushError notes that the answer is a stream.
func (a *answered) FlushError() error {
	a.streamed = true
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// maxRequestID is how long an id may be that a client gives a request.
const maxRequestID = 128

// requestID returns the id that the client gave the request, where it is plain, or a new one.
func requestID(r *http.Request) string {
	id := r.Header.Get("X-Request-Id")
	plain := func(c rune) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune("-_.:", c)
	}
	if id != "" && len(id) <= maxRequestID && strings.IndexFunc(id, func(c rune) bool { return !plain(c) }) < 0 {
		return id
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
