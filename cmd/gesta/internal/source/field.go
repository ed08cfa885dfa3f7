package source

import (
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gestadb/gesta/store/eventjson"
)

// kind says what a field's text stands for.
type kind uint8

const (
	kindString kind = iota
	kindOther       // text of another type than string: a date, an id, a type that is not known
	kindNumber
	kindBoolean
	kindRaw // text is JSON already
)

// field is a named value of a row or of a trace.
type field struct {
	name string
	text string
	kind kind
}

// record is a row as it stands in the source.
type record struct {
	line   int
	n      string // the N of the commit key
	fields []field
	trace  *trace // nil in CSV, and for an event outside of a trace
}

// trace is what the events of a trace share.
type trace struct {
	line   int
	fields []field
	size   int // of the texts that were read

	hasFirst   bool
	first      key // of its first event in time
	firstBytes int // the size of that event
}

// appendObject appends fields as a JSON object, in their order. The values of a name that occurs more than once become
// an array where the name first occurs.
func appendObject(dst []byte, fields []field) []byte {
	dst = append(dst, '{')
	for i, group := range grouped(fields) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = eventjson.AppendString(dst, group[0].name)
		dst = append(dst, ':')
		dst = appendValues(dst, group)
	}
	return append(dst, '}')
}

// appendValues appends one value, or an array of several.
func appendValues(dst []byte, fields []field) []byte {
	if len(fields) == 1 {
		return appendValue(dst, &fields[0])
	}
	dst = append(dst, '[')
	for i := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, &fields[i])
	}
	return append(dst, ']')
}

// grouped yields the fields of each name, numbered, in the order in which names first occur.
func grouped(fields []field) iter.Seq2[int, []field] {
	return func(yield func(int, []field) bool) {
		if distinct(fields) {
			for i := range fields {
				if !yield(i, fields[i:i+1]) {
					return
				}
			}
			return
		}
		groups := map[string][]field{}
		for i := range fields {
			groups[fields[i].name] = append(groups[fields[i].name], fields[i])
		}
		n := 0
		for i := range fields {
			group, ok := groups[fields[i].name]
			if !ok {
				continue
			}
			delete(groups, fields[i].name)
			if !yield(n, group) {
				return
			}
			n++
		}
	}
}

// distinct says whether no name occurs twice. It may say no of many fields without looking.
func distinct(fields []field) bool {
	if len(fields) > 64 {
		return false
	}
	for i := range fields {
		if find(fields[:i], fields[i].name) != nil {
			return false
		}
	}
	return true
}

func appendValue(dst []byte, f *field) []byte {
	switch f.kind {
	case kindRaw:
		return append(dst, f.text...)
	case kindNumber:
		if isNumber(f.text) {
			return append(dst, f.text...)
		}
	case kindBoolean:
		if f.text == "true" || f.text == "false" {
			return append(dst, f.text...)
		}
	case kindString, kindOther:
	}
	return eventjson.AppendString(dst, f.text)
}

// isNumber says whether s is a number as JSON writes it.
func isNumber(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	whole := digits(s)
	if whole == 0 || (whole > 1 && s[0] == '0') {
		return false
	}
	s = s[whole:]
	if s != "" && s[0] == '.' {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits returns how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// checkText refuses fields that JSON cannot hold.
func checkText(fields []field) error {
	for i := range fields {
		if !utf8.ValidString(fields[i].text) || !utf8.ValidString(fields[i].name) {
			return problemf("field %s is not valid UTF-8", strconv.Quote(fields[i].name))
		}
	}
	return nil
}

// find returns the first field of a name.
func find(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// blank says whether text has nothing but white space.
func blank(text string) bool { return strings.TrimSpace(text) == "" }
