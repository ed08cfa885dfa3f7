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
		"rev-parse 2", "rev-parse 4", "rev-parse 1..3", "rev-parse 2..HEAD", "rev-parse ..3", "rev-parse @{2026-11-01T10:02:00Z}", "rev-parse order-1@{2026-11-01T10:02:00Z}",
		"rev-parse order-1@{2026-11-01T10:02:00Z}..", "rev-parse tag:old@{2026-11-01T10:02:00Z}", "rev-parse tag:new@{2026-11-01T10:05:30Z}", "rev-parse order-9",
		"show 3", "show 4 --commit", "show order-1@{2026-11-01T10:02:00Z}", "show tag:old@{2026-11-01T10:02:00Z}", "trace 2", "trace order-1 --known-at 2026-11-01T10:02:00Z",
		"log 3", "log 4", "log 1..3", "log ..3", "log order-1@{2026-11-01T10:02:00Z}", "log tag:old@{2026-11-01T10:02:00Z}", "log --known-at 2026-11-01T10:02:00Z", "grep x 4", "shortlog 4",
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
		{"log --oneline 4..", "", ""},
		{"log --oneline order-2@{2026-11-01T10:05:30Z}", "", begins},
		{"rev-parse 5", "5\t5\t3\torder-1\n", ""},
		{"rev-parse 0", "0\t-\t-\t-\n", ""},
		{"rev-parse 4..5", "4..5\t5\t3\torder-1\n", ""},
		{"rev-parse order-1@{2026-11-01T10:06:30Z}", "5\t5\t3\torder-1\n", ""},
		{"rev-parse order-2@{2026-11-01T10:02:00Z}", "0\t-\t-\t-\n", ""},
		{"rev-parse tag:old --json --jq .items[]|[.position,.version,.stream]", "[8,null,null]\n", ""},
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

// What events of streams changed that have lost their first events is not known: log says so, and tells of the others.
func TestTruncatedChanges(t *testing.T) {
	const (
		untold  = "what events of 1 stream changed is not known: their first events were truncated away; the first position left is 5"
		leftOut = "1 stream was left out: the first events were truncated away; the first position left is 5"
	)
	c := truncatedCLI(t)
	for _, tt := range []struct{ line, stdout, warning string }{
		{"log -p --json --jq [.truncatedStreams,(.items[]|[.position,.truncated,(.changes|length)])]", "[1,[8,true,0],[7,null,1],[6,null,1],[5,true,0]]\n", untold},
		{"log -p 5.. --reverse --json --jq [.truncatedStreams,(.items[]|[.position,.truncated,(.changes|length)])]", "[1,[6,null,1],[7,null,1],[8,true,0]]\n", untold},
		{"log -p 5.. -n 2 --ndjson --jq [.position,.truncated]", "[8,true]\n[7,null]\n", untold},
		{"log -p 5..7 --json --jq .truncatedStreams", "null\n", ""},
		{"log -p 7.. --oneline", "#8  2026-11-01 10:08:00Z  order-1@4  Set    truncated\n", untold},
		{"log -p 7..", "what it changed is not known", untold},
		{"log -S due --json --jq [.truncatedStreams,(.items[]|[.position,.changes[0].new])]", "[1,[7,-7],[6,7]]\n", leftOut},
		{"log -S due --json=position --jq [.truncatedStreams,.items[].position]", "[1,7,6]\n", leftOut},
		{"log -S city --oneline", "", leftOut},
	} {
		args := strings.Fields(tt.line)
		stdout, stderr, code := c.run(t.Context(), "", append([]string{"-q"}, args...)...)
		whole := strings.HasSuffix(tt.stdout, "\n") || tt.stdout == ""
		if code != exitOK || whole && stdout != tt.stdout || !strings.Contains(stdout, tt.stdout) || tt.warning == "" && stderr != "" || !strings.Contains(stderr, tt.warning) {
			t.Errorf("gesta %s: exit code %d\n%s%s", tt.line, code, stdout, stderr)
		}
	}
}

// Nothing found is no answer where streams were left out: --exit-code says so.
func TestTruncatedExitCode(t *testing.T) {
	c := truncatedCLI(t)
	for _, tt := range []struct {
		line   string
		code   int
		stderr string
	}{
		{"diff 7..HEAD", exitGone, "1 stream has events between the two points, 0 states differ, 1 left out\n"},
		{"diff 5..HEAD", exitFound, "2 streams have events between the two points, 1 state differs, 1 left out\n"},
		{"diff 5..7", exitFound, "1 stream has events between the two points, 1 state differs\n"},
		{"diff 6..6", exitOK, "0 streams have events between the two points, 0 states differ\n"},
		{"diff 7..HEAD --json", exitGone, `{"error":{"code":"truncated","message":"nothing was found, but 1 stream was left out","hint":`},
		{"bisect --expr state.due>100", exitGone, "0 of 1 stream in which it comes to hold, 2 left out; 2 events looked at\n"},
		{"bisect --expr state.due>100 --all", exitGone, "0 flips in 2 events of 1 stream, 2 left out\n"},
		{"bisect --expr state.due<0", exitFound, "1 of 1 stream in which it comes to hold, 2 left out; 2 events looked at\n"},
		{"bisect --expr state.due>100 order-2", exitOK, "0 of 1 stream in which it comes to hold; 2 events looked at\n"},
		{"bisect --expr state.due>100 --json", exitGone, `{"error":{"code":"truncated","message":"nothing was found, but 2 streams were left out","hint":`},
	} {
		_, stderr, code := c.run(t.Context(), "", append(strings.Fields(tt.line), "--exit-code")...)
		if code != tt.code || !strings.Contains(stderr, tt.stderr) {
			t.Errorf("gesta %s --exit-code: exit code %d, %s", tt.line, code, stderr)
		}
		if _, stderr, code := c.run(t.Context(), "", strings.Fields(tt.line)...); code != exitOK {
			t.Errorf("gesta %s: exit code %d, %s", tt.line, code, stderr)
		}
	}
}

// What is said to do next can be done.
func TestTruncatedHints(t *testing.T) {
	c := truncatedCLI(t)
	for line, want := range map[string]string{
		"show 3":                     "gesta: position 3 was truncated away; the first position left is 5\nhint: ask from position 5 on\n",
		"trace 3":                    "gesta: position 3 was truncated away; the first position left is 5\nhint: ask from position 5 on\n",
		"log 2..3":                   "gesta: position 2 was truncated away; the first position left is 5\nhint: ask from position 5 on\n",
		"log 3":                      "gesta: position 3 was truncated away; the first position left is 5\nhint: ask from position 5 on\n",
		"state order-1 --known-at 0": "hint: gesta log order-1 shows the events that are left\n",
	} {
		if _, stderr, code := c.run(t.Context(), "", strings.Fields(line)...); code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("gesta %s: exit code %d, %s", line, code, stderr)
		}
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
