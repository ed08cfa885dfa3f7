package umadb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"

	"github.com/gestadb/gesta/store"
)

// ClientOptions say which server a [Client] reads from. Target is required.
type ClientOptions struct {
	// Target is the server's host and port.
	Target string

	// TLS configures the connection; nil is clear text.
	TLS *tls.Config

	// APIKey is sent with every call, if it is not empty. It needs TLS.
	APIKey string

	// BatchEvents is how many events the server is asked to put into a message at the most, 1 to 4,096. Defaults to 256; where a
	// message gets too long it is cut down.
	BatchEvents int

	// RetryTime is how long a read waits in all, between one try and the next, where the server has stopped answering in the middle of it.
	// Defaults to 30 seconds.
	RetryTime time.Duration

	// Dial adds to how the connection is made.
	Dial []grpc.DialOption
}

// Client reads from a server that speaks UmaDB's protocol. Its methods may be called by any number of goroutines.
type Client struct {
	o    ClientOptions
	conn *grpc.ClientConn
}

// NewClient returns a client, which connects when it is first used. It returns an [store.ErrInvalid] for options that make none.
func NewClient(o ClientOptions) (*Client, error) {
	if o.BatchEvents <= 0 || o.BatchEvents > maxBatch {
		o.BatchEvents = 256
	}
	if o.RetryTime <= 0 {
		o.RetryTime = 30 * time.Second
	}
	transport := insecure.NewCredentials()
	if o.TLS != nil {
		transport = credentials.NewTLS(o.TLS)
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(newCodec())),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 10 * time.Second,
		}),
		grpc.WithDisableServiceConfig(),
	}
	switch {
	case o.APIKey == "":
	case o.TLS == nil:
		return nil, &store.InvalidError{Problem: "an API key is not sent in clear text: TLS is needed"}
	case strings.ContainsFunc(o.APIKey, func(c rune) bool { return c < ' ' || c > '~' }):
		return nil, &store.InvalidError{Problem: "the API key has characters that no header can have"}
	default:
		dial = append(dial, grpc.WithPerRPCCredentials(apiKey(o.APIKey)))
	}
	conn, err := grpc.NewClient("passthrough:///"+o.Target, append(dial, o.Dial...)...)
	if err != nil {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("connect to %q: %s", o.Target, err)}
	}
	return &Client{o: o, conn: conn}, nil
}

// Close ends the connection, and with it every call.
func (c *Client) Close() error { return c.conn.Close() }

// apiKey is sent with every call.
type apiKey string

func (k apiKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(k)}, nil
}

func (apiKey) RequireTransportSecurity() bool { return true }

// Head returns the position of the last event, 0 where there is none. The error is an [*eventjson.Error].
func (c *Client) Head(ctx context.Context) (store.Position, error) {
	var answer headAnswer
	stream, err := c.begin(ctx, "Head", nil, maxMessage)
	if err == nil {
		err = stream.RecvMsg(&answer)
	}
	if err != nil {
		return 0, c.failure(ctx, stream, err)
	}
	return store.Position(answer), nil
}

// begin begins a call whose answers may each have up to limit bytes. What is returned with an error may be nil.
func (c *Client) begin(ctx context.Context, name string, request sent, limit int) (grpc.ClientStream, error) {
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{StreamName: name, ServerStreams: true}, "/"+ServiceName+"/"+name, grpc.MaxCallRecvMsgSize(limit))
	if err != nil {
		return nil, err
	}
	// Where sending fails, receiving says why.
	_ = errors.Join(stream.SendMsg(request), stream.CloseSend())
	return stream, nil
}

// sent is a request as it stands on the wire.
type sent []byte

func (m sent) encode() mem.Buffer { return mem.SliceBuffer(m) }

// headAnswer is a HeadResponse.
type headAnswer uint64

func (a *headAnswer) decode(buf mem.Buffer) error {
	f := walk(buf.ReadOnlyData())
	for f.next() {
		if f.number == 1 {
			*a = headAnswer(f.uint())
		}
	}
	return f.err
}
