package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A hostile client does harm until ctx is done, or once, with a connection of its own; it is called again when it returns.
type hostile func(ctx context.Context, h *host, conn *net.TCPConn) error

// harm connects again and again for a hostile client.
func harm(ctx context.Context, h *host, how hostile) {
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", h.address)
		if err != nil {
			if ctx.Err() == nil {
				h.fault("connect: %v", err)
			}
			return
		}
		tcp, ok := conn.(*net.TCPConn)
		if !ok {
			h.fault("a connection is %T", conn)
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		if err := how(ctx, h, tcp); err != nil && ctx.Err() == nil {
			h.fault("a hostile client: %v", err)
		}
		stop()
		_ = conn.Close()
		sleep(ctx, 20*time.Millisecond)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stuck asks for everything and reads nothing of it, until the server lets go.
func stuck(accept string, follows bool) hostile {
	return func(ctx context.Context, _ *host, conn *net.TCPConn) error {
		_ = conn.SetReadBuffer(4 << 10)
		if _, err := fmt.Fprintf(conn, "GET /v1/read?query=[]&follow=%t HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n", follows, accept); err != nil {
			return nil //nolint:nilerr // the server may have let go
		}
		sleep(ctx, time.Hour)
		return nil
	}
}

// slowly asks for everything and reads a little of it now and then.
func slowly(accept string) hostile {
	return func(ctx context.Context, _ *host, conn *net.TCPConn) error {
		_ = conn.SetReadBuffer(4 << 10)
		_, err := fmt.Fprintf(conn, "GET /v1/read?query=[]&follow=true HTTP/1.1\r\nHost: localhost\r\nAccept: %s\r\n\r\n", accept)
		for b := make([]byte, 1<<10); err == nil && ctx.Err() == nil; sleep(ctx, 50*time.Millisecond) {
			_, err = conn.Read(b)
		}
		return nil
	}
}

// half sends the beginning of something, and is silent until the server lets go.
func half(text string) hostile {
	return func(ctx context.Context, _ *host, conn *net.TCPConn) error {
		if _, err := io.WriteString(conn, text); err != nil {
			return nil
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		defer stop()
		_, _ = io.Copy(io.Discard, conn)
		return nil
	}
}

// halves are the beginnings of requests of each protocol.
var halves = []string{
	"", "P", "PRI * HTTP/2", "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-", "\x16\x03\x01\x02\x00\x01",
	"POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n" + `{"events":[`,
	"POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"eve\r\n",
	"POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/vnd.gesta.frames\r\nTransfer-Encoding: chunked\r\n\r\na\r\nGSTF\x01\x07\xff\xff\xff\x0b\r\n",
	"POST /v1/restore HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"exp\r\n",
	http2Begins + http2Call(1, "/umadb.v1.DCB/Append") + http2Data(1, "\x00\x00\x30\x00\x00half"),
	http2Begins + http2Frame(1, 0, 1, "\x82"), // a header that goes on
}

// The frames of HTTP/2, as RFC 9113 has them.
const (
	http2Preface  = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	http2Settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	http2Begins   = http2Preface + http2Settings
)

func http2Frame(kind, flags byte, stream uint32, payload string) string {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return string(binary.BigEndian.AppendUint32(b, stream)) + payload
}

func http2Data(stream uint32, payload string) string { return http2Frame(0, 0, stream, payload) }

// http2Call is the header of a call of gRPC, each field a literal.
func http2Call(stream uint32, path string) string {
	var b strings.Builder
	for _, field := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		b.WriteByte(0)
		for _, text := range field {
			b.WriteByte(byte(len(text)))
			b.WriteString(text)
		}
	}
	return http2Frame(1, 4, stream, b.String())
}

// manyHalves sends the beginnings of many calls on one connection: each the first 64 KiB of a message of 3 MiB.
func manyHalves(ctx context.Context, _ *host, conn *net.TCPConn) error {
	piece := strings.Repeat("x", 16<<10-5)
	text := http2Begins
	for n := range uint32(16) {
		text += http2Call(2*n+1, "/umadb.v1.DCB/Append") + http2Data(2*n+1, "\x00\x00\x30\x00\x00"+piece)
		for range 3 {
			text += http2Data(2*n+1, piece)
		}
	}
	return half(text)(ctx, nil, conn)
}

// abort breaks a connection in the middle of an answer, without a word.
func abort(_ context.Context, h *host, conn *net.TCPConn) error {
	_ = conn.SetLinger(0)
	if _, err := io.WriteString(conn, "GET /v1/read?query=[] HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "HTTP/1.1 200 OK\r\n" {
		h.fault("a read is answered %q", line)
	}
	return err
}

// abortAppend breaks a connection as soon as an append is sent.
func abortAppend(_ context.Context, _ *host, conn *net.TCPConn) error {
	_ = conn.SetLinger(0)
	_, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n%s", `{"events":[{"type":"A"}]`)
	return err
}

// wrong sends a request that is none of the protocol's, and expects the documented error.
func wrong(request, code string) hostile {
	return func(ctx context.Context, h *host, conn *net.TCPConn) error {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		sleep(ctx, 50*time.Millisecond)
		return expect(h, conn, code)
	}
}

// expect reads an answer, which is the error of a code, or one that may pass.
func expect(h *host, conn net.Conn, code string) error {
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer hangUp(answer.Body)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var p *problem
	if err = documented(answer.StatusCode, answer.Header.Get("Content-Type"), text); !errors.As(err, &p) {
		return err
	}
	h.answered(p.Code)
	if p.Code != code && p.Code != "rateLimited" {
		return fmt.Errorf("the answer is %w, not %s", err, code)
	}
	return nil
}

// huge says that it sends a lot, and does not wait to hear that it is too much.
func huge(_ context.Context, h *host, conn *net.TCPConn) error {
	if _, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{", int64(1)<<40); err != nil {
		return err
	}
	return expect(h, conn, "tooLarge")
}

// endless sends a body of JSON that has no end, as fast as it is taken, until it is refused.
func endless(contentType, text string) hostile {
	return func(ctx context.Context, h *host, conn *net.TCPConn) error {
		if _, err := fmt.Fprintf(conn, "POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", contentType); err != nil {
			return err
		}
		chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 1<<16, bytes.Repeat([]byte(text), (1<<16)/len(text)))
		for ctx.Err() == nil {
			if _, err := conn.Write(chunk); err != nil {
				h.answered("endless refused")
				return nil //nolint:nilerr // it is refused
			}
			sleep(ctx, 2*time.Millisecond) // 32 MiB a second
		}
		return nil
	}
}
