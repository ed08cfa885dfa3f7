package history

import (
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Clock says what now is, and in which zone times are meant that name none.
type Clock struct {
	Now  time.Time
	Zone *time.Location // nil is UTC
}

func (c Clock) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// layouts of times without a zone, tried in order.
var layouts = []string{
	"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04",
	"2006-01-02", "2006-01",
}

// zoned are layouts of times with a zone, beside RFC 3339.
var zoned = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04Z07:00",
	"2006-01-02 15:04:05.999999999 Z07:00", "2006-01-02 15:04 Z07:00",
}

// Time reads a time as people write it: RFC 3339, or a part of it, such as 2026-11-01 or 2026-11-01 10:06; now, today,
// yesterday (both at midnight); monday, the midnight with which the latest Monday began, and last monday, the latest before today;
// 2 hours ago, or 2h ago. What names no zone is meant in the clock's. The result is cut to microseconds
// and lies after the zero time, the first moment of the year 1, and before the year 10000. An error is [store.ErrInvalid].
func (c Clock) Time(text string) (time.Time, error) {
	t, ok := c.parse(strings.TrimSpace(text))
	if !ok {
		return time.Time{}, invalidf("%q is not a time such as 2026-11-01T10:06:00Z, 2026-11-01, yesterday, last friday or 2 hours ago", text)
	}
	if t = store.Time(t); t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, invalidf("the time %q is not between the years 1 and 9999", text)
	}
	return t, nil
}

func (c Clock) parse(s string) (time.Time, bool) {
	for _, layout := range zoned {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, c.zone()); err == nil {
			return t, true
		}
	}
	return c.words(strings.ToLower(s))
}

func (c Clock) words(s string) (time.Time, bool) {
	now := c.Now.In(c.zone())
	midnight := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, c.zone())
	}
	switch s {
	case "now":
		return now, true
	case "today":
		return midnight(0), true
	case "yesterday":
		return midnight(-1), true
	}
	if days, ok := weekdayBefore(now.Weekday(), s); ok {
		return midnight(-days), true
	}
	s, ok := strings.CutSuffix(s, "ago")
	if !ok {
		return time.Time{}, false
	}
	s = strings.TrimSpace(strings.ReplaceAll(s, ".", " ")) // git's 2.hours.ago
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end <= 0 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil || n > 1_000_000_000 {
		return time.Time{}, false
	}
	return back(now, n, strings.TrimSpace(s[end:]))
}

// weekdayBefore returns how many days ago the day was that a word such as monday, mon or last monday names: 0 where it is today, and
// 7 for the last one of the same name.
func weekdayBefore(today time.Weekday, s string) (int, bool) {
	name, last := strings.CutPrefix(s, "last ")
	name = strings.TrimSpace(name)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if full := strings.ToLower(day.String()); name != full && name != full[:3] {
			continue
		}
		days := int(today-day+7) % 7
		if last && days == 0 {
			days = 7
		}
		return days, true
	}
	return 0, false
}

// back goes n units back from now.
func back(now time.Time, n int, unit string) (time.Time, bool) {
	switch strings.TrimSuffix(unit, "s") {
	case "", "sec", "second": // s alone is what is left of "s"
		if unit == "" {
			return time.Time{}, false
		}
		return now.Add(-time.Duration(n) * time.Second), true
	case "m", "min", "minute":
		return now.Add(-time.Duration(n) * time.Minute), n < 100_000_000
	case "h", "hour":
		return now.Add(-time.Duration(n) * time.Hour), n < 2_000_000
	case "d", "day":
		return now.AddDate(0, 0, -n), n < 4_000_000
	case "w", "week":
		return now.AddDate(0, 0, -7*n), n < 500_000
	case "month":
		return now.AddDate(0, -n, 0), n < 100_000
	case "y", "year":
		return now.AddDate(-n, 0, 0), n < 10_000
	}
	return time.Time{}, false
}
