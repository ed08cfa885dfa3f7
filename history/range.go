package history

import (
	"strings"
)

// Range is what lies after one address and at or below another, both of the same subject.
type Range struct {
	From, To Address
	FromSet  bool // otherwise it begins with the first event
}

// CutRange cuts A..B outside quotes and braces; false for a text that is no range.
func CutRange(text string) (from, to string, ok bool) {
	quoted, braced := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' && i > 0 && text[i-1] == '@':
			braced = true
		case c == '}':
			braced = false
		case !braced && strings.HasPrefix(text[i:], ".."):
			return text[:i], text[i+2:], true
		}
	}
	return "", "", false
}

// ParseRange reads A..B: what lies after A, up to B. An empty A is the start, an empty B the end. B may leave out the name that A has:
// order-42@3..7 is order-42@3..order-42@7. An error is [store.ErrInvalid].
func ParseRange(text string, c Clock) (Range, error) {
	left, right, ok := CutRange(text)
	if !ok {
		return Range{}, invalidf("%q is not a range such as order-42@3..7", text)
	}
	var (
		r   Range
		err error
	)
	if left != "" {
		r.FromSet = true
		if r.From, err = Parse(left, c); err != nil {
			return r, err
		}
	}
	if r.To, err = parseRight(&r, right, c); err != nil {
		return r, err
	}
	if !r.FromSet {
		r.From = Address{Subject: r.To.Subject, Name: r.To.Name}
	}
	if r.From.Subject != r.To.Subject || r.From.Name != r.To.Name {
		return r, invalidf("the range %q has two subjects: both sides are points of one stream, one tag, or the store", text)
	}
	return r, nil
}

// parseRight reads the right side of a range, which may leave out the name of the left one.
func parseRight(r *Range, right string, c Clock) (Address, error) {
	if !r.FromSet || r.From.Subject == WholeStore {
		if right == "" {
			right = "HEAD"
		}
		return Parse(right, c)
	}
	to := Address{Subject: r.From.Subject, Name: r.From.Name, Literal: r.From.Literal, Forced: r.From.Forced, text: right}
	switch {
	case right == "" || right == "HEAD":
		return to, nil
	case strings.Trim(right, "0123456789") == "":
		n, err := parseNumber(right)
		to.Point = Point{Kind: AtVersion, N: n}
		return to, err
	}
	if m := suffixForm.FindStringSubmatch("x" + right); m != nil && m[1] == "x" {
		p, err := parseSuffix(right, c)
		to.Point = p
		return to, err
	}
	return Parse(right, c)
}
