package httpapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// decodeStrictly reads a JSON object without members that are unknown or come twice.
func decodeStrictly(b []byte, v any) error {
	if err := json.Unmarshal(b, v, json.RejectUnknownMembers(true)); err != nil {
		return usagef("%s", misfit(err))
	}
	return nil
}

// misfit says what is wrong with a JSON value that could not be read, in the words of who sent it.
func misfit(err error) string {
	wrong, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "json: "), "jsontext: ")
	}
	where := clip(string(wrong.JSONPointer))
	kind := "value"
	switch wrong.JSONKind {
	case '[', ']':
		kind = "array"
	case '{', '}':
		kind = "object"
	case 'n', 't', 'f', '"', '0':
		kind = wrong.JSONKind.String()
	default:
	}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		return "there is no member " + where
	case where == "":
		return fmt.Sprintf("the body is a JSON %s, which does not fit", kind)
	}
	return fmt.Sprintf("%s is a JSON %s that does not fit", where, kind)
}
