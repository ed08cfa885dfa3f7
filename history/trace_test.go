package history_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func traceID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

func linked(stream string, id int, metadata string) store.Event {
	e := event(stream, "A", `{}`)
	e.ID, e.Metadata = traceID(id), []byte(metadata)
	return e
}

// noIDs is a store without the power to find events by id.
type noIDs struct{ store.Store }

func trace(t *testing.T, s store.Store, position store.Position, o history.TraceOptions) []string {
	t.Helper()
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{After: position - 1, Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		found, err := history.Trace(t.Context(), s, &r, o)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range found {
			out = append(out, fmt.Sprintf("#%d of #%d %s %d", f.Event.Position, f.Parent, f.Via, f.Depth))
		}
		return out
	}
	t.Fatalf("there is no event at %d", position)
	return nil
}

func TestTrace(t *testing.T) {
	s := newFixture(t)
	s.commit(linked("a-1", 1, `{"correlationId":"r"}`))                                                                             // #1
	s.commit(linked("a-1", 2, `{"causationId":"`+traceID(1)+`","correlationId":"r"}`), linked("b-1", 3, `{"x":1}`))                 // #2 #3
	s.commit(linked("b-1", 4, `{ "$causationId" : "`+traceID(2)+`" }`))                                                             // #4
	s.commit(linked("b-1", 5, `{"causationId":"`+traceID(5)+`"}`), linked("", 6, `{"causationId":"`+traceID(4)+`"}`))               // #5 #6
	s.commit(linked("c-1", 7, `{"caus\u0061tionId":"`+traceID(6)+`"}`), linked("c-1", 8, `{"n":{"causationId":"`+traceID(6)+`"}}`)) // #7 #8
	s.commit(linked("c-1", 9, `{"correlationId":"r"}`))                                                                             // #9
	s.commit(linked("c-1", 10, `{"causationId":"`+traceID(9)+`"}`))                                                                 // #10
	s.commit(linked("c-1", 11, `not json "causationId":"`+traceID(9)+`"`), linked("d", 12, `{"correlationId":"`+traceID(4)+`"}`))   // #11 #12
	tests := []struct {
		at   store.Position
		o    history.TraceOptions
		want []string
	}{
		{1, history.TraceOptions{}, []string{"#1 of #0  0", "#2 of #1 causation 1", "#4 of #2 causation 2", "#6 of #4 causation 3", "#7 of #6 causation 4", "#9 of #1 correlation 1", "#10 of #9 causation 2"}},
		{2, history.TraceOptions{}, []string{"#1 of #2 causation -1", "#2 of #0  0", "#4 of #2 causation 1", "#6 of #4 causation 2", "#7 of #6 causation 3", "#9 of #2 correlation 1", "#10 of #9 causation 2"}},
		{4, history.TraceOptions{}, []string{"#1 of #2 causation -2", "#2 of #4 causation -1", "#4 of #0  0", "#6 of #4 causation 1", "#7 of #6 causation 2", "#12 of #4 correlation 1"}},
		{5, history.TraceOptions{}, []string{"#5 of #0  0"}},
		{9, history.TraceOptions{}, []string{"#1 of #9 correlation -1", "#2 of #9 correlation -1", "#9 of #0  0", "#10 of #9 causation 1"}},
		{12, history.TraceOptions{}, []string{"#4 of #12 correlation -1", "#12 of #0  0"}},
		{4, history.TraceOptions{Depth: 1}, []string{"#2 of #4 causation -1", "#4 of #0  0", "#6 of #4 causation 1", "#12 of #4 correlation 1"}},
		{4, history.TraceOptions{After: 1, Until: 6}, []string{"#2 of #4 causation -1", "#4 of #0  0", "#6 of #4 causation 1"}},
	}
	for _, tt := range tests {
		for name, from := range map[string]store.Store{"with ids": s, "without": noIDs{s}} {
			if diff := cmp.Diff(tt.want, trace(t, from, tt.at, tt.o)); diff != "" {
				t.Errorf("trace of %d with %+v, %s (-want +got):\n%s", tt.at, tt.o, name, diff)
			}
		}
	}
}

// link is an event of a random history as brute force sees it.
type link struct {
	position               store.Position
	id, cause, correlation string
}

