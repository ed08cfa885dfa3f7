package console

import (
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	start := time.Date(2026, 11, 1, 10, 6, 0, 700_000_000, time.UTC)
	ran := span{start: start, end: start.Add(3 * time.Second)}
	const (
		v7during = "01a19692-b9fc-7c3d-9f00-2f6d1c0a9b11" // 10:06:00.700
		v7before = "01a19692-b902-7c3d-9f00-2f6d1c0a9b11" // 10:06:00.450
		v4       = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
		v5       = "6ba7b810-9dad-51d1-80b4-00c04fd430c8"
		other    = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"
	)
	tests := []struct {
		name, want, got string
		ok              bool
	}{
		{"nothing", "", "", true},
		{"nothing shown", "", "a\n", false},
		{"nothing printed", "a\n", "", false},
		{"equal", "a b\nc\n", "a b\nc\n", true},
		{"a missing end", "a", "a\n\n", true},
		{"a blank line", "a\n\nb\n", "a\nb\n", false},
		{"white space at the end of a line", "a\nb\n", "a  \nb\n", true},
		{"white space inside", "a b\n", "a  b\n", false},
		{"no pattern", "a.*[b]\n", "aXXb\n", false},
		{"more lines", "a\n", "a\nb\n", false},
		{"fewer lines", "a\nb\n", "a\n", false},

		{"any lines", "a\n...\nz\n", "a\nb\nc\nz\n", true},
		{"any lines, none", "a\n...\nz\n", "a\nz\n", true},
		{"any lines, tried again", "...\na\nb\n...\nz\n", "a\na\nb\nz\nz\n", true},
		{"any lines, not the last", "a\n...\nz\n", "a\nb\n", false},
		{"any lines, not more", "...\nz\n", "z\nb\n", false},
		{"any lines at the end", "a\n...\n", "a\n", true},
		{"any lines alone", "...\n", "", true},
		{"dots inside a line", "a ...\n", "a b c\n", false},
		{"any text", "a … z\n", "a b c z\n", true},
		{"any text, none", "a…z\n", "az\n", true},
		{"any text, another end", "a … z\n", "a b y\n", false},

		{"a time during", "at 2025-01-01T00:00:00.5Z ok\n", "at 2026-11-01T10:06:01.25Z ok\n", true},
		{"the second of the start", "2025-01-01T00:00:00Z\n", "2026-11-01T10:06:00Z\n", true},
		{"a time before", "2025-01-01T00:00:00Z\n", "2026-11-01T10:05:59Z\n", false},
		{"a time after", "2025-01-01T00:00:00Z\n", "2026-11-01T10:06:05Z\n", false},
		{"an old time, equal", "2011-10-01T00:38:44.546Z\n", "2011-10-01T00:38:44.546Z\n", true},
		{"an old time, different", "2011-10-01T00:38:44.546Z\n", "2011-10-01T00:38:44.547Z\n", false},
		{"a time, no zone", "2025-01-01 00:00:00\n", "2026-11-01 10:06:02\n", true},
		{"another zone", "2025-01-01T00:00:00Z\n", "2026-11-01T12:06:02+02:00\n", true},
		{"a minute", "2025-01-01 00:00\n", "2026-11-01 10:06\n", true},
		{"a day", "2025-01-01\n", "2026-11-01\n", true},
		{"a day before", "2025-01-01\n", "2026-10-31\n", false},
		{"a time cut short on the page", "2026-…Z end\n", "2026-11-01T10:06:01Z end\n", true},
		{"a time where the page has none", "now\n", "2026-11-01T10:06:01Z\n", false},

		{"an id during", other + "\n", v7during + "\n", true},
		{"an id before", other + "\n", v7before + "\n", false},
		{"an old id, equal", v7before + "\n", v7before + "\n", true},
		{"a random id", other + "\n", v4 + "\n", true},
		{"a derived id", other + "\n", v5 + "\n", false},
		{"a time where the page has an id", other + "\n", "2026-11-01T10:06:01Z\n", false},
		{"both", `{"id":"` + other + `","at":"2025-01-01T00:00:00Z","n":1}`, `{"id":"` + v7during + `","at":"2026-11-01T10:06:01.1Z","n":1}`, true},
		{"both, and a difference", `{"id":"` + other + `","at":"2025-01-01T00:00:00Z","n":1}`, `{"id":"` + v7during + `","at":"2026-11-01T10:06:01.1Z","n":2}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := matches(tt.want, tt.got, ran); got != tt.ok {
				t.Errorf("matches(%q, %q) = %t", tt.want, tt.got, got)
			}
		})
	}
}
