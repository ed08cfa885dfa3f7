package console

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A span is the time in which a page has run so far.
type span struct{ start, end time.Time }

// What came into being in the span is replaced by these before a line is compared: nothing prints them.
const (
	newTime = "\x00time\x00"
	newID   = "\x00id\x00"
)

var (
	moment = regexp.MustCompile(`\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?`)
	id     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
)

// layouts are the forms of a moment, with a T before the hour, and how fine each is. Fractions of a second are read too,
// but not told apart: zeros at their end may have been left out.
var layouts = []struct {
	layout    string
	precision time.Duration
}{
	{"2006-01-02T15:04:05Z07:00", time.Second},
	{"2006-01-02T15:04:05", time.Second},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02", 24 * time.Hour},
}

// forget replaces the times and ids that came into being in the span.
func forget(line string, ran span) string {
	line = id.ReplaceAllStringFunc(line, func(s string) string {
		if s[14] == '4' || ran.holds(idTime(s), time.Millisecond) {
			return newID
		}
		return s
	})
	return moment.ReplaceAllStringFunc(line, func(s string) string {
		for _, l := range layouts {
			t, err := time.ParseInLocation(l.layout, strings.Replace(s, " ", "T", 1), time.UTC)
			if err == nil && ran.holds(t, l.precision) {
				return newTime
			}
		}
		return s
	})
}

// holds tells whether a time that was cut off to a precision lies in the span.
func (r span) holds(t time.Time, precision time.Duration) bool {
	return !t.Before(r.start.Truncate(precision)) && !t.After(r.end)
}

// idTime is the time in a UUID of version 7: its first 48 bits count milliseconds since 1970.
func idTime(s string) time.Time {
	ms, err := strconv.ParseInt(s[:8]+s[9:13], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}
