package server_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/gestadb/gesta/server"
)

// rawPeer is a client of gRPC that speaks HTTP/2 by itself, to do what no library does: it says how much it takes, and sends halves. It answers pings, so that it seems alive.
type rawPeer struct {
	t    *testing.T
	conn net.Conn
	next uint32        // the stream that is opened next
	gone chan struct{} // closed when the connection ended

	mu    sync.Mutex
	bytes int // of DATA that came; guarded by mu
	ended int // streams that the server ended; guarded by mu
}

// The kinds of frames of HTTP/2, and their flags.
const (
	kindData, kindHeaders, kindReset, kindSettings, kindPing, kindWindow = 0, 1, 3, 4, 6, 8

	flagEnd, flagAck, flagWholeHeaders = 1, 1, 4
)

// newRawPeer connects to a server, and takes up to so many bytes of each stream.
func newRawPeer(t *testing.T, s *server.Server, window uint32) *rawPeer {
	t.Helper()
	p := &rawPeer{t: t, conn: connected(t, s.URLs()[0]), next: 1, gone: make(chan struct{})}
	p.send([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	p.frame(kindSettings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 4}, window))
	p.window(0, 1<<30)
	go p.listen()
	return p
}

func (p *rawPeer) send(b []byte) { _, _ = p.conn.Write(b) } // it fails when the connection was cut, which gone tells

func (p *rawPeer) frame(kind, flags byte, stream uint32, payload []byte) {
	n := len(payload)
	b := binary.BigEndian.AppendUint32([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}, stream)
	p.send(append(b, payload...))
}

// window lets the server send more.
func (p *rawPeer) window(stream, n uint32) {
	p.frame(kindWindow, 0, stream, binary.BigEndian.AppendUint32(nil, n))
}

// begin begins a call and returns its stream.
func (p *rawPeer) begin(path string) uint32 {
	var block []byte
	for _, f := range [][2]string{
		{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "localhost"}, {"content-type", "application/grpc"}, {"te", "trailers"},
	} {
		block = append(append(block, 0, byte(len(f[0]))), f[0]...)
		block = append(append(block, byte(len(f[1]))), f[1]...)
	}
	stream := p.next
	p.next += 2
	p.frame(kindHeaders, flagWholeHeaders, stream, block)
	return stream
}

// call makes a call with a whole request.
func (p *rawPeer) call(path string, request []byte) uint32 {
	stream := p.begin(path)
	p.frame(kindData, flagEnd, stream, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(request))), request...)) //nolint:gosec // it is short
	return stream
}

// taken returns how many bytes of DATA came, and how many streams ended.
func (p *rawPeer) taken() (bytes, ended int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes, p.ended
}

// listen reads what the server sends until the connection ends.
func (p *rawPeer) listen() {
	defer close(p.gone)
	head := make([]byte, 9)
	for {
		if _, err := io.ReadFull(p.conn, head); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(p.conn, payload); err != nil {
			return
		}
		kind, flags := head[3], head[4]
		p.mu.Lock()
		if kind == kindData {
			p.bytes += len(payload)
		}
		if kind == kindHeaders && flags&flagEnd != 0 {
			p.ended++
		}
		p.mu.Unlock()
		if (kind == kindPing || kind == kindSettings) && flags&flagAck == 0 {
			if kind == kindSettings {
				payload = nil
			}
			p.frame(kind, flagAck, 0, payload)
		}
	}
}
