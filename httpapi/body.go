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
const heldDocuments = 8

// readBody reads the whole body of an append. Memory is taken as the bytes come, whatever the request says of its length.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (*body, error) {
	src := h.bodyReader(r.Context(), w, r)
	src.hurry()
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

// bodyReader reads a body, whose sender may not be silent for longer than a time; the end of ctx ends it. While a part of it waits in memory for the rest it
// hurries: then each hurriedPiece must come within a time, so that one who sends a byte now and then gains nothing by it.
type bodyReader struct {
	r       io.Reader
	rc      *http.ResponseController
	ctx     context.Context // of one request
	timeout time.Duration
	whole   time.Time                 // when all of it must be there; zero is never
	hurried time.Duration             // for a piece while it hurries
	hurries bool                      // a part of it is in memory that waits for the rest
	due     time.Time                 // when the piece must be there; zero is before the first read of it
	missing int                       // bytes of the piece
	ended   bool                      // the end was read
	last    atomic.Pointer[time.Time] // when reading ends, whatever comes; nil is never
}

// hurriedPiece is how much must come within the time for a piece, in bytes. In 30 seconds it is 9 KB a second, as for those who read.
const hurriedPiece = 256 << 10

// hurry says that a part of the body waits for the rest from now on, unless it does so already.
func (b *bodyReader) hurry() {
	if !b.hurries {
		b.hurries, b.due = true, time.Time{}
	}
}

// relax says that nothing of the body waits.
func (b *bodyReader) relax() { b.hurries = false }

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
	if b.missing -= n; b.missing <= 0 {
		b.due = time.Time{} // the next piece begins when it is read
	}
	b.ended = b.ended || errors.Is(err, io.EOF)
	silent := errors.Is(err, os.ErrDeadlineExceeded) && !now().Before(deadline) // which ends ctx, too
	if ctxErr := b.ctx.Err(); err != nil && ctxErr != nil && !silent {
		err = ctxErr
	}
	return n, err
}

// deadline is when the next bytes must be there.
func (b *bodyReader) deadline() time.Time {
	t := now().Add(b.timeout)
	if b.hurries {
		if b.due.IsZero() {
			b.due, b.missing = now().Add(b.hurried), hurriedPiece
		}
		t = b.due
	}
	if !b.whole.IsZero() && b.whole.Before(t) {
		return b.whole
	}
	return t
}
