package history_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// truncated is a store that begins with position 4: of a-1 and tag t:1 events are gone, of b-1 all, of c-1 none.
func truncated(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.commit(event("a-1", "A", `{"n":1}`, "t:1"))                                   // #1
	f.commit(event("b-1", "A", `{"n":1}`), event("b-1", "A", `{"n":2}`))            // #2 #3
	f.commit(event("a-1", "A", `{"m":1}`, "t:1"), event("", "A", `{"n":9}`, "t:1")) // #4 #5
	f.commit(event("c-1", "A", `{"n":1}`), event("c-1", "A", `{"n":5}`, "t:2"))     // #6 #7
	f.commit(linked("c-1", 8, `{"causationId":"`+traceID(1)+`","x":1}`))            // #8
	if first, err := f.Truncate(t.Context(), 3); err != nil || first != 4 {
		t.Fatalf("the store begins with %d, %v", first, err)
	}
	return f
}

// isCut says whether an error is that of a question about what was truncated away, with the first position left.
func isCut(err error) bool {
	var facts *eventjson.Error
	return errors.Is(err, store.ErrTruncated) && errors.As(err, &facts) && facts.Position == 4 && facts.Hint != "" && strings.Contains(err.Error(), "the first position left is 4")
}

func TestTruncatedTargets(t *testing.T) {
	f := truncated(t)
	for _, address := range []string{"b-1", "stream:b-1", "a-1@1", "tag:t:1@1", "tag:t:2@1", "tag:t:1~5", "HEAD~6", "2:a-1"} {
		if _, err := history.Resolve(t.Context(), f, address, clock); !isCut(err) {
			t.Errorf("%s: error = %v, want that of a truncated store", address, err)
		}
	}
	for address, want := range map[string]string{
		"tag:t:1~0": "tag:t:1 (0,5]: 4 5", "HEAD~1": " (0,7]: 4 5 6 7", "c-1@2": "c-1 (0,7]: 6 7", "a-1@2": "a-1 (0,4]: 4",
		"@{2026-11-01}..6": " (0,6]", "@{2026-11-04}..6": " (5,6]: 6",
	} {
		sel, err := history.Resolve(t.Context(), f, address, clock)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if sel.Explicit && sel.After+1 < 4 {
			if err := sel.CheckStart(t.Context(), f); !isCut(err) {
				t.Errorf("start of %s: error = %v", address, err)
			}
			continue
		}
		if got := describe(t, f, &sel); got != want {
			t.Errorf("%s resolved to %s, want %s", address, got, want)
		}
	}
	for _, address := range []string{"b-2", "c-1~3", "c-1@4", "9"} {
		if _, err := history.Resolve(t.Context(), f, address, clock); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s, which never was: error = %v", address, err)
		}
	}
}

func TestTruncatedStates(t *testing.T) {
	f := truncated(t)
	at := func(d int) history.StateOptions { return history.StateOptions{EffectiveAt: day(d)} }
	known := func(p store.Position, d int) history.StateOptions {
		o := history.StateOptions{Known: history.Known{Position: p}}
		if d > 0 {
			o.Known.At = day(d)
		}
		return o
	}
	for _, tt := range []struct {
		address string
		options history.StateOptions
		want    string // of an error
	}{
		{"a-1", history.StateOptions{}, "cut"},
		{"tag:t:1", history.StateOptions{}, "cut"},
		{"tag:t:2", history.StateOptions{}, "cut"},
		{"tag:none", history.StateOptions{}, "cut"},
		{"a-1", at(9), "cut"},
		{"tag:t:2", at(9), "cut"},
		{"a-1", known(0, 2), "cut"},
		{"tag:t:2", known(0, 2), "cut"},
		{"c-1", known(0, 2), "none"},
		{"c-1", known(5, 0), "none"},
		{"c-1", known(2, 0), "cut"},
		{"c-1", history.StateOptions{}, ""},
		{"c-1@1", history.StateOptions{}, ""},
		{"c-1", at(9), ""},
	} {
		sel, err := history.Resolve(t.Context(), f, tt.address, clock)
		if err != nil {
			t.Fatal(err)
		}
		_, err = history.FoldState(t.Context(), f, sel, tt.options)
		got := ""
		switch {
		case isCut(err):
			got = "cut"
		case errors.Is(err, store.ErrNotFound):
			got = "none"
		case err != nil:
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s with %+v: %v, want %q", tt.address, tt.options, err, tt.want)
		}
		whole := sel.CheckWhole(t.Context(), f)
		if cut := !strings.HasPrefix(tt.address, "c-1"); isCut(whole) != cut || !cut && whole != nil {
			t.Errorf("%s is whole: %v", tt.address, whole)
		}
	}
}

