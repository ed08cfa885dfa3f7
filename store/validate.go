package store

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErasureStream is the stream of the events that record erasures. Only the power [Eraser] writes it: an Append to it is
// [ErrInvalid].
const ErasureStream = "$erasure"

// Validate says whether a store can take the commit at all: an [ErrInvalid] names what is malformed, an [ErrTooLarge]
// what is beyond the default limits. It judges no guard.
func (c *Commit) Validate() error {
	for i := range c.Events {
		if c.Events[i].Stream == ErasureStream {
			return fmt.Errorf("event %d: %w", i+1, invalidf("the stream %s is written by erasing alone", ErasureStream))
		}
	}
	return ValidateRestored(c)
}

// ValidateRestored is Validate for a commit that a backend restores, or makes to record erasures: it may write [ErasureStream].
func ValidateRestored(c *Commit) error {
	if err := c.validateKey(); err != nil {
		return err
	}
	if t := c.Tracking; t != nil {
		if err := t.Validate(); err != nil {
			return err
		}
	}
	size := len(c.Key)
	for i := range c.Events {
		e := &c.Events[i]
		if err := e.Validate(); err != nil {
			return fmt.Errorf("event %d: %w", i+1, err)
		}
		if size += EventBytes(e); size > MaxCommitBytes {
			return tooLarge("commit", "bytes", size, MaxCommitBytes)
		}
	}
	return validateGuards(c.Guards)
}

func (c *Commit) validateKey() error {
	if c.Key == "" {
		return nil
	}
	if len(c.Events) == 0 {
		return invalidf("a commit without events cannot have a key")
	}
	return validateName("key", c.Key)
}

// Validate returns an [ErrInvalid] or [ErrTooLarge] for a source or position that no store can keep.
func (t *Tracking) Validate() error {
	if err := validateName("tracking source", t.Source); err != nil {
		return err
	}
	if t.Position == 0 || t.Position > uint64(MaxPosition) {
		return invalidf("tracking position %d is not between 1 and 2^53-1", t.Position)
	}
	return nil
}

// Validate returns an [ErrInvalid] or [ErrTooLarge] for an event that no store can keep.
func (e *Event) Validate() error {
	if err := validateName("type", e.Type); err != nil {
		return err
	}
	if e.Stream != "" {
		if err := validateName("stream", e.Stream); err != nil {
			return err
		}
	}
	if e.ID != "" && !IsID(e.ID) {
		return invalidf("id %q is not a UUID in lower-case canonical text", clip(e.ID))
	}
	if e.ContentType != "" {
		if err := validateName("content type", e.ContentType); err != nil {
			return err
		}
	}
	for _, t := range e.Tags {
		if err := validateName("tag", t); err != nil {
			return err
		}
	}
	if err := validateEffective(e.EffectiveAt); err != nil {
		return err
	}
	if n := EnvelopeBytes(e); n > MaxEnvelopeBytes {
		return tooLarge("event envelope", "bytes", n, MaxEnvelopeBytes)
	}
	if n := EventBytes(e); n > MaxEventBytes {
		return tooLarge("event", "bytes", n, MaxEventBytes)
	}
	return nil
}

func validateGuards(guards []Guard) error {
	if len(guards) > MaxGuards {
		return tooLarge("commit", "guards", len(guards), MaxGuards)
	}
	parts := 0
	for i, g := range guards {
		var err error
		switch g := g.(type) {
		case StreamAt:
			err = validateStreamAt(g)
		case StreamExists:
			err = validateName("stream", g.Stream)
		case NoneMatch:
			if parts += g.Query.parts(); parts > MaxQueryParts {
				return tooLarge("guards", "query parts", parts, MaxQueryParts)
			}
			err = g.Query.Validate()
		default:
			err = invalidf("guard of unknown kind %T", g)
		}
		if err != nil {
			return fmt.Errorf("guard %d: %w", i+1, err)
		}
	}
	return nil
}

func validateStreamAt(g StreamAt) error {
	if g.Version > uint64(MaxPosition) {
		return invalidf("version %d is above 2^53-1", g.Version)
	}
	return validateName("stream", g.Stream)
}

func (q Query) parts() int {
	n := 0
	for i := range q {
		n += 1 + len(q[i].Types) + len(q[i].Tags)
	}
	return n
}

// validateName checks what is said of every name: valid UTF-8 without control characters, 1 to MaxNameBytes bytes.
func validateName(what, s string) error {
	switch {
	case s == "":
		return invalidf("%s is empty", what)
	case len(s) > MaxNameBytes:
		return tooLarge(what, "bytes", len(s), MaxNameBytes)
	case isPrintableASCII(s): // most names, in one pass
		return nil
	case !utf8.ValidString(s):
		return invalidf("%s %q is not valid UTF-8", what, clip(s))
	case strings.ContainsFunc(s, unicode.IsControl):
		return invalidf("%s %q has a control character", what, clip(s))
	}
	return nil
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// IsID says whether s is a UUID in lower-case canonical text: 36 characters, hexadecimal digits in groups of 8, 4, 4, 4 and 12.
func IsID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	digits := 0
	for i := range len(s) {
		digits += int(isHex[s[i]])
	}
	return digits == 32
}

// isHex is 1 for lower-case hexadecimal digits.
var isHex = func() (t [256]uint8) {
	for _, c := range []byte("0123456789abcdef") {
		t[c] = 1
	}
	return t
}()

var maxEffective = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// validateEffective checks that t, cut to microseconds, lies after the zero time and before the year 10000; the zero time means not given.
func validateEffective(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	if cut := u.Truncate(time.Microsecond); cut.Before(maxEffective) && cut.After(time.Time{}) {
		return nil
	}
	return invalidf("effective time %s is not between the years 1 and 9999", u.Format(time.RFC3339Nano))
}

func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}
