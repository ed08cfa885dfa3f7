package history_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

// describe says what a selection means: its target, its bounds, and which positions it has.
func describe(t *testing.T, s store.Store, sel *history.Selection) string {
	t.Helper()
	positions := ""
	for r, err := range sel.Events(t.Context(), s, false, nil) {
		if err != nil {
			t.Fatal(err)
		}
		positions += fmt.Sprintf(" %d", r.Position)
	}
	return fmt.Sprintf("%s (%d,%d]:%s", sel.Target(), sel.After, sel.Until, positions)
}

func TestResolve(t *testing.T) {
	s := orders(t)
	tests := []struct{ address, want string }{
		{"order-1", "order-1 (0,8]: 1 3 7"},
		{"order-1@2", "order-1 (0,3]: 1 3"},
		{"order-1@0", "order-1 (0,0]:"},
		{"order-1~1", "order-1 (0,3]: 1 3"},
		{"order-1~0", "order-1 (0,7]: 1 3 7"},
		{"order-1@{2026-11-02T12:00Z}", "order-1 (0,3]: 1 3"},
		{"order-1@{2020-01-01}", "order-1 (0,0]:"},
		{"order-1@{3 days ago}", "order-1 (0,8]: 1 3 7"},
		{"2:order-1", "order-1 (0,3]: 1 3"}, // 2 lies in the commit that ends at 3
		{"#4:order-1", "order-1 (0,4]: 1 3"},
		{"HEAD:order-1@1", "order-1 (0,1]: 1"},
		{"@{2026-11-01T13:00Z}:order-1", "order-1 (0,1]: 1"},
		{"7", "7 (0,8]: 6"}, // the whole name of a stream
		{"#7", " (0,7]: 1 2 3 4 5 6 7"},
		{"4", " (0,4]: 1 2 3 4"},
		{"0", " (0,0]:"},
		{"HEAD", " (0,8]: 1 2 3 4 5 6 7 8"},
		{"HEAD~3", " (0,5]: 1 2 3 4 5"},
		{"@{2026-11-03T12:00Z}", " (0,4]: 1 2 3 4"},
		{"stream:7", "7 (0,8]: 6"},
		{"stream:order-2@1", "order-2 (0,2]: 2"},
		{"odd @2 name", "odd @2 name (0,8]: 5"},
		{"stream:odd @2 name", "odd @2 name (0,8]: 5"},
		{`"odd @2 name"`, "odd @2 name (0,8]: 5"},
		{`"odd @2 name"@1`, "odd @2 name (0,5]: 5"},
		{"tag:c:7", "tag:c:7 (0,8]: 1 3 4 7"},
		{"tag:c:7@3", "tag:c:7 (0,4]: 1 3 4"},
		{"tag:c:7~1", "tag:c:7 (0,4]: 1 3 4"},
		{`tag:"c:8"`, "tag:c:8 (0,8]: 2"},
		{"tag:none", "tag:none (0,8]:"},
		{"3..5", " (3,5]: 4 5"},
		{"3..", " (3,8]: 4 5 6 7 8"},
		{"..3", " (0,3]: 1 2 3"},
		{"HEAD~2..HEAD", " (6,8]: 7 8"},
		{"@{2026-11-02T12:00Z}..@{2026-11-03T12:00Z}", " (3,4]: 4"},
		{"order-1@1..3", "order-1 (1,7]: 3 7"},
		{"order-1@1..@2", "order-1 (1,3]: 3"},
		{"order-1@1..order-1@2", "order-1 (1,3]: 3"},
		{"order-1@1..", "order-1 (1,8]: 3 7"},
		{"order-1@1..~1", "order-1 (1,3]: 3"},
		{"..order-1@2", "order-1 (0,3]: 1 3"},
		{"order-1@2..1", "order-1 (3,1]:"},
		{"tag:c:7@1..3", "tag:c:7 (1,4]: 3 4"},
		{"5..3", " (5,3]:"},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			sel, err := history.Resolve(t.Context(), s, tt.address, clock)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, s, &sel); got != tt.want {
				t.Errorf("resolved to %s, want %s", got, tt.want)
			}
		})
	}
}

func TestResolveRefuses(t *testing.T) {
	s := orders(t)
	tests := []struct {
		address string
		want    error
	}{
		{"", store.ErrInvalid},
		{"order-1@{soon}", store.ErrInvalid},
		{`"odd`, store.ErrInvalid},
		{`"odd @2 name"x`, store.ErrInvalid},
		{"a\nb", store.ErrInvalid},
		{"tag:", store.ErrInvalid},
		{"4..order-1", store.ErrInvalid},
		{"order-1..order-2", store.ErrInvalid},
		{"99999999999999999999", store.ErrInvalid},
		{"nobody", store.ErrNotFound},
		{"stream:nobody", store.ErrNotFound},
		{"order-1@4", store.ErrNotFound},
		{"order-1~3", store.ErrNotFound},
		{"tag:c:7@5", store.ErrNotFound},
		{"9", store.ErrNotFound},
		{"HEAD~8", store.ErrNotFound},
		{"nobody@1..2", store.ErrNotFound},
	}
	for _, tt := range tests {
		if sel, err := history.Resolve(t.Context(), s, tt.address, clock); !errors.Is(err, tt.want) {
			t.Errorf("Resolve(%q) = %+v, %v; want %v", tt.address, sel, err, tt.want)
		}
	}
}

