package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// appendLines appends a stream of lines and acknowledges each: {"line":1,"ok":true,…}. When the stream breaks off for a reason that
// is not the sender's, a last line {"error":{…}} says so; what was acknowledged stays.
func (h *Handler) appendLines(w http.ResponseWriter, r *http.Request, s store.Store) error {
	d, err := h.newDuplex(w, r, linesType)
	if err != nil {
		return err
	}
	defer d.close()
	lines := h.newLines(bufio.NewReaderSize(d.body, lineBuffer), d.body)
	defer lines.close()
	next := func() (inbound, error) {
		line, err := lines.next()
		if err != nil && !errors.Is(err, store.ErrTooLarge) && !passedOver(err) {
			return inbound{}, err
		}
		in := inbound{line: lines.number, size: int64(len(line)), refused: err}
		if err == nil {
			in.commit, in.refused = eventjson.DecodeLine(line)
			in.held = lines.long.drop()
		}
		return in, nil
	}
	h.newInflow(s, d, ackLine).run(r.Context(), next, func(_ uint64, err error) {
		if err != nil {
			failed := streamFailed(r, err)
			_ = d.out.Add(func(dst []byte) []byte { return appendErrorLine(dst, failed) })
		}
		d.finish()
	})
	return nil
}

func ackLine(dst []byte, line int64, r *store.Result, err error) []byte {
	if err == nil {
		return append(eventjson.AppendAcknowledgement(dst, line, r, nil), '\n')
	}
	failed := eventjson.Describe(bounded(err))
	failed.Line = line
	return append(eventjson.AppendAcknowledgement(dst, line, nil, &failed), '\n')
}

// appendErrorLine appends {"error":{…}} as a line.
func appendErrorLine(dst []byte, err error) []byte {
	failed := eventjson.Describe(bounded(err))
	return append(eventjson.AppendError(append(dst, `{"error":`...), &failed), '}', '\n')
}

// streamFailed describes why a stream ended before its end.
func streamFailed(r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return &eventjson.Error{Code: eventjson.CodeUnavailable, Message: "the server ends the connection", Hint: "connect again"}
	}
	if known, ok := errors.AsType[*eventjson.Error](err); ok {
		return known
	}
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrTooLarge) {
		return err
	}
	return bodyFailed(err)
}

// appendFrames appends a stream of commits, each in a frame, and answers each with a frame, its result or its error, in their order.
// A frame of the end comes last and says how many were answered: what was sent beyond them was not taken.
func (h *Handler) appendFrames(w http.ResponseWriter, r *http.Request, s store.Store) error {
	d, err := h.newDuplex(w, r, FramesType)
	if err != nil {
		return err
	}
	defer d.close()
	_ = d.out.Add(func(dst []byte) []byte { return append(dst, magic...) })
	frames := h.newFrames(d.body, d.body)
	defer frames.close()
	next := func() (inbound, error) {
		kind, payload, err := frames.next()
		if err != nil && !passedOver(err) {
			return inbound{}, err
		}
		if kind != frameCommit {
			return inbound{}, usagef("a stream of commits has a frame of the kind %d", kind)
		}
		in := inbound{size: int64(len(payload)), held: frames.hand(), refused: err}
		if err == nil {
			in.commit, in.refused = decodeCommit(payload)
		}
		return in, nil
	}
	h.newInflow(s, d, ackFrame).run(r.Context(), next, func(taken uint64, err error) {
		if err == nil || r.Context().Err() != nil {
			_ = d.out.Add(func(dst []byte) []byte { return appendEnd(dst, taken) })
		}
		d.finish()
	})
	return nil
}

func ackFrame(dst []byte, _ int64, r *store.Result, err error) []byte {
	if err == nil {
		return appendResultFrame(dst, r)
	}
	return appendErrorFrame(dst, bounded(err))
}

// lineBuffer is how much of a stream is read at once.
const lineBuffer = 64 << 10

// lineReader reads lines. What is longer than its buffer counts as held until the next line.
type lineReader struct {
	r      *bufio.Reader
	most   int       // bytes of a line
	number int64     // of the last line, from 1
	long   gathering // of a line that is longer than the buffer of r
}

func (h *Handler) newLines(src *bufio.Reader, body *bodyReader) *lineReader {
	return &lineReader{r: src, most: int(h.o.MaxBodyBytes), long: gathering{hold: hold{of: &h.held, body: body}}}
}

// next returns the next line that is not blank, without its end; it is valid until the following call. A line that is too long, or for
// which there is no room, is passed over: the error is [store.ErrTooLarge] or a rateLimited one.
func (l *lineReader) next() ([]byte, error) {
	for {
		l.close()
		line, err := l.line()
		if err != nil || len(line) > 0 {
			return line, err
		}
	}
}

func (l *lineReader) close() { l.long.free() }

func (l *lineReader) line() ([]byte, error) {
	piece, err := l.r.ReadSlice('\n')
	l.number++
	if err == nil || errors.Is(err, io.EOF) && len(piece) > 0 {
		return trimEnd(piece), nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.long.most = int64(l.most) + 1 // with its end
	for {
		got, ended := int(l.long.got)+len(piece), !errors.Is(err, bufio.ErrBufferFull)
		if err == nil {
			got-- // its end does not count
		}
		if got > l.most {
			more, err := l.pass(ended)
			if err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("line %d: %w", l.number, tooLong("line", int64(got+more), int64(l.most)))
		}
		if refused := l.long.add(piece); refused != nil {
			if _, err := l.pass(ended); err != nil {
				return nil, err
			}
			return nil, refused
		}
		if err == nil || errors.Is(err, io.EOF) {
			return trimEnd(l.long.join()), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		piece, err = l.r.ReadSlice('\n')
	}
}

// pass reads to the end of a line that is not taken, and returns how many bytes that were.
func (l *lineReader) pass(ended bool) (got int, err error) {
	l.close()
	for !ended {
		piece, err := l.r.ReadSlice('\n')
		got += len(piece)
		ended = !errors.Is(err, bufio.ErrBufferFull)
		if ended && err != nil && !errors.Is(err, io.EOF) {
			return got, err
		}
	}
	return got, nil
}

// passedOver says whether a line or frame was refused of which the stream goes on.
func passedOver(err error) bool {
	limited, ok := errors.AsType[*eventjson.Error](err)
	return ok && limited.Code == eventjson.CodeRateLimited
}

// trimEnd drops the end of a line, and spaces around it.
func trimEnd(line []byte) []byte { return bytes.Trim(line, " \t\r\n") }
