package auth

import (
	"fmt"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// deniedf makes the error of a right that is missing. It names the right, never what is there.
func deniedf(format string, args ...any) *eventjson.Error {
	return &eventjson.Error{Code: eventjson.CodeDenied, Message: fmt.Sprintf(format, args...)}
}

// unauthenticated is the error of every secret that does not hold. It does not say which part was wrong.
func unauthenticated() error {
	return &eventjson.Error{Code: eventjson.CodeUnauthenticated, Message: "the credentials are not valid"}
}

// hiddenKeyError is a [*store.KeyReusedError] that keeps the position of a commit which may not be read.
type hiddenKeyError struct{ key string }

func (e *hiddenKeyError) Error() string {
	return fmt.Sprintf("gesta: key %q was used by a commit with other events", clip(e.key))
}

// Is matches [store.ErrKeyReused].
func (e *hiddenKeyError) Is(target error) bool { return target == store.ErrKeyReused }

// As gives the typed error, with the position 0 for "not known".
func (e *hiddenKeyError) As(target any) bool {
	t, ok := target.(**store.KeyReusedError)
	if ok {
		*t = &store.KeyReusedError{Key: e.key}
	}
	return ok
}
