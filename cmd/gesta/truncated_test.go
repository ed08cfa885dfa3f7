package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// truncatedCLI has a store that begins with position 5: order-1 and tag old have lost events, order-9 all of them, order-2 none.
func truncatedCLI(t *testing.T) *cli {
	t.Helper()
	c := newCLI(t)
	add := func(stream, data, tag string) {
		t.Helper()
		if _, err := c.store.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: stream, Type: "Set", Data: []byte(data), Tags: []string{tag}}}}); err != nil {
			t.Fatal(err)
		}
	}
	add("order-1", `{"due":5}`, "old")
	add("order-1", `{"due":-5}`, "old")
	add("order-9", `{"due":-1}`, "old")
	add("order-9", `{"due":-2}`, "old")
	add("order-1", `{"city":"Lyon"}`, "old") // #5
	add("order-2", `{"due":7}`, "new")       // #6
	add("order-2", `{"due":-7}`, "new")      // #7
	add("order-1", `{"city":"Nice"}`, "old") // #8
	if first, err := c.store.Truncate(t.Context(), 4); err != nil || first != 5 {
		t.Fatalf("the store begins with %d, %v", first, err)
	}
	return c
}

// What needs events that were truncated away is refused, and says where the store begins.
func TestTruncatedFolds(t *testing.T) {
	c := truncatedCLI(t)
	for _, line := range []string{
		"state order-1", "state tag:old", "state tag:new", "state order-9", "state order-2 --known-at 2026-10-01", "state order-1 --known-at 2026-11-01T10:02:00Z",
		"state order-1@2", "state tag:old@1", "state tag:old~5", "state order-1 --effective-at 2026-11-05", "state tag:old --effective-at 2026-11-05",
		"at 2026-11-01T10:02:30Z order-1", "at 2026-11-01T10:02:30Z tag:old", "blame order-1", "blame tag:old",
		"diff order-1@3 order-1@4", "diff tag:old tag:new", "diff tag:old order-2", "diff 2..HEAD", "diff ..HEAD", "diff 4..HEAD", "diff @{2026-11-01T10:02:00Z}..HEAD",
		"diff @{2026-11-01T10:02:00Z} HEAD",
		"log -p order-1", "log -p tag:old", "log -p tag:old --reverse", "log -S due order-1", "log -S due tag:old", "log tag:old@2", "log HEAD~7",
		"bisect --expr state.due<0 order-1", "bisect --expr state.due<0 tag:old", "bisect --expr state.due<0 order-1@3..4", "bisect --expr state.due<0 tag:old@5..",
		"bisect --expr state.due<0 2..HEAD", "bisect --expr state.due<0 0..HEAD", "bisect --expr state.due<0 @{2026-11-01T10:02:00Z}..HEAD", "bisect --expr state.due<0 order-9",
		"bisect run order-1 -- false", "bisect run tag:old -- false", "bisect run 2..HEAD -- false", "bisect run 0..HEAD -- false", "bisect run @{2026-11-01T10:02:00Z}..HEAD -- false",
	} {
		args := strings.Fields(line)
		stdout, stderr, code := c.run(t.Context(), "", append([]string{"--json"}, args...)...)
		want := code == exitGone && strings.HasPrefix(stderr, `{"error":{"code":"truncated","message":`) && strings.Contains(stderr, "the first position left is 5") &&
			strings.Contains(stderr, `"hint":`) && strings.Contains(stderr, `"position":5`)
		if strings.HasPrefix(line, "state order-2 ") { // it came later
			want = code == exitNotFound
		}
		if !want || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("gesta %s: exit code %d\n%s%s", line, code, stdout, stderr)
		}
	}
}

