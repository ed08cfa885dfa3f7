package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Read yields the events that match q: see [store.Store].
func (r *remote) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		rd := &remoteRead{r: r, ctx: ctx, q: q, o: o, yield: yield}
		if err := rd.run(); err != nil && !rd.broken {
			yield(store.Recorded{}, public(r.failed(ctx, err)))
		}
	}
}

// remoteRead is one loop over a Read. Where the way to the server breaks, it goes on after the last event.
type remoteRead struct {
	r     *remote
	ctx   context.Context // of one read
	q     store.Query
	o     store.ReadOptions // what is left to read
	yield func(store.Recorded, error) bool

	broken   bool // the loop was left
	begun    bool // the server has answered once
	moved    bool // something came since the last connection
	n        int  // events that came
	reported bool // Progress was called
	at       store.Position
	frames   *frameReader
}

func (rd *remoteRead) run() error {
	if err := rd.q.Validate(); err != nil {
		return err
	}
	if err := rd.o.Validate(); err != nil {
		return err
	}
	if err := rd.r.open(rd.ctx); err != nil {
		return err
	}
	rd.o.After, rd.o.Until = min(rd.o.After, store.MaxPosition), min(rd.o.Until, store.MaxPosition)
	rd.o.Limit = min(rd.o.Limit, int(store.MaxPosition))
	wait, cancel := rd.r.reading(rd.ctx)
	defer cancel()
	since := now()
	for n := 1; ; n++ {
		err := rd.once()
		if err == nil || rd.broken {
			return nil
		}
		if l := (*lostError)(nil); !errors.As(err, &l) {
			return err
		}
		if rd.moved {
			n, since, rd.moved = 1, now(), false
			if rd.done() {
				return nil
			}
		}
		patient := rd.begun && (rd.o.Follow || now().Sub(since) < rd.r.o.RetryTime)
		if n >= tries && !patient || !pause(wait, n) {
			return err
		}
	}
}

// done says whether nothing is left to read.
func (rd *remoteRead) done() bool {
	o := &rd.o
	return o.Limit < 0 || o.Until != 0 && o.After >= o.Until
}

// once connects and reads until the end, or until the connection breaks.
func (rd *remoteRead) once() error {
	call, cancel := rd.r.reading(rd.ctx)
	defer cancel()
	req, err := rd.r.request(call, http.MethodPost, "/v1/read", jsonType, bytes.NewReader(rd.body()))
	if err != nil {
		return err
	}
	resp, err := rd.r.send(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	silent := time.AfterFunc(rd.r.o.Silence, cancel)
	defer silent.Stop()
	rd.frames = newFrameReader(resp.Body, clientBuffer)
	for {
		kind, payload, err := rd.frames.next()
		if err != nil {
			return lost(errors.Join(errCut, err))
		}
		silent.Reset(rd.r.o.Silence)
		if err := rd.r.open(rd.ctx); err != nil {
			return err
		}
		done, err := rd.take(kind, payload)
		if done && err == nil && !rd.broken {
			silent.Stop()
			_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
		}
		if done || err != nil {
			return err
		}
	}
}

// body is what the server is asked.
func (rd *remoteRead) body() []byte {
	return appendReadBody(nil, rd.q, &rd.o)
}

// clientBuffer is how much of an answer is read at once.
const clientBuffer = 32 << 10

// take takes a frame; done says that the read has ended.
func (rd *remoteRead) take(kind frameKind, payload []byte) (done bool, err error) {
	switch kind {
	case frameBegin:
		err = rd.begin(payload)
	case frameEvents:
		d := decoder{b: payload}
		err = d.unbatch(rd.event)
		if rd.broken {
			return true, nil
		}
		if err == nil {
			err = rd.r.open(rd.ctx)
		}
	case frameProgress:
		var p progress
		if p, err = decodeProgress(payload); err == nil {
			rd.progress(p)
		}
	case frameHeartbeat:
	case frameEnd:
		return true, nil
	case frameError:
		return true, rd.told(decodeError(payload))
	default:
		err = lost(fmt.Errorf("the answer has a frame of the kind %d", kind))
	}
	return false, err
}

// told is an error that the server ends a read with. Where it took too long, and something came, the rest is asked for.
func (rd *remoteRead) told(err error) error {
	if known, ok := errors.AsType[*eventjson.Error](err); ok && known.Code == eventjson.CodeTimeout && rd.moved {
		return lost(err)
	}
	return repeatable(err)
}

func (rd *remoteRead) begin(payload []byte) error {
	b, err := decodeBeginning(payload)
	if err != nil {
		return lost(err)
	}
	if b.store != rd.r.id {
		return fmt.Errorf("the server has the store %q now, it had %q: %w", b.store, rd.r.id, store.ErrFailed)
	}
	rd.begun = true
	if b.until != 0 && !rd.o.Follow {
		rd.o.Until = b.until
	}
	return nil
}

// look is after how many events a read looks whether it is to end.
const look = 64

// event yields an event.
func (rd *remoteRead) event(e *store.Recorded) bool {
	rd.moved = true
	if rd.o.Limit > 0 {
		if rd.o.Limit--; rd.o.Limit == 0 {
			rd.o.Limit = -1 // none is left, where 0 is no limit
		}
	}
	if rd.o.Backward {
		if rd.o.Until = max(e.Position-1, rd.o.After); rd.o.Until == 0 {
			rd.o.Limit = -1 // nothing is left, where 0 is no end
		}
	} else {
		rd.o.After = e.Position
	}
	if rd.n++; rd.n%look == 0 && rd.r.open(rd.ctx) != nil {
		return false
	}
	if !rd.yield(*e, nil) {
		rd.broken = true
	}
	return !rd.broken
}

func (rd *remoteRead) progress(p progress) {
	rd.moved = true
	rd.o.After = max(rd.o.After, p.position)
	if rd.o.Progress != nil && (!rd.reported || p.position > rd.at) {
		rd.reported, rd.at = true, p.position
		rd.o.Progress(p.position, p.live)
	}
}

// The bounds of times in a request.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// appendReadBody appends the body of a read.
func appendReadBody(dst []byte, q store.Query, o *store.ReadOptions) []byte {
	dst = eventjson.AppendQuery(append(dst, `{"query":`...), q)
	number := func(name string, n uint64) {
		if n != 0 {
			dst = strconv.AppendUint(append(append(append(dst, `,"`...), name...), `":`...), n, 10)
		}
	}
	number("after", uint64(o.After))
	number("until", uint64(o.Until))
	number("limit", uint64(o.Limit))
	if !o.AsOf.IsZero() {
		at := o.AsOf
		if at.Before(firstTime) {
			at = firstTime
		}
		if at.After(lastTime) {
			at = lastTime
		}
		dst = eventjson.AppendTime(append(dst, `,"knownAt":`...), at)
	}
	if o.Whole {
		dst = append(dst, `,"whole":true`...)
	}
	if o.Backward {
		dst = append(dst, `,"backward":true`...)
	}
	if o.Follow {
		dst = append(dst, `,"follow":true`...)
	}
	return append(dst, `,"system":true}`...)
}
