package umadb

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// kind is an ErrorType of the protocol.
type kind uint64

const (
	kindIO              kind = 0
	kindIntegrity       kind = 2
	kindCorruption      kind = 3
	kindInternal        kind = 4
	kindAuthentication  kind = 5
	kindInvalidArgument kind = 6
)

// class is how an error is told: the code of gRPC, the type of the protocol, and what the message begins with.
type class struct {
	code   codes.Code
	kind   kind
	prefix string
}

var (
	invalid  = class{codes.InvalidArgument, kindInvalidArgument, "invalid argument: "}
	conflict = class{codes.FailedPrecondition, kindIntegrity, "integrity error: condition failed: "}
	internal = class{codes.Internal, kindInternal, "internal error: "}
)

// classes has the classes of the codes of package eventjson; those that are not here are internal. A conflict alone is an integrity error: clients read again
// after one and try once more.
var classes = map[eventjson.Code]class{
	eventjson.CodeUsage:           invalid,
	eventjson.CodeTooLarge:        invalid,
	eventjson.CodeConflict:        conflict,
	eventjson.CodeTracking:        conflict,
	eventjson.CodeUnauthenticated: {codes.Unauthenticated, kindAuthentication, "authentication error: "},
	eventjson.CodeDenied:          {codes.PermissionDenied, kindAuthentication, "authentication error: "},
	eventjson.CodeDamaged:         {codes.DataLoss, kindCorruption, "corruption detected: "},
	eventjson.CodeTruncated:       {codes.OutOfRange, kindIO, "io error: "},
	eventjson.CodeTimeout:         {codes.DeadlineExceeded, kindIO, "io error: "},
	eventjson.CodeRateLimited:     {codes.ResourceExhausted, kindIO, "io error: "},
	eventjson.CodeUnavailable:     {codes.Unavailable, kindIO, "io error: "},
	eventjson.CodeLocked:          {codes.Unavailable, kindIO, "io error: "},
	eventjson.CodeReadOnly:        {codes.Unavailable, kindIO, "io error: "},
	eventjson.CodeOutcomeUnknown:  {codes.Unknown, kindIO, "io error: "},
}

// detailsTrailer has an ErrorResponse as it is, which gRPC would put into a google.rpc.Status.
const detailsTrailer = "grpc-status-details-bin"

// Error returns the error that ends a call with a code, and sets the call's trailer, by which clients of UmaDB know what went wrong. ctx is
// that of the call on the server, also inside an interceptor.
func Error(ctx context.Context, code eventjson.Code, message string) error {
	c, known := classes[code]
	if !known {
		c = internal
	}
	return c.fail(ctx, message)
}

func (c class) fail(ctx context.Context, message string) error {
	message = c.prefix + message
	details := appendString(nil, 1, message)
	details = appendNumber(details, 2, uint64(c.kind))
	// Without a call there is nobody to tell: then the status alone is right.
	_ = grpc.SetTrailer(ctx, metadata.MD{detailsTrailer: {string(details)}})
	return status.Error(c.code, message)
}

// failure returns the error that ends a call because of err.
func failure(ctx context.Context, err error) error {
	var tracked *store.TrackingError
	var wrong *store.InvalidError
	switch {
	case errors.As(err, &wrong):
		return invalid.fail(ctx, wrong.Problem)
	case errors.As(err, &tracked):
		return conflict.fail(ctx, trackingMessage(tracked))
	case ctx.Err() != nil && errors.Is(err, context.Canceled): // the client is gone
		return status.FromContextError(ctx.Err()).Err()
	}
	d := eventjson.Describe(err)
	return Error(ctx, d.Code, d.Message)
}
