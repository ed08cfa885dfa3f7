package reducer

import (
	"bytes"

	"github.com/gestadb/gesta/internal/decimal"
)

// EqualScalars says whether two JSON texts, each a text, a number, a word, [] or {}, have the same value.
func EqualScalars(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	switch {
	case len(a) == 0 || len(b) == 0:
		return false
	case a[0] == '"' && b[0] == '"':
		escaped := bytes.IndexByte(a, '\\') >= 0 || bytes.IndexByte(b, '\\') >= 0
		return escaped && name(a) == name(b)
	case isNumber(a) && isNumber(b):
		return decimal.Equal(a, b)
	}
	return false
}

func isNumber(b []byte) bool { return b[0] == '-' || b[0] >= '0' && b[0] <= '9' }
