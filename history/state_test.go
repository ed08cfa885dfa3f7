package history_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

func stateOf(t *testing.T, s store.Store, address string, o history.StateOptions) string {
	t.Helper()
	sel, err := history.Resolve(t.Context(), s, address, clock)
	if err != nil {
		t.Fatal(err)
	}
	st, err := history.FoldState(t.Context(), s, sel, o)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s@%d #%d %d-%d %s", st.Target, st.Version, st.Position, st.Events, st.Skipped, st.Fold.AppendState(nil))
}

func TestState(t *testing.T) {
	s := orders(t)
	tests := []struct {
		address string
		options history.StateOptions
		want    string
	}{
		{"order-1", history.StateOptions{}, `order-1@3 #7 3-0 {"due":0,"city":"Nice"}`},
		{"order-1@2", history.StateOptions{}, `order-1@2 #3 2-0 {"due":0,"city":"Lyon"}`},
		{"order-1~2", history.StateOptions{}, `order-1@1 #1 1-0 {"due":10,"city":"Lyon"}`},
		{"order-2", history.StateOptions{}, `order-2@2 #8 2-1 {"due":5}`},
		{"tag:c:7", history.StateOptions{}, `tag:c:7@4 #7 4-0 {"due":0,"city":"Nice","note":"x"}`},
		{"tag:c:7@2", history.StateOptions{}, `tag:c:7@2 #3 2-0 {"due":0,"city":"Lyon"}`},
		{"order-1", history.StateOptions{Known: history.Known{At: day(1)}}, `order-1@1 #1 1-0 {"due":10,"city":"Lyon"}`},
		{"order-1", history.StateOptions{Known: history.Known{Position: 2}}, `order-1@2 #3 2-0 {"due":0,"city":"Lyon"}`},
		{"order-1@1", history.StateOptions{Known: history.Known{Position: 7}}, `order-1@1 #1 1-0 {"due":10,"city":"Lyon"}`},
		{"order-1", history.StateOptions{EffectiveAt: day(1)}, `order-1@3 #7 1-0 {"due":10,"city":"Lyon"}`},
		{"order-1", history.StateOptions{EffectiveAt: day(1).Add(-time.Hour)}, `order-1@3 #7 0-0 {}`},
	}
	for _, tt := range tests {
		if got := stateOf(t, s, tt.address, tt.options); got != tt.want {
			t.Errorf("state of %s with %+v:\n got %s\nwant %s", tt.address, tt.options, got, tt.want)
		}
	}
}

func TestStateRefuses(t *testing.T) {
	s := orders(t)
	for address, want := range map[string]error{"HEAD": store.ErrInvalid, "order-1@0": store.ErrNotFound, "tag:none": store.ErrNotFound} {
		sel, err := history.Resolve(t.Context(), s, address, clock)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := history.FoldState(t.Context(), s, sel, history.StateOptions{}); !errors.Is(err, want) {
			t.Errorf("state of %s: error = %v, want %v", address, err, want)
		}
	}
}

// An address that was wrong is corrected later: what was known, and what is known now, about the same days.
func TestCorrection(t *testing.T) {
	s := newFixture(t)
	s.commit(event("order-42", "Placed", `{"city":"first"}`))
	moved := event("order-42", "Moved", `{"city":"old"}`)
	moved.ID, moved.EffectiveAt = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", day(3)
	s.commit(moved)
	correction := event("order-42", "Moved", `{"city":"new"}`)
	correction.EffectiveAt, correction.Metadata = day(5), []byte(`{"supersedes":"`+moved.ID+`"}`)
	s.day = 8
	s.commit(correction) // on day 9
	tests := []struct {
		known, effective int
		want             string
	}{
		{10, 6, `order-42@3 #3 2-0 {"city":"new"}`},
		{10, 4, `order-42@3 #3 1-0 {"city":"first"}`}, // what was superseded does not hold, on any day
		{4, 4, `order-42@2 #2 2-0 {"city":"old"}`},
		{4, 2, `order-42@2 #2 1-0 {"city":"first"}`},
	}
	for _, tt := range tests {
		o := history.StateOptions{Known: history.Known{At: day(tt.known)}, EffectiveAt: day(tt.effective)}
		if got := stateOf(t, s, "order-42", o); got != tt.want {
			t.Errorf("known on day %d, effective on day %d: %s, want %s", tt.known, tt.effective, got, tt.want)
		}
	}
	if got, want := stateOf(t, s, "order-42", history.StateOptions{}), `order-42@3 #3 3-0 {"city":"new"}`; got != want {
		t.Errorf("without an effective time: %s, want %s", got, want)
	}
}

func TestCountStats(t *testing.T) {
	s := orders(t)
	late := event("order-1", "Paid", `{}`, "c:9")
	late.EffectiveAt = day(2)
	early := event("order-2", "Paid", `{}`)
	early.EffectiveAt = day(30)
	s.commit(late, early)
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	want := history.Stats{
		Events: 10, Streams: 4, Types: 5, Tags: 3, Commits: 7, SystemEvents: 1, Late: 1,
		FirstRecordedAt: day(1), LastRecordedAt: day(7), FirstEffectiveAt: day(1), LastEffectiveAt: day(30),
	}
	got, err := history.CountStats(t.Context(), s, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	then, err := history.CountStats(t.Context(), s, 3, nil)
	if err != nil || then.Events != 3 || then.Streams != 2 || then.Commits != 2 {
		t.Errorf("up to position 3: %+v, %v", then, err)
	}
}

func TestStreamsAndTypes(t *testing.T) {
	s := orders(t)
	if _, err := s.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	streams := func(o store.StreamsOptions, until store.Position) (out []string) {
		for info, err := range history.Streams(t.Context(), s, o, until) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s@%d #%d %s", info.Stream, info.Version, info.LastPosition, info.LastRecordedAt.Format("Jan 2")))
		}
		return out
	}
	now := []string{"7@1 #6 Nov 4", "odd @2 name@1 #5 Nov 4", "order-1@3 #7 Nov 5", "order-2@2 #8 Nov 6"}
	tests := []struct {
		name    string
		options store.StreamsOptions
		until   store.Position
		want    []string
	}{
		{"all", store.StreamsOptions{}, 0, now},
		{"all, by reading", store.StreamsOptions{}, 9, now},
		{"limit", store.StreamsOptions{Limit: 2}, 0, now[:2]},
		{"after", store.StreamsOptions{After: "7", Limit: 1}, 0, now[1:2]},
		{"prefix", store.StreamsOptions{Prefix: "order-"}, 0, now[2:]},
		{"system", store.StreamsOptions{Prefix: "$"}, 0, []string{"$erasure@1 #9 Nov 6"}},
		{"then", store.StreamsOptions{Prefix: "order-"}, 3, []string{"order-1@2 #3 Nov 2", "order-2@1 #2 Nov 2"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, streams(tt.options, tt.until)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	want := []store.TypeInfo{{Type: "Made", Events: 2}, {Type: "Moved", Events: 2}, {Type: "Noted", Events: 1}, {Type: "Paid", Events: 1}, {Type: "Placed", Events: 2}}
	for _, until := range []store.Position{0, 9} {
		got, err := history.Types(t.Context(), s, until)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("types until %d (-want +got):\n%s", until, diff)
		}
	}
}
