package guard_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/guard"
)

func TestAppend(t *testing.T) {
	at := func(stream string, version uint64) rival.Event { return rival.Event{Stream: stream, Version: version} }
	var wide []rival.Event
	var wideGuards []guard.Guard
	for v := uint64(1); v <= 2; v++ {
		for i := range 40 {
			wide = append(wide, at(fmt.Sprint(i), v))
		}
	}
	for i := range 40 {
		wideGuards = append(wideGuards, guard.Guard{Stream: fmt.Sprint(i), Before: 0, After: 2})
	}
	for _, test := range []struct {
		name   string
		commit []rival.Event
		want   []guard.Guard
		fails  bool
	}{
		{name: "nothing"},
		{name: "one", commit: []rival.Event{at("a", 7)}, want: []guard.Guard{{"a", 6, 7}}},
		{
			name: "interleaved", commit: []rival.Event{at("a", 7), at("b", 1), at("a", 8), at("b", 2), at("b", 3)},
			want: []guard.Guard{{"a", 6, 8}, {"b", 0, 3}},
		},
		{name: "wide", commit: wide, want: wideGuards},
		{name: "version 0", commit: []rival.Event{at("a", 0)}, fails: true},
		{name: "gap", commit: []rival.Event{at("a", 1), at("a", 3)}, fails: true},
		{name: "twice", commit: []rival.Event{at("a", 1), at("b", 1), at("a", 1)}, fails: true},
		{name: "gap in wide", commit: append(slices.Clip(wide), at("3", 4)), fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := []guard.Guard{{Stream: "a", Before: 1, After: 2}}
			got, err := guard.Append(before, test.commit)
			if test.fails {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append(before, test.want...), got); diff != "" {
				t.Errorf("guards (-want +got):\n%s", diff)
			}
		})
	}
}

// Versions forgets streams, but never says a version that was not put last.
func TestVersions(t *testing.T) {
	versions := guard.NewVersions()
	if v, ok := versions.Get("a"); ok {
		t.Errorf("an empty one knows version %d", v)
	}
	const streams = 200_000
	for round := uint64(1); round <= 2; round++ {
		for i := range streams {
			versions.Put([]guard.Guard{{Stream: fmt.Sprint(i), After: round}})
		}
	}
	known := 0
	for i := range streams {
		if v, ok := versions.Get(fmt.Sprint(i)); ok {
			known++
			if v != 2 {
				t.Fatalf("stream %d has version %d, want 2", i, v)
			}
		}
	}
	if known == 0 || known > 65536 {
		t.Errorf("%d streams are remembered, want 1 to 65536", known)
	}
}
