package umadb

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// incoming is a message of this package that is read. It may keep the buffer, by a reference of its own.
type incoming interface {
	decode(buf mem.Buffer) error
}

// outgoing is a message of this package that is written.
type outgoing interface {
	// encode returns the message; the buffer is the caller's.
	encode() mem.Buffer
}

// codec reads and writes the messages of this package, and leaves all others to gRPC's codec for Protocol Buffers.
type codec struct{ others encoding.CodecV2 }

// newCodec returns the codec to force on a server.
func newCodec() encoding.CodecV2 { return codec{others: encoding.GetCodecV2(proto.Name)} }

func (codec) Name() string { return proto.Name }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if m, ours := v.(outgoing); ours {
		return mem.BufferSlice{m.encode()}, nil
	}
	return c.others.Marshal(v)
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ours := v.(incoming)
	switch {
	case !ours:
		return c.others.Unmarshal(data, v)
	case len(data) == 1:
		return m.decode(data[0])
	}
	buf := data.MaterializeToBuffer(pool)
	defer buf.Free()
	return m.decode(buf)
}
