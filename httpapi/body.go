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
type body struct{ gathering }

// heldDocuments is how many bodies of documents, each as long as it may be, are in memory at once.
const heldDocuments = 64

// readBody reads the whole body of an append. Memory is taken as the bytes come, whatever the request says of its length.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	src := h.bodyReader(r.Context(), w, r)
	src.timeout = h.o.BodyTimeout
	return readWhole(src, r.ContentLength, h.o.MaxBodyBytes, &h.held)
}

// readWhole reads a body up to a limit. length is what the request says of it, below 0 for nothing.
func readWhole(src io.Reader, length, limit int64, of *held) (*body, error) {
	if length > limit {
		return nil, tooLong("body", length, limit)
	}
	out := &body{gathering{hold: hold{of: of}, most: limit + 1}} // a byte more, by which it is known that a body is too long
	if err := out.read(src, length); err != nil {
		out.free()
		return nil, err
	}
	out.join()
	return out, nil
}

func (b *body) read(src io.Reader, length int64) error {
	for {
		want := int64(-1)
		if length >= 0 {
			want = length + 1 - b.got // where the end is seen
		}
		to, err := b.room(want)
		if err != nil {
			return err
		}
		n, err := src.Read(to)
		b.filled(n)
		switch {
		case b.got >= b.most:
			return tooLong("body", b.got, b.most-1)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return bodyFailed(err)
		}
	}
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
	whole   time.Time                 // when all of it must be there; zero is never
	hurried time.Duration             // the timeout while it hurries
	hurries bool                      // a part of it is in memory that waits for the rest
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
	return &bodyReader{r: r.Body, rc: http.NewResponseController(w), ctx: ctx, timeout: h.o.IdleTimeout, hurried: h.o.BodyTimeout}
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	deadline := b.deadline()
	_ = b.rc.SetReadDeadline(deadline) // what cannot set it is a test without a connection
	if last := b.last.Load(); last != nil {
		_ = b.rc.SetReadDeadline(*last)
	}
	if err := b.ctx.Err(); err != nil { // it may have ended, and set its own, meanwhile
		_ = b.rc.SetReadDeadline(past)
	}
	n, err := b.r.Read(p)
	silent := errors.Is(err, os.ErrDeadlineExceeded) && !now().Before(deadline) // which ends ctx, too
	if ctxErr := b.ctx.Err(); err != nil && ctxErr != nil && !silent {
		err = ctxErr
	}
	return n, err
}

// deadline is when the next bytes must be there.
func (b *bodyReader) deadline() time.Time {
	timeout := b.timeout
	if b.hurries {
		timeout = b.hurried
	}
	t := now().Add(timeout)
	if !b.whole.IsZero() && b.whole.Before(t) {
		return b.whole
	}
	return t
}
