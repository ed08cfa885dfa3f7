package history_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func condition(t testing.TB, text string) *history.Condition {
	t.Helper()
	c, err := history.ParseCondition(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// flipsOf returns the flips.
func flipsOf(t testing.TB, b *history.Bisection) []history.Flip {
	t.Helper()
	var out []history.Flip
	for f, err := range b.Flips(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, *f)
	}
	if len(out) != b.Kept {
		t.Errorf("%d flips are told, %d were kept", len(out), b.Kept)
	}
	return out
}

func flips(all []history.Flip) string {
	var out []string
	for i := range all {
		f := &all[i]
		text := fmt.Sprintf("#%d %s@%d %t", f.Event.Position, f.Event.Stream, f.Event.Version, f.To)
		for j := range f.Changes {
			c := &f.Changes[j]
			text += fmt.Sprintf(" %s %s>%s", c.Path, c.Old, c.New)
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func bisect(t testing.TB, s store.Store, target, expression string, o history.BisectOptions) string {
	t.Helper()
	sel, err := history.Resolve(t.Context(), s, target, clock)
	if err != nil {
		t.Fatal(err)
	}
	b, err := history.Bisect(t.Context(), s, sel, condition(t, expression), o)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d/%d %s", b.Streams, b.Events, flips(flipsOf(t, b)))
}

func TestBisect(t *testing.T) {
	f := newFixture(t)
	f.commit(event("order-1", "Placed", `{"due":10,"items":[{"sku":"a"}]}`, "c:7"))
	paid := event("order-1", "Paid", `{"due":-2}`)
	paid.Metadata = []byte(`{"actor":"psp","n":{"x":1}}`)
	f.commit(paid, event("order-2", "Placed", `{"due":-1}`, "c:7"))
	f.commit(event("order-1", "Noted", `"just text"`))
	f.commit(event("order-1", "Corrected", `{"due":4}`, "c:7"), event("order-1", "Refunded", `{"due":-4,"by":null}`))
	all := history.BisectOptions{All: true}
	tests := []struct {
		target, expression string
		options            history.BisectOptions
		want               string
	}{
		{"order-1", `state.due < 0`, history.BisectOptions{}, `1/2 #2 order-1@2 true /due 10>-2`},
		{"order-1", `state.due < 0`, all, `1/5 #2 order-1@2 true /due 10>-2; #5 order-1@4 false /due -2>4; #6 order-1@5 true /due 4>-4`},
		{"order-1", `state.due < 0`, history.BisectOptions{All: true, Limit: 2}, `1/4 #2 order-1@2 true /due 10>-2; #5 order-1@4 false /due -2>4`},
		{"order-1@2..", `state.due < 0`, history.BisectOptions{}, `1/5 #6 order-1@5 true /due 4>-4`},
		{"order-1@2..4", `state.due < 0`, all, `1/4 #5 order-1@4 false /due -2>4`},
		{"order-1@3", `state.due < 0`, all, `1/3 #2 order-1@2 true /due 10>-2`},
		{"tag:c:7", `state.due < 0`, all, `1/3 #3 order-2@1 true /due 10>-1; #5 order-1@4 false /due -1>4`},
		{"order-1", `state.due - before.due > 7`, all, ``},
		{"order-1", `before.due - state.due == 12`, all, `1/5 #2 order-1@2 true /due 10>-2; #4 order-1@3 false`},
		{"order-1", `event.type == "Noted" && event.data == "just text"`, all, `1/5 #4 order-1@3 true; #5 order-1@4 false /due -2>4`},
		{"order-1", `event.actor == "psp" && event.metadata.n.x == 1 && event.version == 2 && event.position == 2`, history.BisectOptions{}, `1/2 #2 order-1@2 true /due 10>-2`},
		{"order-1", `"c:7" in event.tags && event.tags[0] == "c:7" && event.data.due == 4`, history.BisectOptions{}, `1/4 #5 order-1@4 true /due -2>4`},
		{"order-1", `event.recordedAt >= "2026-11-02" && event.effectiveAt < "2026-11-03" && event.stream like "order-*"`, history.BisectOptions{}, `1/2 #2 order-1@2 true /due 10>-2`},
		{"order-1", `has(state.items[0].sku)`, history.BisectOptions{}, `1/1 #1 order-1@1 true /due >10 /items/0/sku >"a"`},
		{"order-1", `has(before.due) && !has(event.data.due)`, history.BisectOptions{}, `1/3 #4 order-1@3 true`},
		{"order-1", `state.due < 0`, history.BisectOptions{StateOptions: history.StateOptions{Known: history.Known{At: day(1)}}}, `1/1 `},
	}
	for _, tt := range tests {
		want := tt.want
		if want == "" {
			want = "1/5 "
		}
		if got := bisect(t, f, tt.target, tt.expression, tt.options); got != want {
			t.Errorf("%s in %s:\n got %s\nwant %s", tt.expression, tt.target, got, want)
		}
	}
	if _, err := history.ParseCondition(`event.typ == "A"`); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a member that no event has: error = %v, want ErrInvalid", err)
	}
}

func TestBisectEffective(t *testing.T) {
	f := newFixture(t)
	f.commit(event("a-1", "A", `{"n":1}`))
	late := event("a-1", "B", `{"n":5}`)
	late.EffectiveAt = day(1).Add(-time.Hour)
	f.commit(late)
	f.commit(event("a-1", "C", `{"n":6}`))
	o := history.BisectOptions{All: true}
	o.EffectiveAt = day(9)
	if got, want := bisect(t, f, "a-1", "state.n >= 5", o), `1/3 #1 a-1@1 false /n 5>1; #2 a-1@2 true /n >5; #3 a-1@3 true /n 1>6`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBisectStreams(t *testing.T) {
	f := newFixture(t)
	for i := range 30 {
		f.commit(event(fmt.Sprintf("order-%d", i), "Placed", fmt.Sprintf(`{"n":%d}`, i)), event("stock-1", "Counted", `{"n":1}`))
	}
	f.commit(event("", "Noted", `{"n":99}`), event("order-29", "Moved", `{"n":0}`))
	if _, err := f.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	c := condition(t, "state.n >= 27")
	tests := []struct {
		glob         history.Glob
		after, until store.Position
		options      history.BisectOptions
		want         string
	}{
		{"", 0, 62, history.BisectOptions{}, "31/60 #55 order-27@1 true; #57 order-28@1 true; #59 order-29@1 true"},
		{"order-*", 0, 63, history.BisectOptions{All: true}, "30/31 #55 order-27@1 true; #57 order-28@1 true; #59 order-29@1 true; #62 order-29@2 false"},
		{"order-*", 0, 63, history.BisectOptions{All: true, Limit: 2, Workers: 7}, "30/31 #55 order-27@1 true; #57 order-28@1 true"},
		{"order-2?", 0, 56, history.BisectOptions{}, "8/8 #55 order-27@1 true"},
		{"", 57, 62, history.BisectOptions{All: true}, "2/32 #59 order-29@1 true; #62 order-29@2 false"},
		{"none-*", 0, 62, history.BisectOptions{}, "0/0 "},
	}
	for _, tt := range tests {
		b, err := history.BisectStreams(t.Context(), f, tt.glob, tt.after, tt.until, c, tt.options)
		if err != nil {
			t.Fatal(err)
		}
		all := flipsOf(t, b)
		for i := range all {
			all[i].Changes = nil
		}
		got := fmt.Sprintf("%d/%d %s", b.Streams, b.Events, flips(all))
		if got != tt.want {
			t.Errorf("%q after %d until %d with %+v:\n got %s\nwant %s", tt.glob, tt.after, tt.until, tt.options, got, tt.want)
		}
	}
}

// What is kept are the flips at the lowest positions, in whatever order the streams are looked at.
func TestBisectLimit(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"z-1", "m-1", "a-1", "b-1", "y-1"} {
		f.commit(event(name, "A", `{"n":1}`))
	}
	for limit, want := range map[int]string{0: "5 5 [1 2 3 4 5]", 1: "5 5 [1]", 2: "5 5 [1 2]", 4: "5 5 [1 2 3 4]"} {
		b, err := history.BisectStreams(t.Context(), f, "", 0, 5, condition(t, "state.n == 1"), history.BisectOptions{Limit: limit, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		var positions []store.Position
		for _, f := range flipsOf(t, b) {
			positions = append(positions, f.Event.Position)
		}
		if got := fmt.Sprintf("%d %d %d", b.Streams, b.Found, positions); got != want {
			t.Errorf("limit %d: %s, want %s", limit, got, want)
		}
	}
	for _, limit := range []int{-1, history.MaxFlips + 1} {
		if _, err := history.BisectStreams(t.Context(), f, "", 0, 5, condition(t, "true"), history.BisectOptions{Limit: limit}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("limit %d: error = %v, want ErrInvalid", limit, err)
		}
	}
}

// Of several streams that cannot be folded the first is named, whichever failed first.
func TestBisectStreamsFail(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"a-1", "b-1", "c-1", "d-1"} {
		f.commit(event(name, "A", `{"n":1}`))
	}
	for range 20 {
		failed := make(chan struct{})
		o := history.BisectOptions{Workers: 2}
		o.Choose = func(_ context.Context, target string) (reducer.Reducer, error) {
			switch target {
			case "a-1":
				return reducer.MergePatch(), nil
			case "b-1":
				<-failed // the later one fails before
				runtime.Gosched()
			case "c-1":
				close(failed)
			}
			return nil, errors.New("no reducer for " + target)
		}
		if _, err := history.BisectStreams(t.Context(), f, "", 0, 4, condition(t, "state.n == 1"), o); err == nil || err.Error() != "no reducer for b-1" {
			t.Fatalf("error = %v, want that of b-1", err)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, name string
		want       bool
	}{
		{"", "x", true},
		{"*", "", true},
		{"order-*", "order-1", true},
		{"order-*", "order", false},
		{"*-1", "order-1-1", true},
		{"*-1", "order-12", false},
		{"o?der", "oöder", true},
		{"o?der", "oder", false},
		{"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXcYbZ", false},
		{`a\*`, "a*", true},
		{`a\*`, "ab", false},
		{"a", "ab", false},
		{"ab", "a", false},
		{"**", "anything", true},
		{"?", "", false},
		{"é*", "éa", true},
	} {
		if got := history.Glob(tt.glob).Match(tt.name); got != tt.want {
			t.Errorf("%q matches %q: %t, want %t", tt.glob, tt.name, got, tt.want)
		}
		if p := history.Glob(tt.glob).Prefix(); tt.want && !strings.HasPrefix(tt.name, p) {
			t.Errorf("%q is matched by %q, which does not begin with its prefix %q", tt.glob, tt.name, p)
		}
	}
}

// randomStore has streams with nested objects, lists, nulls, equal rewrites, data that is no object, and late and superseding events.
func randomStore(t testing.TB, random *rand.Rand, streams, commits int) *memory.Store {
	t.Helper()
	now := day(1)
	s := memory.New(memory.Options{Clock: func() time.Time { now = now.Add(time.Minute); return now }})
	t.Cleanup(func() { _ = s.Close() })
	values := []string{"1", "1.0", "-2", "7", "null", `"x"`, `{"a":1}`, `{"a":null,"b":{"c":3}}`, `[]`, `{}`, `[1,{"a":2}]`, "true"}
	var ids []string
	for range commits {
		var events []store.Event
		for range 1 + random.IntN(3) {
			e := event(fmt.Sprintf("s-%d", random.IntN(streams)), []string{"A", "B", "C"}[random.IntN(3)], "", "t:1")
			switch random.IntN(10) {
			case 0:
				e.Data = []byte(`"text"`)
			default:
				e.Data = fmt.Appendf(nil, `{"%s":%s,"n":{"%s":%s}}`, []string{"a", "b"}[random.IntN(2)], values[random.IntN(len(values))],
					[]string{"x", "y"}[random.IntN(2)], values[random.IntN(len(values))])
			}
			e.ID = fmt.Sprintf("00000000-0000-4000-8000-%012x", len(ids))
			if random.IntN(5) == 0 {
				e.EffectiveAt = now.Add(-time.Duration(random.IntN(300)) * time.Minute)
			}
			if len(ids) > 0 && random.IntN(8) == 0 {
				e.Metadata = fmt.Appendf(nil, `{"supersedes":%q}`, ids[random.IntN(len(ids))])
			}
			ids = append(ids, e.ID)
			events = append(events, e)
		}
		if _, err := s.Append(t.Context(), store.Commit{Events: events}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestBisectAgainstOracle asks about random histories, and looks at every leaf of every state for the same.
func TestBisectAgainstOracle(t *testing.T) {
	conditions := []struct {
		text  string
		holds func(before, after map[string]string, r *store.Recorded) bool
	}{
		{"has(state.a)", func(_, after map[string]string, _ *store.Recorded) bool { return hasBelow(after, "/a") }},
		{"state.n.x == -2", func(_, after map[string]string, _ *store.Recorded) bool { return after["/n/x"] == "-2" }},
		{"has(before.b) && event.type == 'C'", func(before, _ map[string]string, r *store.Recorded) bool {
			return hasBelow(before, "/b") && r.Type == "C"
		}},
		{"state.n.y.a == 1 || !has(state.n.x)", func(_, after map[string]string, _ *store.Recorded) bool {
			return after["/n/y/a"] == "1" || !hasBelow(after, "/n/x")
		}},
	}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 6))
		s := randomStore(t, random, 9, 120)
		head, err := s.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o := history.BisectOptions{All: true, Workers: 1 + random.IntN(6)}
		if seed%3 == 1 {
			o.EffectiveAt = day(1).Add(90 * time.Minute)
		}
		if seed%2 == 1 {
			o.MaxBytes, o.Spill = 1000, spill
		}
		after := store.Position(0)
		if seed%4 == 3 {
			after = store.Position(random.IntN(int(head)))
		}
		byStream := map[string][]store.Recorded{}
		for r, err := range s.Read(t.Context(), nil, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			byStream[r.Stream] = append(byStream[r.Stream], r)
		}
		for _, c := range conditions {
			var want []string
			for _, known := range byStream {
				all := foldAll(t, known, o.EffectiveAt)
				held := false
				for i := range all.events {
					r := &all.events[i]
					holds := c.holds(all.leaves[i], all.leaves[i+1], r)
					if holds != held && r.Position > after {
						want = append(want, fmt.Sprintf("%06d %s@%d %t %q", r.Position, r.Stream, r.Version, holds, all.between(i, i+1)))
					}
					held = holds
				}
			}
			slices.Sort(want)
			b, err := history.BisectStreams(t.Context(), s, "", after, head, condition(t, c.text), o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range flipsOf(t, b) {
				e := &f.Event
				got = append(got, fmt.Sprintf("%06d %s@%d %t %q", e.Position, e.Stream, e.Version, f.To, changeLines(t, f.Changes)))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d: %s after %d (-want +got):\n%s", seed, c.text, after, diff)
			}
		}
	}
}

func hasBelow(leaves map[string]string, path string) bool {
	for p := range leaves {
		if p == path || strings.HasPrefix(p, path+"/") {
			return true
		}
	}
	return false
}

// BenchmarkBisect folds a stream of 100,000 events.
func BenchmarkBisect(b *testing.B) {
	s := memory.New(memory.Options{})
	b.Cleanup(func() { _ = s.Close() })
	for i := range 1000 {
		var events []store.Event
		for j := range 100 {
			n := 100*i + j
			events = append(events, event("order-1", "Paid", fmt.Sprintf(`{"due":%d,"items":{"a%d":{"qty":%d,"price":1.5}},"note":"n%d"}`, n, n%20, n%7, n)))
		}
		if _, err := s.Append(b.Context(), store.Commit{Events: events}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := bisect(b, s, "order-1", "state.due >= 99999", history.BisectOptions{}); !strings.HasPrefix(got, "1/100000 #100000 ") {
			b.Fatal(got)
		}
	}
}
