package eventjson

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
)

// timeLayout is RFC 3339 in UTC with as many digits of the second, up to six, as it takes.
const timeLayout = "2006-01-02T15:04:05.999999Z"

// AppendTime appends t as a JSON string: RFC 3339, UTC, up to microseconds; finer is cut.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = store.Time(t).AppendFormat(dst, timeLayout)
	return append(dst, '"')
}

// FormatTime returns t as [AppendTime] writes it, without quotes.
func FormatTime(t time.Time) string { return store.Time(t).Format(timeLayout) }

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Only the quote, the backslash, and control characters below U+0020 are
// escaped; a byte that is not UTF-8 becomes U+FFFD.
func AppendString(dst []byte, s string) []byte { return appendString(dst, s, false) }

// AppendPath appends a JSON Pointer into a state as a JSON string. Where the name of a member has half of a surrogate pair, a pointer holds the three bytes that UTF-8 would have for it: they are written as
// an escape, such as \ud800, as they are in the state, so that the pointers to two members are two texts. All else is as by [AppendString].
func AppendPath(dst []byte, path string) []byte { return appendString(dst, path, true) }

func appendString(dst []byte, s string, surrogates bool) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			dst = append(dst, s[start:i]...)
			if surrogates && isSurrogate(s[i:]) {
				dst = append(dst, '\\', 'u', 'd', hexDigits[s[i+1]>>2&15], hexDigits[s[i+1]&3<<2|s[i+2]>>4&3], hexDigits[s[i+2]&15])
				i += 3
			} else {
				dst = append(dst, "\uFFFD"...)
				i++
			}
			start = i
			continue
		}
		dst = appendEscape(append(dst, s[start:i]...), c)
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// isSurrogate says whether a text begins with the three bytes that UTF-8 would have for half of a surrogate pair.
func isSurrogate(s string) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func appendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

func appendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

func appendBool(dst []byte, b bool) []byte { return strconv.AppendBool(dst, b) }
