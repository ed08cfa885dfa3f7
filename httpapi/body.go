package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// body is the whole body of a request, held in memory until it is freed.
type body struct {
	b    []byte
	h    *Handler
	size int64
}

func (b *body) free() { b.h.held.give(b.size) }

// firstPiece is how much of a body is read before more room is asked for.
const firstPiece = 16 << 10

// readBody reads the whole body of a request. Memory is taken as the bytes come, whatever the request says of its length.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	limit := h.o.MaxBodyBytes
	if r.ContentLength > limit {
		return nil, tooLong("body", r.ContentLength, limit)
	}
	src := h.bodyReader(r.Context(), w, r)
	out := &body{h: h}
	room := int64(firstPiece)
	if r.ContentLength >= 0 {
		room = min(r.ContentLength+1, room)
	}
	for {
		if err := out.grow(room); err != nil {
			out.free()
			return nil, err
		}
		for len(out.b) < cap(out.b) {
			n, err := src.Read(out.b[len(out.b):cap(out.b)])
			out.b = out.b[:len(out.b)+n]
			switch {
			case int64(len(out.b)) > limit:
				out.free()
				return nil, tooLong("body", int64(len(out.b)), limit)
			case errors.Is(err, io.EOF):
				return out, nil
			case err != nil:
				out.free()
				return nil, bodyFailed(err)
			}
		}
		room = min(2*int64(cap(out.b)), limit+1)
		if r.ContentLength >= 0 {
			room = min(room, r.ContentLength+1)
		}
	}
}

// grow makes room for n bytes in all.
func (b *body) grow(n int64) error {
	if err := b.h.held.take(n - b.size); err != nil {
		return err
	}
	b.size = n
	grown := make([]byte, len(b.b), n)
	copy(grown, b.b)
	b.b = grown
	return nil
}

func tooLong(what string, got, limit int64) error {
	return &store.TooLargeError{What: what, Unit: "bytes", Got: int(got), Max: int(limit)}
}

// bodyFailed describes why a body could not be read: the fault is the sender's.
func bodyFailed(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &eventjson.Error{Code: eventjson.CodeTimeout, Message: "the request was not sent in time"}
	}
	return &eventjson.Error{Code: eventjson.CodeUsage, Message: fmt.Sprintf("the body of the request was cut off: %s", err)}
}

// bodyReader reads a body piece by piece, each of which must come within a time; the end of ctx ends it.
type bodyReader struct {
	r       io.Reader
	rc      *http.ResponseController
	ctx     context.Context // of one request
	timeout time.Duration
	last    atomic.Pointer[time.Time] // when reading ends, whatever comes; nil is never
}

// lingering is how long what comes is read after the answer has ended.
const lingering = time.Second

// linger lets reading go on for a moment.
func (b *bodyReader) linger() {
	t := now().Add(lingering)
	b.last.Store(&t)
	_ = b.rc.SetReadDeadline(t) // as in Read
}

func (h *Handler) bodyReader(ctx context.Context, w http.ResponseWriter, r *http.Request) *bodyReader {
	return &bodyReader{r: r.Body, rc: http.NewResponseController(w), ctx: ctx, timeout: h.o.IdleTimeout}
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	began := now()
	_ = b.rc.SetReadDeadline(began.Add(b.timeout)) // what cannot set it is a test without a connection
	if last := b.last.Load(); last != nil {
		_ = b.rc.SetReadDeadline(*last)
	}
	if err := b.ctx.Err(); err != nil { // it may have ended, and set its own, meanwhile
		_ = b.rc.SetReadDeadline(past)
	}
	n, err := b.r.Read(p)
	silent := errors.Is(err, os.ErrDeadlineExceeded) && now().Sub(began) >= b.timeout // which ends ctx, too
	if ctxErr := b.ctx.Err(); err != nil && ctxErr != nil && !silent {
		err = ctxErr
	}
	return n, err
}
