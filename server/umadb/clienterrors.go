package umadb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/store/eventjson"
)

// callError says why a call of a client failed.
type callError struct {
	status codes.Code
	told   *eventjson.Error
}

func (e *callError) Error() string { return e.told.Message }
func (e *callError) Unwrap() error { return e.told }

// passing says whether the same call may do better later.
func (e *callError) passing() bool {
	return slices.Contains([]codes.Code{
		codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Canceled,
	}, e.status)
}

// clientCodes has the codes that errors of a server are shown with; those that are not here are unavailable: it is the
// server that is not well.
var clientCodes = map[codes.Code]eventjson.Code{
	codes.Unauthenticated: eventjson.CodeUnauthenticated, codes.PermissionDenied: eventjson.CodeDenied, codes.DataLoss: eventjson.CodeDamaged,
	codes.InvalidArgument: eventjson.CodeUsage, codes.Unimplemented: eventjson.CodeUsage, codes.ResourceExhausted: eventjson.CodeRateLimited,
	codes.DeadlineExceeded: eventjson.CodeTimeout,
}

// failure returns what a call came to that failed. The end of ctx is returned as it is.
func (c *Client) failure(ctx context.Context, stream grpc.ClientStream, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code, message := statusOf(err)
	if stream != nil {
		if told := toldBy(stream); told != "" {
			message = told
		}
	}
	shown, known := clientCodes[code]
	if !known {
		shown = eventjson.CodeUnavailable
	}
	return &callError{code, &eventjson.Error{Code: shown, Message: fmt.Sprintf("the server at %s: %s", c.o.Target, message)}}
}

// statusOf returns the status that an error tells. gRPC takes the trailer with UmaDB's details for its own, and says so in place of
// the status.
func statusOf(err error) (code codes.Code, message string) {
	s := status.Convert(err)
	_, rest, mistaken := strings.Cut(s.Message(), "grpc-status-details-bin mismatch: grpc-status=")
	if !mistaken {
		return s.Code(), s.Message()
	}
	name, _, _ := strings.Cut(rest, ",")
	for c := codes.OK; c <= codes.Unauthenticated; c++ {
		if c.String() == name {
			return c, s.Message()
		}
	}
	return s.Code(), s.Message()
}

// toldBy returns the message of the ErrorResponse in the trailer of a call that ended; empty where there is none.
func toldBy(stream grpc.ClientStream) string {
	details := stream.Trailer().Get(detailsTrailer)
	if len(details) != 1 {
		return ""
	}
	told := ""
	f := walk([]byte(details[0]))
	for f.next() {
		if f.number == 1 {
			told = string(f.text())
		}
	}
	if f.err != nil {
		return ""
	}
	return told
}
