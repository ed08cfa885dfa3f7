package history_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

func TestGrep(t *testing.T) {
	tests := []struct {
		pattern, path, in, data, metadata string
		want                              string
	}{
		{"Ly.n", "", "data", `{"city":"Lyon"}`, `{"a":"Lyon"}`, "data Lyon"},
		{"Ly.n", "", "all", `{"city":"Lyon"}`, `{"a":"Lyon"}`, "data Lyon, metadata Lyon"},
		{"Ly.n", "", "metadata", `{"city":"Lyon"}`, `{"a":"Lyon Lyon"}`, "metadata Lyon, metadata Lyon"},
		{"^Lyon$", "city", "data", `{"city":"Lyon"}`, ``, "data Lyon"},
		{"^Lyon$", "town", "data", `{"city":"Lyon"}`, ``, ""},
		{`^2$`, "items[0].qty", "data", `{"items":[{"qty":2}]}`, ``, "data 2"},
		{`"qty": ?2`, "items", "data", `{"items":[{"qty":2}]}`, ``, `data "qty":2`},
		{"é", "", "data", `{"a":"\u00e9"}`, ``, "data é"},
		{"😀", "", "data", `{"a":"\ud83d\uDE00"}`, ``, "data 😀"},
		{`a\\u0022b\\ud83d`, "", "data", `{"a":"a\u0022b\ud83d"}`, ``, `data a\u0022b\ud83d`},
		{`\\u00e9`, "", "data", `{"a":"\\u00e9"}`, ``, `data \u00e9`},
		{"just", "", "data", `just text \u00e9`, ``, "data just"},
		{"a.b", "x", "data", `{"x":"a\nb"}`, ``, ""},
		{"(?s)a.b", "x", "data", `{"x":"a\nb"}`, ``, "data a\nb"},
	}
	for _, tt := range tests {
		path, err := reducer.ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		g := history.Grep{Pattern: regexp.MustCompile(tt.pattern), Data: tt.in != "metadata", Metadata: tt.in != "data", Path: path}
		r := store.Recorded{Event: store.Event{Data: []byte(tt.data), Metadata: []byte(tt.metadata)}}
		var got []string
		for _, m := range g.Matches(&r) {
			in := map[bool]string{true: "metadata", false: "data"}[m.Metadata]
			got = append(got, in+" "+string(m.Text[m.From:m.To]))
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s in %s of %s: %q, want %q", tt.pattern, tt.in, tt.data, got, tt.want)
		}
	}
	g := history.Grep{Pattern: regexp.MustCompile("a"), Data: true}
	r := store.Recorded{Event: store.Event{Data: []byte(strings.Repeat("a", 1000))}}
	if n := len(g.Matches(&r)); n != history.MaxMatches {
		t.Errorf("%d matches are told, want %d", n, history.MaxMatches)
	}
	if r.Erased = 9; g.Matches(&r) != nil {
		t.Error("an erased event has matches")
	}
}

func TestShortlog(t *testing.T) {
	s := orders(t)
	e := event("order-1", "Paid", `{}`)
	e.Metadata = []byte(`{"actor":"ada"}`)
	s.commit(e, e)
	sel, err := history.Resolve(t.Context(), s, "HEAD", clock)
	if err != nil {
		t.Fatal(err)
	}
	for by, want := range map[string]string{
		history.ByAuthor:   "=8 1-6; ada=2 7-7",
		history.ByType:     "Paid=3 2-7; Made=2 4-4; Moved=2 5-6; Placed=2 1-2; Noted=1 3-3",
		history.ByStream:   "order-1=5 1-7; order-2=2 2-6; =1 3-3; 7=1 4-4; odd @2 name=1 4-4",
		history.ByCategory: "order=7 1-7; =3 3-4",
		history.ByDay:      "2026-11-01=1 1-1; 2026-11-02=2 2-2; 2026-11-03=1 3-3; 2026-11-04=2 4-4; 2026-11-05=1 5-5; 2026-11-06=1 6-6; 2026-11-07=2 7-7",
		history.ByHour:     "2026-11-01 14:00=1 1-1; 2026-11-02 14:00=2 2-2; 2026-11-03 14:00=1 3-3; 2026-11-04 14:00=2 4-4; 2026-11-05 14:00=1 5-5; 2026-11-06 14:00=1 6-6; 2026-11-07 14:00=2 7-7",
	} {
		groups, err := history.Shortlog(sel.Events(t.Context(), s, true, nil), by, time.FixedZone("", 2*3600))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range groups {
			got = append(got, fmt.Sprintf("%s=%d %d-%d", g.Name, g.Events, g.FirstRecordedAt.Day(), g.LastRecordedAt.Day()))
		}
		if diff := cmp.Diff(strings.Split(want, "; "), got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
	if _, err := history.Shortlog(nil, "color", time.UTC); err == nil {
		t.Error("a shortlog by color is made")
	}
}
