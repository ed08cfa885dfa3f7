package httpapi

import (
	"context"
	"errors"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// crowdedBytes is how long a commit may be that shares a connection with others although none was started: a longer one would hold them up.
const crowdedBytes = 64 << 10

// Append commits c: see [store.Store]. It has a request of its own, unless commits were started that have no outcome yet: then it goes behind them. Appends at once share one
// connection, too, if what is between client and server lets a request be answered while it is sent: a request each would cost both sides several times what the append does.
func (r *remote) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	leave, err := r.enter(ctx)
	if err != nil {
		return store.Result{}, err
	}
	defer leave()
	body, err := r.pack([]byte(magic), &c)
	if err != nil {
		return store.Result{}, err
	}
	others := r.appending.Add(1) > 1
	defer r.appending.Add(-1)
	if r.starts.take(others && len(body) <= crowdedBytes) {
		p := newStarted(body[len(magic):], &c)
		if err := r.starts.add(ctx, p); err != nil {
			return store.Result{}, err
		}
		if result, err := r.starts.wait(ctx, p); err == nil || !p.busy {
			return result, err
		}
	}
	return r.settle(ctx, body, c.Key != "")
}

// pack appends the frame of a commit that a server can take.
func (r *remote) pack(dst []byte, c *store.Commit) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out, err := appendCommitFrame(dst, c)
	if err != nil {
		return nil, err
	}
	if n := int64(len(out)); n > r.bodyBytes {
		return nil, tooLong("commit, as it is sent,", n, r.bodyBytes)
	}
	return out, nil
}

// settle sends a commit until its outcome is known, which takes a key where an answer was lost.
func (r *remote) settle(ctx context.Context, body []byte, key bool) (store.Result, error) {
	call, cancel := joined(ctx, r.writing)
	defer cancel()
	began, unknown := now(), false
	for n := 1; ; n++ {
		result, sent, err := r.post(call, "/v1/append", FramesType, body)
		if err == nil {
			return result, nil
		}
		l, repeat := errors.AsType[*lostError](err)
		if !repeat {
			return store.Result{}, err
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		unknown = unknown || sent && !refused(l)
		if call.Err() != nil || unknown && !key || !unknown && n == tries || now().Sub(began) > r.o.RetryTime || !pause(call, n) {
			return store.Result{}, outcome(unknown, err)
		}
	}
}

// outcome is the error of an append that did not get its answer.
func outcome(unknown bool, err error) error {
	if unknown {
		return &store.UnknownError{Cause: public(err)}
	}
	return public(err)
}

// refused says whether the server said that nothing was written: it is too busy, or cannot be used for now.
func refused(l *lostError) bool {
	if _, told := errors.AsType[*answered](l.err); !told {
		return false
	}
	known, ok := errors.AsType[*eventjson.Error](l.err)
	return ok && known.Code != eventjson.CodeOutcomeUnknown
}

// busy says whether an error of one commit among others is that the server is too busy for it, or cannot be used for now.
func busy(err error) bool {
	known, ok := errors.AsType[*eventjson.Error](err)
	return ok && (known.Code == eventjson.CodeRateLimited || known.Code == eventjson.CodeUnavailable)
}

// tracing returns a context that knows whether a connection was found to send a request on.
func tracing(ctx context.Context) (context.Context, func() bool) {
	var found atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { found.Store(true) }})
	return ctx, found.Load
}
