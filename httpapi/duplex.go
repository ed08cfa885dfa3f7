package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gestadb/gesta/internal/flight"
)

// duplex is an answer that is written while the request is read.
type duplex struct {
	body    *bodyReader
	out     *flight.Writer // acknowledgements
	rc      *http.ResponseController
	chunked bool // the end of the answer has to be told
	stop    func()
}

// maxAcks is how many bytes of acknowledgements wait for a reader before appending waits too.
const maxAcks = 256 << 10

func (h *Handler) newDuplex(w http.ResponseWriter, r *http.Request, contentType string) (*duplex, error) {
	o := h.newOutlet(w)
	if err := o.rc.EnableFullDuplex(); err != nil && r.ProtoMajor < 2 { // HTTP/2 is always so
		return nil, fmt.Errorf("read and write at once: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // what stands between must not wait for more
	w.WriteHeader(http.StatusOK)
	if err := o.rc.Flush(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // ends when nobody takes the answer
	stop := context.AfterFunc(ctx, func() { _ = o.rc.SetReadDeadline(past) })
	send := func(b []byte) error {
		err := o.send(b)
		if err != nil {
			cancel()
		}
		return err
	}
	return &duplex{
		body: h.bodyReader(ctx, w, r), out: flight.NewWriter(send, maxAcks), rc: o.rc, chunked: r.ProtoAtLeast(1, 1), stop: func() { stop(); cancel() },
	}, nil
}

// finish sends what is left of the answer, and gives the sender a moment to take it and stop.
func (d *duplex) finish() {
	_ = d.out.Close() // who takes nothing is not told
	d.body.linger()
}

// close frees what the answer held, after finish. Where the request was not read to its end the connection ends: what is still to come of it must not be taken for another request.
func (d *duplex) close() {
	d.stop()
	if d.body.ended {
		return
	}
	conn, _, err := d.rc.Hijack()
	if err != nil {
		return // HTTP/2, or no connection
	}
	if d.chunked {
		_ = conn.SetWriteDeadline(now().Add(lingering))
		_, _ = conn.Write([]byte("0\r\n\r\n")) // who takes nothing is not told
	}
	_ = conn.Close()
}
