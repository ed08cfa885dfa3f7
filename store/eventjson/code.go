package eventjson

// Code says in one word what kind of error an [Error] is; programs decide by it.
type Code string

// The codes. They only grow.
const (
	CodeUsage           Code = "usage"
	CodeConflict        Code = "conflict"
	CodeKeyReused       Code = "keyReused"
	CodeTracking        Code = "tracking"
	CodeDamaged         Code = "damaged"
	CodeNotFound        Code = "notFound"
	CodeErased          Code = "erased"
	CodeTruncated       Code = "truncated"
	CodeReducer         Code = "reducer"
	CodeUnavailable     Code = "unavailable"
	CodeLocked          Code = "locked"
	CodeTimeout         Code = "timeout"
	CodeRateLimited     Code = "rateLimited"
	CodeReadOnly        Code = "readOnly"
	CodeOutcomeUnknown  Code = "outcomeUnknown"
	CodeUnauthenticated Code = "unauthenticated"
	CodeDenied          Code = "denied"
	CodeTooLarge        Code = "tooLarge"
	CodeInternal        Code = "internal"
)

// Codes returns all codes, in the order of the table above.
func Codes() []Code {
	return []Code{
		CodeUsage, CodeConflict, CodeKeyReused, CodeTracking, CodeDamaged, CodeNotFound, CodeErased, CodeTruncated,
		CodeReducer, CodeUnavailable, CodeLocked, CodeTimeout, CodeRateLimited, CodeReadOnly, CodeOutcomeUnknown,
		CodeUnauthenticated, CodeDenied, CodeTooLarge, CodeInternal,
	}
}