// bruteTrace follows links in the simplest way: it looks at all events again until nothing more is found.
func bruteTrace(all []link, root link, depth int) (out []string) {
	found := map[store.Position]string{root.position: fmt.Sprintf("#%d of #0  0", root.position)}
	for child, d := root, -1; child.cause != "" && (depth == 0 || -d <= depth); d-- {
		at := -1
		for i, l := range all {
			if l.position < child.position && l.id == child.cause {
				at = i
			}
		}
		if at < 0 {
			break
		}
		found[all[at].position] = fmt.Sprintf("#%d of #%d causation %d", all[at].position, child.position, d)
		child = all[at]
	}
	depths := map[store.Position]int{root.position: 0}
	for _, l := range all {
		belongs := root.correlation != "" && (l.correlation == root.correlation || l.id == root.correlation)
		if l.position < root.position {
			if _, cause := found[l.position]; belongs && !cause && root.correlation != root.id {
				found[l.position] = fmt.Sprintf("#%d of #%d correlation -1", l.position, root.position)
			}
			continue
		}
		if l.position == root.position {
			continue
		}
		parent, via := store.Position(0), "causation"
		for _, p := range all {
			if _, in := depths[p.position]; in && p.position < l.position && p.id == l.cause {
				parent = p.position
			}
		}
		if parent == 0 && (belongs || l.correlation == root.id) {
			parent, via = root.position, "correlation"
		}
		if d := depths[parent] + 1; parent != 0 && (depth == 0 || d <= depth) {
			depths[l.position] = d
			found[l.position] = fmt.Sprintf("#%d of #%d %s %d", l.position, parent, via, d)
		}
	}
	for _, l := range all {
		if text, ok := found[l.position]; ok {
			out = append(out, text)
		}
	}
	return out
}

func TestTraceAgainstBruteForce(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 3))
		s := memory.New(memory.Options{Clock: func() time.Time { return day(1) }})
		t.Cleanup(func() { _ = s.Close() })
		var all []link
		n := 5 + random.IntN(60)
		for i := range n {
			// Ids repeat, name what comes later, themselves, or nothing.
			l := link{position: store.Position(i + 1), id: traceID(random.IntN(n))}
			var members []string
			if random.IntN(3) > 0 {
				l.cause = traceID(random.IntN(n))
				members = append(members, fmt.Sprintf(`"causationId":%q`, l.cause))
			}
			switch random.IntN(4) {
			case 0:
				l.correlation = fmt.Sprintf("r%d", random.IntN(5))
			case 1:
				l.correlation = traceID(random.IntN(n))
			}
			if l.correlation != "" {
				members = append(members, fmt.Sprintf(`"$correlationId": %q`, l.correlation))
			}
			e := event(fmt.Sprintf("s-%d", random.IntN(4)), "A", `{}`)
			e.ID, e.Metadata = l.id, []byte("{"+strings.Join(members, ",")+"}")
			if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
		for _, root := range all {
			depth := random.IntN(4)
			if diff := cmp.Diff(bruteTrace(all, root, depth), trace(t, s, root.position, history.TraceOptions{Depth: depth})); diff != "" {
				t.Fatalf("seed %d: trace of %+v, depth %d (-want +got):\n%s", seed, root, depth, diff)
			}
		}
	}
}

func TestLinks(t *testing.T) {
	for metadata, want := range map[string]history.Links{
		``:                                       {},
		`{"causationId":"a"}`:                    {Cause: "a"},
		`{"$causationId":"a","causationId":"b"}`: {Cause: "b"},
		`{"$correlationId":"c"}`:                 {Correlation: "c"},
		`{"CausationId":"a"}`:                    {},
		`{"causationId":1,"correlationId":"é\u00e9"}`: {Correlation: "éé"},
		`["causationId"]`: {},
	} {
		r := store.Recorded{Event: store.Event{Metadata: []byte(metadata)}}
		if got := history.LinksOf(&r); got != want {
			t.Errorf("links of %s: %+v, want %+v", metadata, got, want)
		}
	}
}

func TestGraph(t *testing.T) {
	nodes := []history.Node{
		{ID: "9", Links: history.Links{Cause: "5"}},
		{ID: "8", Links: history.Links{Correlation: "r"}},
		{ID: "7", Links: history.Links{Cause: "5"}},
		{ID: "6", Links: history.Links{Cause: "none", Correlation: "r"}},
		{ID: "5", Links: history.Links{Cause: "1"}},
		{ID: "4"},
		{ID: "r"},
		{ID: "1"},
	}
	draw := func(lanes, window int) []string {
		var out []string
		rows := history.Graph(func(yield func(history.Node, error) bool) {
			for _, n := range nodes {
				if !yield(n, nil) {
					return
				}
			}
		}, func(n *history.Node) history.Node { return *n }, lanes, window)
		for row, err := range rows {
			if err != nil {
				t.Fatal(err)
			}
			line := ""
			for _, c := range row.Cells {
				mark := []string{".", "|", "*", "'"}[c.Kind]
				if c.Ends {
					mark = "o"
				}
				if c.Dotted {
					mark = map[string]string{"|": ":", "'": ","}[mark]
				}
				line += mark
				if c.Right {
					line += "-"
				}
			}
			out = append(out, line+" "+row.Value.ID)
		}
		return out
	}
	if diff := cmp.Diff([]string{"* 9", "|* 8", "|:* 7", "|*| 6", "*-:-' 5", "|:o 4", "|o r", "o 1"}, draw(9, 100)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"* 9", "|o 8", "|o 7", "|o 6", "* 5", "|o 4", "|o r", "o 1"}, draw(1, 100)); diff != "" {
		t.Errorf("with one lane (-want +got):\n%s", diff)
	}
	if got := draw(9, 0); !slices.Equal(got, []string{"o 9", "o 8", "o 7", "o 6", "o 5", "o 4", "o r", "o 1"}) {
		t.Errorf("without a look ahead: %q", got)
	}
}