// What needs none of them is answered, and says once that the store begins late where it would have looked at them.
func TestTruncatedAnswers(t *testing.T) {
	const begins = "warning: the events before position 5 were truncated away; this begins there\n"
	c := truncatedCLI(t)
	for _, tt := range []struct{ line, stdout, warning string }{
		{"state order-2 --path due", "-7\n", ""},
		{"state order-2@1 --path due", "7\n", ""},
		{"blame order-2 --path due --porcelain", "", ""},
		{"log --oneline -n 1 tag:old", "", ""},
		{"log --oneline tag:old", "", begins},
		{"log --oneline", "", begins},
		{"log --oneline 5..", "", ""},
		{"shortlog", "", begins},
		{"grep Lyon", "", begins},
		{"bisect --expr state.due<0 order-2 --json --jq .items[].position", "7\n", ""},
		{"bisect --expr state.due<0 --json --jq [.streams,.truncatedStreams,.items[].position]", "[1,2,7]\n", "left out: the first events were truncated away; the first position left is 5"},
		{"bisect --expr state.due<0", "", "warning: 2 streams were left out: the first events were truncated away; the first position left is 5\n"},
		{"bisect --expr state.due<0 6.. --json --jq [.streams,.truncatedStreams,.items[].position]", "[1,1,7]\n", "1 stream was left out"},
		{"bisect --expr state.due<0 order-1* --json --jq [.streams,.truncatedStreams]", "[0,1]\n", "1 stream was left out"},
		{"bisect --expr state.due<0 order-2* --json --jq .truncatedStreams", "null\n", ""},
		{"bisect --expr state.due<0 --known-at 7 --json --jq [.streams,.truncatedStreams]", "[1,1]\n", "1 stream was left out"},
		{"diff 5..HEAD --json --jq [.truncatedStreams,.items[].to.stream]", "[1,\"order-2\"]\n", "1 stream was left out"},
		{"diff 5..HEAD --name-only", "order-2\n", "warning: 1 stream was left out"},
		{"bisect run HEAD --json --jq [.from.position,.first.position] -- sh -c test $GESTA_BISECT_POSITION -lt 7", "[5,7]\n", "truncated away; this begins there"},
		{"bisect run 5..HEAD --json --jq [.from.position,.first.position] -- sh -c test $GESTA_BISECT_POSITION -lt 7", "[5,7]\n", ""},
		{"bisect run order-2 --json --jq .first.position -- sh -c test $GESTA_BISECT_POSITION -lt 7", "7\n", ""},
	} {
		args := strings.Fields(tt.line)
		for i, a := range args {
			if a == "-c" { // a script is one argument
				args = append(args[:i+1], strings.Join(args[i+1:], " "))
				break
			}
		}
		stdout, stderr, code := c.run(t.Context(), "", append([]string{"-q"}, args...)...)
		if code != exitOK || tt.stdout != "" && stdout != tt.stdout || tt.warning == "" && stderr != "" || !strings.Contains(stderr, tt.warning) ||
			strings.Count(stderr, "truncated") > 1 {
			t.Errorf("gesta %s: exit code %d\n%s%s", tt.line, code, stdout, stderr)
		}
	}
	_, stderr, code := c.run(t.Context(), "", "bisect", "run", "HEAD", "--", "false")
	if code != exitGone || !strings.Contains(stderr, "position 5 is bad already, and what came before it was truncated away") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// Events without a stream are counted, whichever way the streams are found.
func TestBisectStreamless(t *testing.T) {
	c := newCLI(t)
	c.orders()
	if _, err := c.store.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]int{"": 1, "2..": 1, "--known-at 4": 1, "--known-at 3": 0, "4..": 0, "order-*": 0, "order-42": 0} {
		stdout, stderr, code := c.run(t.Context(), "", append([]string{"bisect", "--expr", "state.due > 1", "--json"}, strings.Fields(line)...)...)
		member := strings.Contains(stdout, fmt.Sprintf(`"streamlessEvents":%d,`, want))
		told := strings.Contains(stderr, `{"warning":{"message":"1 event has no stream, and no part in this; tag:TAG looks at those of a tag"}}`)
		if code != exitOK || told != (want > 0) || member != (want > 0) {
			t.Errorf("bisect %s: exit code %d\n%s%s", line, code, stdout, stderr)
		}
	}
}
