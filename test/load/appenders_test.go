package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
)

// An appender appends events of its own, numbered from 0, until ctx is done, and tells the ledger of each that is acknowledged. What it began then, it finishes.
type appender func(ctx context.Context, h *host, name string)

// patience is how long an appender tries at the most to finish what it began.
const patience = time.Minute

// finishing returns a context that goes on a while after ctx.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, cancel) })
	return out, func() { stop(); cancel() }
}

// commit is a commit of one event as JSON, with a key where it has one.
func commit(name string, n int, key bool) string {
	k := ""
	if key {
		k = fmt.Sprintf(`"key":"%s/%d",`, name, n)
	}
	return fmt.Sprintf(`{%s"events":[{"stream":"load-%s","type":"Sent","data":%s}]}`, k, name, payload(name, n))
}

// keyed appends commits with keys, one after the other: each is sent again until it is answered.
func keyed(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	c := h.client()
	defer c.CloseIdleConnections()
	for n := 0; h.pace(ctx, name); n++ {
		for {
			position, err := send(long, h, c, commit(name, n, true))
			if err == nil {
				h.ledger.note(name, n, position)
				break
			}
			if !h.again(name, err) || long.Err() != nil {
				return
			}
		}
	}
}

// unkeyed appends commits without keys: one whose answer is lost is not sent again.
func unkeyed(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	c := h.client()
	defer c.CloseIdleConnections()
	for n := 0; ctx.Err() == nil; n++ {
		position, err := send(long, h, c, commit(name, n, false))
		if err == nil {
			h.ledger.note(name, n, position)
		} else if !h.again(name, err) {
			return
		}
	}
}

func send(ctx context.Context, h *host, c *http.Client, body string) (uint64, error) {
	answer, err := h.post(ctx, c, "/v1/append", "application/json", "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	return positionOf(answer)
}

// window is how many lines of a stream are on their way.
const window = 32

// lines appends a stream of lines with keys, many of which are on their way at once; those that were not acknowledged when a connection ends are sent again.
func lines(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	l := &lineStream{h: h, name: name}
	for ctx.Err() == nil || l.acked < l.sent {
		err := l.connection(ctx, long)
		if err != nil && !h.again(name, err) || long.Err() != nil {
			return
		}
	}
}

// lineStream is what lines sends.
type lineStream struct {
	h           *host
	name        string
	acked, sent int // the first number that was not acknowledged, and the first that was never sent
}

// connection sends lines from the first that was not acknowledged on, until ctx is done and everything is acknowledged, or the connection ends. It does without the client of
// net/http, which notices that a connection broke only when there is more to send.
func (l *lineStream) connection(ctx, long context.Context) error {
	conn, err := new(net.Dialer).DialContext(long, "tcp", l.h.address)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	stop := context.AfterFunc(long, func() { _ = conn.Close() })
	defer stop()
	const head = "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		return err
	}
	room, ended, sent := make(chan struct{}, window), make(chan struct{}), make(chan int, 1)
	go func(n int) { sent <- l.send(ctx, conn, n, room, ended) }(l.acked)
	err = l.acknowledgements(conn, room)
	close(ended)
	_ = conn.Close()
	l.sent = max(l.sent, <-sent)
	return err
}

// send sends lines from n on, and returns the first that it did not send.
func (l *lineStream) send(ctx context.Context, conn net.Conn, n int, room chan<- struct{}, ended <-chan struct{}) int {
	body := httputil.NewChunkedWriter(conn)
	for ; ctx.Err() == nil || n < l.sent; n++ {
		select {
		case room <- struct{}{}:
		case <-ended:
			return n
		}
		if _, err := io.WriteString(body, commit(l.name, n, true)+"\n"); err != nil {
			return n + 1 // some of it may have gone
		}
	}
	_ = body.Close()
	_, _ = io.WriteString(conn, "\r\n")
	return n
}

// acknowledgements reads them until the stream ends.
func (l *lineStream) acknowledgements(conn net.Conn, room <-chan struct{}) error {
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // closing it would wait for its end
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return documented(answer.StatusCode, answer.Header.Get("Content-Type"), text)
	}
	first, text := l.acked, bufio.NewReader(answer.Body)
	for {
		line, err := text.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		var ack struct {
			Line  int
			OK    bool
			First uint64
			Error *struct{ Code, Message string }
		}
		if err := json.Unmarshal(line, &ack); err != nil {
			return fmt.Errorf("an acknowledgement is %q: %w", line, err)
		}
		if ack.Error != nil {
			return &problem{ack.Error.Code, ack.Error.Message}
		}
		if !ack.OK || ack.Line != l.acked-first+1 {
			l.h.fault("%s: line %d is acknowledged by %s", l.name, l.acked-first+1, line)
		}
		l.h.ledger.note(l.name, l.acked, ack.First)
		l.acked++
		<-room
	}
}

// native appends with keys by the client of Go.
func native(ctx context.Context, h *host, name string) {
	long, s, done := client(ctx, h, name)
	defer done()
	if s == nil {
		return
	}
	for n := 0; ctx.Err() == nil; n++ {
		for {
			result, err := s.Append(long, storeCommit(name, n))
			if err == nil {
				h.ledger.note(name, n, uint64(result.First))
				break
			}
			if long.Err() != nil || !h.again(name, err) {
				return
			}
		}
	}
}

// started appends with keys by the client of Go, many at once on one connection.
func started(ctx context.Context, h *host, name string) {
	long, s, done := client(ctx, h, name)
	defer done()
	if s == nil {
		return
	}
	type begun struct {
		n    int
		wait func() (store.Result, error)
	}
	var aloft []begun
	for n := 0; ctx.Err() == nil || len(aloft) > 0; {
		if ctx.Err() == nil && len(aloft) < window {
			aloft = append(aloft, begun{n, s.Start(long, storeCommit(name, n))})
			n++
			continue
		}
		oldest := aloft[0]
		aloft = aloft[1:]
		result, err := oldest.wait()
		if err == nil {
			h.ledger.note(name, oldest.n, uint64(result.First))
			continue
		}
		if long.Err() != nil || !h.again(name, err) {
			return
		}
		aloft = append([]begun{{oldest.n, s.Start(long, storeCommit(name, oldest.n))}}, aloft...)
	}
}

func storeCommit(name string, n int) store.Commit {
	return store.Commit{Key: fmt.Sprintf("%s/%d", name, n), Events: []store.Event{{Stream: "load-" + name, Type: "Sent", Data: []byte(payload(name, n))}}}
}

// dial connects the client of Go, or returns nil where that cannot be done.
func dial(ctx context.Context, h *host, name string) *httpapi.Client {
	for {
		s, err := httpapi.Dial(ctx, httpapi.DialOptions{URL: h.url, RetryTime: patience})
		if err == nil {
			return s
		}
		if ctx.Err() != nil || !h.again(name, err) {
			return nil
		}
	}
}

// client returns a client of Go, nil where there is none to be had, with the context in which what was begun is finished. The caller calls done.
func client(ctx context.Context, h *host, name string) (long context.Context, s *httpapi.Client, done func()) {
	long, cancel := finishing(ctx)
	s = dial(long, h, name)
	return long, s, func() {
		if s != nil {
			closeClient(h, name, s)
		}
		cancel()
	}
}

func closeClient(h *host, name string, s *httpapi.Client) {
	if err := s.Close(); err != nil {
		h.fault("%s: close: %v", name, err)
	}
}
