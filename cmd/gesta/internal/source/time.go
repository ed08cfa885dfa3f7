package source

import (
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// layouts are the forms of a time after its date and hour were joined with a T; a fraction
// of a second may follow the seconds in each.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02",
}

// parseTime reads a time as RFC 3339 has it and its usual variants: a space for the T, a space before the zone, minutes alone, a
// date alone, a zone of hours, or no zone, which stands for the one given. It is cut to microseconds.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	s := strings.TrimSpace(text)
	if len(s) > len("2006-01-02") && (s[10] == ' ' || s[10] == 't') {
		s = s[:10] + "T" + s[11:]
	}
	if i := strings.LastIndexByte(s, ' '); i > 10 {
		s = s[:i] + s[i+1:]
	}
	if utc, ok := strings.CutSuffix(s, "UTC"); ok {
		s = utc + "Z"
	}
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, s, zone)
		if err != nil {
			continue
		}
		cut := store.Time(t)
		if cut.IsZero() || cut.Year() < 1 || cut.Year() > 9999 {
			return time.Time{}, problemf("time %q is not between the years 1 and 9999", text)
		}
		return cut, nil
	}
	return time.Time{}, problemf("%q is no time such as 2006-01-02T15:04:05+01:00", clip(text))
}

func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}
