package main

import (
	"slices"
	"strings"
	"testing"
)

// TestCaseLengths makes streams of different lengths that come to as many events as are wanted.
func TestCaseLengths(t *testing.T) {
	for _, tt := range []struct{ streams, events int }{{13_087, 262_200}, {200, 4_000}, {10, 10}, {3, 1_000}} {
		lengths := caseLengths(tt.streams, tt.events)
		sum := 0
		for _, n := range lengths {
			sum += n
		}
		if sum != tt.events || len(lengths) != tt.streams || slices.Min(lengths) < 1 {
			t.Errorf("%d events in %d streams, the shortest with %d, want %d in %d", sum, len(lengths), slices.Min(lengths), tt.events, tt.streams)
		}
		if tt.streams > 100 && slices.Max(lengths) < 4*tt.events/tt.streams {
			t.Errorf("the longest of %d streams has %d events", tt.streams, slices.Max(lengths))
		}
	}
}

// TestAnswersAreChecked refuses answers that are not those to the question.
func TestAnswersAreChecked(t *testing.T) {
	l := &lab{scale: tinyScale}
	b := &big{plan: planOf(20_000, 16), events: 20_000}
	streams := 0
	for _, tt := range []struct {
		name      string
		check     func(a *answer) error
		good, bad answer
	}{
		{"state", askState(b, 7).check, answer{stdout: string(lastOf(b, 7))}, answer{stdout: string(lastOf(b, 8))}},
		{"log", twentyEvents, answer{stdout: strings.Repeat("#1  a@1\n    {}\n", 20)}, answer{stdout: strings.Repeat("#1  a@1\n    {}\n", 19)}},
		{"completion", askCompletion(b, 123, 2).check, answer{stdout: "order-0000122\norder-0000123\n:36\n"}, answer{stdout: "order-00001\norder-0000122\n:36\n"}},
		{
			"diff", askDiff(b, 1, &streams).check,
			answer{stderr: "1,000 streams have events between the two points, 900 states differ\n"},
			answer{stderr: "20,000 streams have events between the two points, 900 states differ\n"},
		},
		{"blame", blamesLast(l), answer{stdout: "due  3\nn    1999   #2000\n"}, answer{stdout: "n    1998   #1999\n"}},
		{
			"bisect", findsNothing(l),
			answer{stderr: "0 of 1 stream in which it comes to hold; 2,000 events looked at\n"},
			answer{stderr: "0 of 1 stream in which it comes to hold; 1,999 events looked at\n"},
		},
		{
			"bisect that found something", findsNothing(l),
			answer{stderr: "0 of 1 stream in which it comes to hold; 2,000 events looked at\n"},
			answer{stderr: "10 of 1 stream in which it comes to hold; 2,000 events looked at\n"},
		},
	} {
		if err := tt.check(&tt.good); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := tt.check(&tt.bad); err == nil {
			t.Errorf("%s: a wrong answer was taken", tt.name)
		}
	}
	if streams != 20_000 {
		t.Errorf("%d streams were read from the last answer", streams)
	}
}
