package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// ProblemType is the media type of errors.
const ProblemType = "application/problem+json"

// problemPrefix begins the type of a problem; the code follows.
const problemPrefix = "urn:gesta:error:"

// Status returns the HTTP status of a code.
func Status(c eventjson.Code) int {
	switch c {
	case eventjson.CodeUsage:
		return http.StatusBadRequest
	case eventjson.CodeConflict, eventjson.CodeKeyReused, eventjson.CodeTracking:
		return http.StatusConflict
	case eventjson.CodeNotFound:
		return http.StatusNotFound
	case eventjson.CodeErased, eventjson.CodeTruncated:
		return http.StatusGone
	case eventjson.CodeReducer:
		return http.StatusUnprocessableEntity
	case eventjson.CodeRateLimited:
		return http.StatusTooManyRequests
	case eventjson.CodeUnavailable, eventjson.CodeLocked, eventjson.CodeTimeout, eventjson.CodeReadOnly, eventjson.CodeOutcomeUnknown:
		return http.StatusServiceUnavailable
	case eventjson.CodeUnauthenticated:
		return http.StatusUnauthorized
	case eventjson.CodeDenied:
		return http.StatusForbidden
	case eventjson.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case eventjson.CodeDamaged, eventjson.CodeInternal:
	}
	return http.StatusInternalServerError
}

// WriteError answers a request with an error: an application/problem+json with the facts of the error, or a stream of frames
// with nothing but it for those who take frames. The answer must not have begun.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	err = bounded(err)
	d := eventjson.Describe(err)
	status := Status(d.Code)
	if d.Code == eventjson.CodeUsage && w.Header().Get("Allow") != "" {
		status = http.StatusMethodNotAllowed
	}
	contentType, body := ProblemType, append(AppendProblem(nil, status, &d), '\n')
	if takesFrames(r) {
		contentType, body = FramesType, appendErrorFrame([]byte(magic), err)
	}
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	if status == http.StatusRequestEntityTooLarge {
		header.Set("Connection", "close") // what is left of the body is not read
	}
	if r.ContentLength < 0 { // a stream, which may go on: it is not waited for
		_ = http.NewResponseController(w).EnableFullDuplex() // what cannot is always so
		header.Set("Connection", "close")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked is gone if it fails
}

// AppendProblem appends an application/problem+json document: type, status, detail and code, and the hint and facts where there
// are any.
func AppendProblem(dst []byte, status int, e *eventjson.Error) []byte {
	dst = eventjson.AppendString(append(dst, `{"type":`...), problemPrefix+string(e.Code))
	dst = strconv.AppendInt(append(dst, `,"status":`...), int64(status), 10)
	dst = eventjson.AppendString(append(dst, `,"detail":`...), e.Message)
	silent := *e
	silent.Message = ""
	facts := eventjson.AppendError(nil, &silent)
	code := len(`{"code":`) + len(eventjson.AppendString(nil, string(e.Code)))
	dst = append(append(dst, ','), facts[1:code]...)
	return append(dst, facts[code+len(`,"message":""`):]...)
}

// usagef is the error of a request that is malformed.
func usagef(format string, args ...any) error {
	return &store.InvalidError{Problem: fmt.Sprintf(format, args...)}
}

// unsupported is the error of a route whose power the store does not have.
func unsupported(what string) error {
	return fmt.Errorf("%s: %w", what, store.ErrUnsupported)
}
