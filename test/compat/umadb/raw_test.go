package umadb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// bytesCodec takes messages as they stand on the wire.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return *b, nil
}

func (bytesCodec) Unmarshal(b []byte, v any) error {
	out, ok := v.(*[]byte)
	if !ok {
		return errors.ErrUnsupported
	}
	*out = bytes.Clone(b)
	return nil
}

func dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// reply is all that a call answered.
type reply struct {
	Messages [][]byte
	Code     string
	Message  string
	Details  string // the trailer with the raw ErrorResponse
}

// call makes a call with a message of any bytes. Of a subscription it takes what comes up to the deadline.
func call(t *testing.T, c *grpc.ClientConn, method string, request []byte) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream, err := c.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(&request), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	var r reply
	for {
		var m []byte
		if err = stream.RecvMsg(&m); err != nil {
			break
		}
		r.Messages = append(r.Messages, m)
	}
	if !errors.Is(err, io.EOF) {
		r.Code, r.Message = status.Code(err).String(), upToCondition(status.Convert(err).Message())
		r.Details = details(stream.Trailer())
	}
	return r
}

const failedCondition = "condition failed:"

// upToCondition cuts what each server says of the event that broke a condition.
func upToCondition(message string) string {
	if i := strings.Index(message, failedCondition); i >= 0 {
		return message[:i+len(failedCondition)]
	}
	return message
}

// details shows the ErrorResponse of a trailer.
func details(md metadata.MD) string {
	raw := md.Get("grpc-status-details-bin")
	if len(raw) != 1 {
		return fmt.Sprintf("%d trailers", len(raw))
	}
	var text string
	var kind uint64
	for b := []byte(raw[0]); len(b) > 0; {
		number, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Sprintf("not a message: %x", raw[0])
		}
		b = b[n:]
		switch {
		case number == 1 && typ == protowire.BytesType:
			var v []byte
			v, n = protowire.ConsumeBytes(b)
			text = upToCondition(string(v))
		case number == 2 && typ == protowire.VarintType:
			kind, n = protowire.ConsumeVarint(b)
		default:
			return fmt.Sprintf("not an ErrorResponse: %x", raw[0])
		}
		if n < 0 {
			return fmt.Sprintf("not an ErrorResponse: %x", raw[0])
		}
		b = b[n:]
	}
	return fmt.Sprintf("%d %s", kind, text)
}

// Messages are built from fields.
func text(number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), s)
}

func num(number protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), n)
}

func msg(number protowire.Number, fields ...[]byte) []byte {
	return text(number, string(bytes.Join(fields, nil)))
}

func join(fields ...[]byte) []byte { return bytes.Join(fields, nil) }
