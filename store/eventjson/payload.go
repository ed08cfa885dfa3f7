package eventjson

import (
	"encoding/base64"
	"unicode/utf8"
)

// appendPayload appends the members name and nameBase64 for stored bytes; nothing where there are none.
func appendPayload(dst []byte, name string, stored []byte) []byte {
	if len(stored) == 0 {
		return dst
	}
	compact, isJSON := true, false
	if utf8.Valid(stored) {
		start := skipSpace(stored, 0)
		end, spaced, err := skipValue(stored, start)
		isJSON = err == nil && skipSpace(stored, end) == len(stored)
		compact = start == 0 && !spaced && end == len(stored)
	}
	if isJSON {
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		if compact {
			return append(dst, stored...)
		}
		dst = appendCompact(dst, stored)
	}
	dst = append(append(append(dst, `,"`...), name...), `Base64":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, stored)
	return append(dst, '"')
}

// AppendCompact appends the JSON value that src consists of, without whitespace outside strings and otherwise byte for byte. It returns
// false, and dst as it was, when src is not JSON in valid UTF-8.
func AppendCompact(dst, src []byte) ([]byte, bool) {
	if !Valid(src) {
		return dst, false
	}
	return appendCompact(dst, src), true
}

// Valid says whether b is one JSON value as the package doc defines it, with whitespace around it allowed.
func Valid(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	end, _, err := skipValue(b, skipSpace(b, 0))
	return err == nil && skipSpace(b, end) == len(b)
}

// appendCompact copies src, which is JSON, without whitespace outside strings.
func appendCompact(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		switch c := src[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '"':
			end, _ := skipString(src, i) // src is valid
			dst = append(dst, src[i:end]...)
			i = end
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
