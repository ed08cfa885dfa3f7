package httpapi

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/gestadb/gesta/store"
)

// Restore takes recorded commits as they are: see [store.Restorer]. Where the answer was lost, how much was restored is
// unknown.
func (c *Client) Restore(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) error {
	leave, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	call, cancel := joined(ctx, c.writing)
	defer cancel()
	pr, pw := io.Pipe()
	req, err := c.request(call, http.MethodPost, "/v1/restore", FramesType, pr)
	if err != nil {
		return err
	}
	answer := make(chan error, 1)
	go func() {
		resp, err := c.send(req)
		if err == nil {
			err = errors.Join(drain(resp), resp.Body.Close())
		}
		_ = pr.CloseWithError(errNotTaken) // the server has answered: what else comes is not taken
		answer <- err
	}()
	own := feed(pw, commits)
	_ = pw.CloseWithError(io.EOF)
	err = <-answer
	switch {
	case own != nil:
		return own
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &store.UnknownError{Cause: ctx.Err()}
	}
	if l, ok := errors.AsType[*lostError](err); ok && !refused(l) {
		return &store.UnknownError{Cause: public(err)}
	}
	return public(err)
}

// errNotTaken says that the server has answered before it had everything.
var errNotTaken = errors.New("the server takes no more")

// feed writes commits as frames, and returns the error that they yielded, or that of one which cannot be sent.
func feed(w io.Writer, commits iter.Seq2[store.RecordedCommit, error]) error {
	buf, n := []byte(magic), uint64(0)
	for rc, err := range commits {
		if err == nil {
			err = store.ValidateRestored(&store.Commit{Key: rc.Key, Tracking: rc.Tracking, Events: events(rc.Events)})
		}
		if err != nil {
			_, _ = w.Write(appendEmptyFrame(buf, frameAbort)) // the server keeps what came before
			return err
		}
		n++
		if buf = appendRecordedFrame(buf, &rc); len(buf) < pieceBytes {
			continue
		}
		if _, err := w.Write(buf); err != nil {
			return nil // the server has answered: that says why
		}
		if buf = buf[:0]; cap(buf) > slice {
			buf = nil
		}
	}
	_, _ = w.Write(appendEnd(buf, n)) // as above
	return nil
}

func events(recorded []store.Recorded) []store.Event {
	out := make([]store.Event, len(recorded))
	for i := range recorded {
		out[i] = recorded[i].Event
	}
	return out
}
