package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is one of UmaDB's protocol, as bytes.
type message []byte

// plainCodec sends and takes messages as they are.
type plainCodec struct{}

var errNoMessage = errors.New("not a message")

func (plainCodec) Name() string { return "proto" }
func (plainCodec) Marshal(v any) ([]byte, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, errNoMessage
	}
	return *m, nil
}

func (plainCodec) Unmarshal(b []byte, v any) error {
	m, ok := v.(*message)
	if !ok {
		return errNoMessage
	}
	*m = append(message(nil), b...)
	return nil
}

// field returns a field that has bytes.
func field(number protowire.Number, parts ...[]byte) message {
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), whole)
}

// numberField returns a field that has a number.
func numberField(number protowire.Number, n uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), n)
}

// umaTag is the tag of all events of a client of UmaDB.
func umaTag(name string) []byte { return []byte("by:" + name) }

// umaEvent is an AppendRequest of one event.
func umaEvent(name string, n int, uuid string) message {
	return field(1, field(1, []byte("Sent")), field(2, umaTag(name)), field(3, []byte(payload(name, n))), field(4, []byte(uuid)))
}

// umaDial returns a connection of a client of UmaDB's protocol.
func umaDial(h *host) *grpc.ClientConn {
	conn, err := grpc.NewClient("passthrough:///"+h.address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(plainCodec{}), grpc.MaxCallRecvMsgSize(64<<20), grpc.WaitForReady(h.breaks)))
	if err != nil {
		h.t.Error(err)
	}
	return conn
}

// hangUp ends a connection.
func hangUp(conn io.Closer) { _ = conn.Close() }

// umaPosition returns the position of an AppendResponse.
func umaPosition(m message) (uint64, error) {
	number, kind, n := protowire.ConsumeTag(m)
	if number != 1 || kind != protowire.VarintType || n < 0 {
		return 0, fmt.Errorf("an append of an event is answered %x", []byte(m)) //nolint:err113 // it fails the test
	}
	position, n := protowire.ConsumeVarint(m[n:])
	return position, protowire.ParseError(n)
}

// umaAgain is again for errors of gRPC. The codes are those of what may pass.
func umaAgain(h *host, name string, err error) bool {
	text := status.Convert(err).String()
	for code, says := range map[string]string{"rateLimited": "ResourceExhausted", "unavailable": "io error", "timeout": "DeadlineExceeded"} {
		if strings.Contains(text, says) {
			return h.again(name, &problem{code, text})
		}
	}
	return h.again(name, err)
}

// uma appends by UmaDB's protocol, one after the other, without a condition: one whose answer is lost is not sent again.
func uma(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	conn := umaDial(h)
	defer hangUp(conn)
	for n := 0; ctx.Err() == nil; n++ {
		request, answer := umaEvent(name, n, ""), message{}
		err := conn.Invoke(long, "/umadb.v1.DCB/Append", &request, &answer)
		if err == nil {
			var position uint64
			if position, err = umaPosition(answer); err == nil {
				h.ledger.note(name, n, position)
				continue
			}
		}
		if !umaAgain(h, name, err) {
			return
		}
	}
}

// umaGuarded appends by UmaDB's protocol under the condition that nothing of its own came after the event before. Each event has a uuid, by which a repeated append is
// known again: each is sent until it is answered.
func umaGuarded(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	conn := umaDial(h)
	defer hangUp(conn)
	var last uint64
	for n := 0; h.pace(ctx, name); n++ {
		request := append(umaEvent(name, n, uuidOf(name, n)), field(2, field(1, field(1, field(2, umaTag(name)))), numberField(2, last))...)
		for {
			var answer message
			err := conn.Invoke(long, "/umadb.v1.DCB/Append", &request, &answer)
			if err == nil {
				last, err = umaPosition(answer)
			}
			if err == nil {
				h.ledger.note(name, n, last)
				break
			}
			if !umaAgain(h, name, err) || long.Err() != nil {
				return
			}
		}
	}
}

// uuidOf makes a uuid of a client's name and a number.
func uuidOf(name string, n int) string {
	sum := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%08x-%04x-7000-8000-%012x", uint32(sum), uint16(sum>>32), n+1)
}

// umaFollow follows everything by a subscription until ctx is done.
func umaFollow(ctx context.Context, h *host, f *follower) {
	conn := umaDial(h)
	defer hangUp(conn)
	for ctx.Err() == nil {
		stream, err := umaStream(ctx, conn, "Subscribe", numberField(2, f.at()))
		for err == nil {
			var answer message
			if err = stream.RecvMsg(&answer); err == nil {
				err = sequenced(answer, f.event)
			}
		}
		if ctx.Err() == nil && !errors.Is(err, io.EOF) && !umaAgain(h, f.name, err) {
			return
		}
	}
}

// umaRead reads the last ten events again and again.
func umaRead(ctx context.Context, h *host, name string) {
	long, cancel := finishing(ctx)
	defer cancel()
	conn := umaDial(h)
	defer hangUp(conn)
	for ctx.Err() == nil {
		stream, err := umaStream(long, conn, "Read", append(numberField(3, 1), numberField(4, 10)...))
		for before := uint64(1 << 62); err == nil; {
			var answer message
			if err = stream.RecvMsg(&answer); err == nil {
				err = sequenced(answer, func(position, _ uint64) {
					if position >= before {
						h.fault("%s: %d comes after %d backwards", name, position, before)
					}
					before = position
				})
			}
		}
		if !errors.Is(err, io.EOF) && !umaAgain(h, name, err) {
			return
		}
	}
}

func umaStream(ctx context.Context, conn *grpc.ClientConn, method string, request message) (grpc.ClientStream, error) {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/umadb.v1.DCB/"+method)
	if err == nil {
		err = stream.SendMsg(&request)
	}
	if err == nil || errors.Is(err, io.EOF) { // then receiving tells
		return stream, stream.CloseSend()
	}
	return nil, err
}

// sequenced calls each with the position of each event of an answer.
func sequenced(m message, each func(position, version uint64)) error {
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		if number != 1 {
			if n = protowire.ConsumeFieldValue(number, kind, m); n < 0 {
				return protowire.ParseError(n)
			}
			m = m[n:]
			continue
		}
		event, n := protowire.ConsumeBytes(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		position, err := umaPosition(event)
		if err != nil {
			return err
		}
		each(position, 0)
	}
	return nil
}