// Of many streams those that are not whole are left out and counted.
func TestTruncatedBisect(t *testing.T) {
	f := truncated(t)
	c := condition(t, "state.n > 0")
	for _, tt := range []struct {
		glob         history.Glob
		after, until store.Position
		want         string
	}{
		{"", 0, 8, "1 2 4 0 #6 c-1@1 true"},
		{"", 0, 7, "1 1 4 1 #6 c-1@1 true"}, // the past knows no stream of which nothing is left
		{"", 5, 8, "1 0 0 0 #6 c-1@1 true"},
		{"", 3, 8, "1 1 4 1 #6 c-1@1 true"},
		{"a-*", 0, 8, "0 1 4 0 "},
		{"c-*", 0, 8, "1 0 0 0 #6 c-1@1 true"},
	} {
		b, err := history.BisectStreams(t.Context(), f, tt.glob, tt.after, tt.until, c, history.BisectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		all := flipsOf(t, b)
		for i := range all {
			all[i].Changes = nil
		}
		if got := fmt.Sprintf("%d %d %d %d %s", b.Streams, b.Truncated, b.FirstLeft, b.Streamless, flips(all)); got != tt.want {
			t.Errorf("%q after %d until %d: %s, want %s", tt.glob, tt.after, tt.until, got, tt.want)
		}
	}
	if _, err := history.BisectStreams(t.Context(), f, "", 2, 8, c, history.BisectOptions{}); !isCut(err) {
		t.Errorf("a start that is gone: error = %v", err)
	}
}

func TestTruncatedDiffStore(t *testing.T) {
	f := truncated(t)
	diff := func(from, to store.Position, o history.DiffOptions) (names []string, err error) {
		for d, err := range history.DiffStore(t.Context(), f, from, to, o) {
			if err != nil {
				return names, err
			}
			names = append(names, d.To.Stream)
		}
		return names, nil
	}
	var left []string
	o := history.DiffOptions{StateOptions: history.StateOptions{LeftOut: func(stream string, first store.Position) { left = append(left, fmt.Sprint(stream, first)) }}}
	f.commit(event("a-1", "A", `{"m":2}`)) // #9
	if names, err := diff(5, 9, o); err != nil || !slices.Equal(names, []string{"c-1"}) || !slices.Equal(left, []string{"a-14"}) {
		t.Errorf("told of %v, left out %v, %v", names, left, err)
	}
	if names, err := diff(5, 9, history.DiffOptions{}); !isCut(err) || len(names) != 0 {
		t.Errorf("told of %v where nobody is told what is left out: error = %v", names, err)
	}
	for _, ends := range [][2]store.Position{{0, 9}, {2, 9}, {9, 0}, {3, 9}} {
		if _, err := diff(ends[0], ends[1], o); !isCut(err) {
			t.Errorf("%v: error = %v", ends, err)
		}
	}
}

func TestTruncatedSearch(t *testing.T) {
	f := truncated(t)
	var told []store.Position
	o := history.SearchOptions{Truncated: func(first store.Position) { told = append(told, first) }}
	found, err := search(t, f, "HEAD", o, from(7))
	if err != nil || found.From.Position != 5 || found.First.Position != 7 || !slices.Equal(told, []store.Position{4}) {
		t.Errorf("found %+v, told %v, %v", found, told, err)
	}
	for target, judge := range map[string]func(history.Place) history.Verdict{
		"HEAD": from(1), "2..HEAD": from(7), "0..HEAD": from(7), "a-1": from(4), "tag:t:2": from(7), "tag:t:1": from(5),
	} {
		if _, err := search(t, f, target, history.SearchOptions{}, judge); !isCut(err) {
			t.Errorf("%s: error = %v", target, err)
		}
	}
	if found, err := search(t, f, "c-1", history.SearchOptions{}, from(7)); err != nil || found.First.Position != 7 || found.Assumed {
		t.Errorf("found %+v, %v", found, err)
	}
	found, err = search(t, f, "c-1", history.SearchOptions{NoCheck: true}, from(100))
	if err != nil || !found.Assumed || found.First.Position != 8 {
		t.Errorf("where nothing is bad: %+v, %v", found, err)
	}
}

// A cause that is not there may have been truncated away: that is told, once.
func TestTruncatedTrace(t *testing.T) {
	f := truncated(t)
	for position, want := range map[store.Position]int{8: 1, 7: 0} {
		told := 0
		trace(t, f, position, history.TraceOptions{Truncated: func(store.Position) { told++ }})
		if told != want {
			t.Errorf("told %d times of what is before position %d", told, position)
		}
	}
}
