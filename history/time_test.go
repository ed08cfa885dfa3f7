package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

func TestTime(t *testing.T) {
	rome := time.FixedZone("Rome", 3600)
	c := history.Clock{Now: time.Date(2026, 3, 31, 0, 30, 15, 0, rome), Zone: rome}
	tests := []struct{ in, want string }{
		{"2026-11-01T10:06:00.1234567Z", "2026-11-01T10:06:00.123456Z"},
		{"2026-11-01T10:06:00+02:00", "2026-11-01T08:06:00Z"},
		{"2026-11-01T10:05Z", "2026-11-01T10:05:00Z"},
		{"2026-11-01 10:06:00 +02:00", "2026-11-01T08:06:00Z"},
		{"2026-11-01 10:06:00Z", "2026-11-01T10:06:00Z"},
		{"2026-11-01T10:06:00", "2026-11-01T09:06:00Z"},
		{"2026-11-01 10:06", "2026-11-01T09:06:00Z"},
		{"2026-11-01", "2026-10-31T23:00:00Z"},
		{"2026-11", "2026-10-31T23:00:00Z"},
		{"now", "2026-03-30T23:30:15Z"},
		{"today", "2026-03-30T23:00:00Z"},
		{"Yesterday", "2026-03-29T23:00:00Z"},
		{"tuesday", "2026-03-30T23:00:00Z"}, // it is one
		{"last tuesday", "2026-03-23T23:00:00Z"},
		{"Monday", "2026-03-29T23:00:00Z"},
		{"last monday", "2026-03-29T23:00:00Z"},
		{"wednesday", "2026-03-24T23:00:00Z"},
		{"last  Fri", "2026-03-26T23:00:00Z"},
		{"sun", "2026-03-28T23:00:00Z"},
		{"2 hours ago", "2026-03-30T21:30:15Z"},
		{" 1 hour ago ", "2026-03-30T22:30:15Z"},
		{"90m ago", "2026-03-30T22:00:15Z"},
		{"3d ago", "2026-03-27T23:30:15Z"},
		{"1 week ago", "2026-03-23T23:30:15Z"},
		{"2.weeks.ago", "2026-03-16T23:30:15Z"},
		{"2 months ago", "2026-01-30T23:30:15Z"},
		{"10 years ago", "2016-03-30T23:30:15Z"},
		{"15 seconds ago", "2026-03-30T23:30:00Z"},
	}
	for _, tt := range tests {
		got, err := c.Time(tt.in)
		if err != nil || got.Format(time.RFC3339Nano) != tt.want {
			t.Errorf("Time(%q) = %v, %v; want %s", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000009Z", "0000-12-31", "9999 years ago", "soon", "last", "last soon", "mond", "next monday", "hours ago", "2 ago", "-2 days ago", "2 moons ago", "99999999999 hours ago", "2026-13-01", "1120"} {
		if got, err := c.Time(bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Time(%q) = %v, %v; want an error that is ErrInvalid", bad, got, err)
		}
	}
}