// A question about what was known at a position is answered as if the store ended there.
func TestResolveAt(t *testing.T) {
	s := orders(t)
	for address, want := range map[string]string{
		"HEAD":           " (0,4]: 1 2 3 4",
		"HEAD~1":         " (0,3]: 1 2 3",
		"order-1":        "order-1 (0,4]: 1 3",
		"order-1~1":      "order-1 (0,1]: 1",
		"order-1@1..":    "order-1 (1,4]: 3",
		"tag:c:7~1":      "tag:c:7 (0,3]: 1 3",
		"@{2026-11-10}":  " (0,4]: 1 2 3 4",
		"7":              "7 (0,4]:",
		"2:order-1":      "order-1 (0,3]: 1 3",
		"order-2@1..~0":  "order-2 (2,2]:",
		"stream:order-1": "order-1 (0,4]: 1 3",
	} {
		sel, err := history.ResolveAt(t.Context(), s, address, clock, 4)
		if err != nil {
			t.Errorf("%s: %v", address, err)
		} else if got := describe(t, s, &sel); got != want {
			t.Errorf("%s resolved to %s, want %s", address, got, want)
		}
	}
	for _, address := range []string{"5", "order-1@3", "order-1@1..3", "tag:c:7@4", "HEAD~4", "5:order-1"} {
		if sel, err := history.ResolveAt(t.Context(), s, address, clock, 4); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s resolved to %+v, %v; want ErrNotFound", address, sel, err)
		}
	}
}

// A stream whose name looks like a range is found by its name.
func TestResolveStreamNamedLikeARange(t *testing.T) {
	s := newFixture(t)
	s.commit(event("a..b", "Made", `{}`))
	s.commit(event("..", "Made", `{}`))
	for address, want := range map[string]string{
		"a..b": "a..b (0,2]: 1", "stream:a..b": "a..b (0,2]: 1", `"a..b"@1`: "a..b (0,1]: 1", "..": ".. (0,2]: 2", "stream:..": ".. (0,2]: 2",
	} {
		sel, err := history.Resolve(t.Context(), s, address, clock)
		if err != nil {
			t.Errorf("%s: %v", address, err)
		} else if got := describe(t, s, &sel); got != want || sel.Range {
			t.Errorf("%s resolved to %s, range %t; want %s", address, got, sel.Range, want)
		}
	}
	if sel, err := history.Resolve(t.Context(), s, "..1", clock); err != nil || !sel.Range {
		t.Errorf("..1 resolved to %+v, %v; want a range", sel, err)
	}
}

func TestSystemEventsAreHidden(t *testing.T) {
	s := orders(t)
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{4}}); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"HEAD":            " (0,9]: 1 2 3 4 5 6 7 8",
		"HEAD~0":          " (0,8]: 1 2 3 4 5 6 7 8",
		"$erasure":        "$erasure (0,9]: 9",
		"tag:erases:4":    "tag:erases:4 (0,9]:",
		"..9":             " (0,9]: 1 2 3 4 5 6 7 8",
		"stream:$erasure": "$erasure (0,9]: 9",
	} {
		sel, err := history.Resolve(t.Context(), s, address, clock)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(t, s, &sel); got != want {
			t.Errorf("%s resolved to %s, want %s", address, got, want)
		}
	}
}

func TestTruncatedBeginning(t *testing.T) {
	s := orders(t)
	if _, err := s.Truncate(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for _, backward := range []bool{false, true} {
		sel := history.Selection{Until: 8}
		var told []store.Position
		n := 0
		for _, err := range sel.Events(t.Context(), s, backward, func(p store.Position) { told = append(told, p) }) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 8-int(told[0])+1 || len(told) != 1 {
			t.Errorf("backward %t: %d events, told %v", backward, n, told)
		}
	}
	sel := history.Selection{Explicit: true, After: 0, Until: 8}
	for _, err := range sel.Events(t.Context(), s, false, nil) {
		if !errors.Is(err, store.ErrTruncated) {
			t.Errorf("an explicit start that is gone: %v", err)
		}
	}
	sel, err := history.Resolve(t.Context(), s, "order-1", clock)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := history.FoldState(t.Context(), s, sel, history.StateOptions{}); !errors.Is(err, store.ErrTruncated) {
		t.Errorf("state of a stream without its beginning: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"order-1@7", "1120:order-42", `"a\"b"~2`, "@{yesterday}:tag:x@3", "HEAD~2", "#7", "stream:@{", "a..b"} {
		f.Add(s)
	}
	c := history.Clock{Now: time.Unix(0, 0)}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := history.Parse(text, c); err == nil && a.String() != text {
			t.Errorf("Parse(%q) is written %q", text, a.String())
		} else if err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if _, err := history.ParseRange(text, c); err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("ParseRange(%q): %v", text, err)
		}
	})
}

// TestCheckEnd asks for ends of which the last event may have been truncated away.
func TestCheckEnd(t *testing.T) {
	f := truncated(t)
	for address, cut := range map[string]bool{
		"0": false, "1": true, "3": true, "4": false, "HEAD": false, "1..3": true, "3..4": false, "2..": false, "@{2026-11-01}": true, "@{2026-11-04}": false,
		"a-1": false, "a-1@0": false, "a-1@{2026-11-02T12:00}": true, "3:a-1": true, "4:a-1": false,
		"c-1@{2026-11-02T12:00}": false, "c-1@0": false, "c-1@1": false,
		"tag:t:1": false, "tag:t:1@{2026-11-02T12:00}": true, "tag:t:2@{2026-11-03T12:00}": true, "tag:t:2": false, "tag:none": true,
	} {
		sel, err := history.Resolve(t.Context(), f, address, clock)
		if err != nil && (!cut || !isCut(err)) {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil {
			continue
		}
		if err := sel.CheckEnd(t.Context(), f); cut != isCut(err) || !cut && err != nil {
			t.Errorf("end of %s, %d: error = %v; want one: %t", address, sel.Until, err, cut)
		}
	}
}
