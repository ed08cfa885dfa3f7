package source

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store"
)

// problem is what is wrong with a row, before anyone says where the row stands.
type problem string

func (p problem) Error() string { return string(p) }

func problemf(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

// rowError says where a row stands that has a problem, or that no store can keep; any other error stays as it is.
func rowError(file string, line int, err error) error {
	if p, ok := errors.AsType[problem](err); ok {
		return &RowError{File: file, Line: line, Problem: string(p)}
	}
	if errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrTooLarge) {
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "event 1: "), "gesta: ")
		return &RowError{File: file, Line: line, Problem: strings.TrimPrefix(text, "invalid: "), Cause: err}
	}
	return err
}
