package history

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Subject says what kind of thing an address is about.
type Subject int

// The subjects.
const (
	WholeStore Subject = iota
	Stream
	Tag
)

// Point is a place in the history of a subject.
type Point struct {
	Kind PointKind
	N    uint64 // of AtVersion, Back and AtPosition
	Time time.Time
}

// PointKind says how a point is given.
type PointKind int

// The kinds of points. The zero value is the end of the history.
const (
	AtEnd      PointKind = iota
	AtVersion            // after N events of the subject
	Back                 // N events before the end
	AtTime               // what was recorded at or before Time
	AtPosition           // up to position N of the store
)

// Address is what a person points at, as it is written. [Resolve] looks it up.
type Address struct {
	Subject Subject
	Name    string // of the stream or tag

	// Literal says that Name was quoted. Forced says that it stood after stream: or tag:.
	Literal, Forced bool

	Point Point

	// Store narrows the subject to what the store held at this point: AtEnd, AtTime or AtPosition.
	Store Point

	text string // as it was written
}

var (
	positionForm = regexp.MustCompile(`^#?[0-9]+$`)
	suffixForm   = regexp.MustCompile(`^(?s:(.+?))(@[0-9]+|~[0-9]+|@\{[^{}]*\})$`)
	headForm     = regexp.MustCompile(`^HEAD(~[0-9]+)?$`)
	momentForm   = regexp.MustCompile(`^@\{[^{}]*\}$`)
)

// Parse reads an address. What stands inside @{ } is read by the clock. An error is [store.ErrInvalid].
func Parse(text string, c Clock) (Address, error) {
	if text == "" {
		return Address{}, invalidf("an address is empty")
	}
	if p, ok, err := parseStorePoint(text, c); ok || err != nil {
		return Address{Point: p, text: text}, err
	}
	a := Address{text: text}
	rest := text
	if ref, after, ok := cutRef(text); ok {
		p, _, err := parseStorePoint(ref, c)
		if err != nil {
			return a, err
		}
		a.Store, rest = p, after
	}
	return a, a.parseSubject(rest, c)
}

// cutRef cuts a point of the store and a colon off the front: 1120:order-42.
func cutRef(text string) (ref, rest string, ok bool) {
	if strings.HasPrefix(text, "@{") {
		ref, rest, ok = strings.Cut(text, "}:")
		return ref + "}", rest, ok && momentForm.MatchString(ref+"}")
	}
	ref, rest, ok = strings.Cut(text, ":")
	return ref, rest, ok && (positionForm.MatchString(ref) || headForm.MatchString(ref))
}

// parseStorePoint reads 1120, #1120, HEAD, HEAD~2 and @{time}; false for anything else.
func parseStorePoint(text string, c Clock) (Point, bool, error) {
	switch {
	case positionForm.MatchString(text):
		n, err := parseNumber(strings.TrimPrefix(text, "#"))
		return Point{Kind: AtPosition, N: n}, true, err
	case headForm.MatchString(text):
		if len(text) == len("HEAD") {
			return Point{}, true, nil
		}
		p, err := parseSuffix(text[len("HEAD"):], c)
		return p, true, err
	case momentForm.MatchString(text):
		p, err := parseSuffix(text, c)
		return p, true, err
	}
	return Point{}, false, nil
}

func (a *Address) parseSubject(rest string, c Clock) error {
	a.Subject = Stream
	if name, ok := strings.CutPrefix(rest, "stream:"); ok {
		a.Forced, rest = true, name
	} else if name, ok := strings.CutPrefix(rest, "tag:"); ok {
		a.Subject, a.Forced, rest = Tag, true, name
	}
	suffix := ""
	switch {
	case strings.HasPrefix(rest, `"`):
		name, after, err := cutQuoted(rest)
		if err != nil {
			return err
		}
		a.Name, a.Literal, suffix = name, true, after
	case rest == "":
		return invalidf("the address %q names nothing", a.text)
	default:
		a.Name = rest
		if m := suffixForm.FindStringSubmatch(rest); m != nil {
			a.Name, suffix = m[1], m[2]
		}
	}
	if suffix == "" {
		return nil
	}
	p, err := parseSuffix(suffix, c)
	a.Point = p
	return err
}

// cutQuoted reads a name in double quotes, in which a backslash stands before a quote or a backslash.
func cutQuoted(s string) (name, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			if i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", invalidf("the address %s has a quote that does not end", s)
}

// parseSuffix reads @7, ~2 or @{time}.
func parseSuffix(s string, c Clock) (Point, error) {
	switch {
	case strings.HasPrefix(s, "@{") && strings.HasSuffix(s, "}"):
		t, err := c.Time(s[2 : len(s)-1])
		return Point{Kind: AtTime, Time: t}, err
	case strings.HasPrefix(s, "@"):
		n, err := parseNumber(s[1:])
		return Point{Kind: AtVersion, N: n}, err
	case strings.HasPrefix(s, "~"):
		n, err := parseNumber(s[1:])
		return Point{Kind: Back, N: n}, err
	}
	return Point{}, invalidf("%q after a name is neither @VERSION, ~EVENTS nor @{TIME}", s)
}

func parseNumber(digits string) (uint64, error) {
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n > uint64(store.MaxPosition) {
		return 0, invalidf("%s is not a number below 2^53", digits)
	}
	return n, nil
}

// String returns the address as it was written.
func (a *Address) String() string { return a.text }

func invalidf(format string, args ...any) error {
	return &store.InvalidError{Problem: fmt.Sprintf(format, args...)}
}
