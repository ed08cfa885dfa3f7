package store_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// naiveEffective is the rule by other means: for each event it asks every other, and it sorts by inserting.
func naiveEffective(known []store.Recorded, at time.Time) []store.Position {
	holds := func(e store.Recorded) time.Time {
		if e.EffectiveAt.IsZero() {
			return e.RecordedAt
		}
		return e.EffectiveAt
	}
	var out []store.Recorded
	for _, e := range known {
		gone := holds(e).UnixMicro() > at.UnixMicro()
		for _, other := range known {
			var m map[string]any
			if json.Unmarshal(other.Metadata, &m) != nil || other.Stream != e.Stream || other.Position <= e.Position || e.ID == "" {
				continue
			}
			ids, _ := m["supersedes"].([]any)
			texts := true
			for _, id := range append(ids, m["supersedes"]) {
				_, text := id.(string)
				_, list := id.([]any)
				texts = texts && (text || list || id == nil)
			}
			for _, id := range append(ids, m["supersedes"]) {
				gone = gone || texts && id == any(e.ID)
			}
		}
		if gone {
			continue
		}
		i := 0
		for i < len(out) && !holds(out[i]).After(holds(e)) {
			i++
		}
		out = slices.Insert(out, i, e)
	}
	places := []store.Position{}
	for _, e := range out {
		places = append(places, e.Position)
	}
	return places
}

// naiveIgnored is which claims to supersede do not count by other means: it looks each name up among the events before.
func naiveIgnored(known []store.Recorded) (out []store.Position) {
	for i, e := range known {
		var m map[string]any
		if json.Unmarshal(e.Metadata, &m) != nil || m["supersedes"] == nil {
			continue
		}
		names, list := m["supersedes"].([]any)
		if !list {
			names = []any{m["supersedes"]}
		}
		counts := len(names) > 0
		for _, name := range names {
			counts = counts && name != "" && slices.ContainsFunc(known[:i], func(o store.Recorded) bool { return o.Stream == e.Stream && any(o.ID) == name })
		}
		if !counts {
			out = append(out, e.Position)
		}
	}
	return out
}

// history makes events of one target that a seed decides: few ids, few times, and metadata of every shape.
func history(seed uint64, n int) []store.Recorded {
	rnd := rand.New(rand.NewPCG(seed, 1))
	id := func() string { return fmt.Sprintf("00000000-0000-0000-0000-%012x", rnd.IntN(6)) }
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out []store.Recorded
	for i := range n {
		e := store.Recorded{Position: store.Position(i*2 + 1), RecordedAt: base.Add(time.Duration(i) * time.Microsecond)}
		e.Stream = []string{"", "a-1", "a-1", "a-2"}[rnd.IntN(4)]
		if rnd.IntN(5) > 0 {
			e.ID = id()
		}
		if rnd.IntN(2) == 0 {
			e.EffectiveAt = base.Add(time.Duration(rnd.IntN(n)-n/4) * time.Microsecond)
		}
		e.Metadata = []byte([]string{
			"", "{}", "null", "[]", `{"supersedes":`, `{"supersedes":7}`, `{"supersedes":null}`, `{"supersedes":""}`, `{"supersedes":[]}`,
			`{"Supersedes":"` + id() + `"}`, `{"supersedes":{"a":"` + id() + `"}}`, `{"supersedes":["` + id() + `",3]}`,
			`{"supersedes":"` + id() + `"}`, `{"supersedes":["` + id() + `","` + id() + `"]}`, ` {"actor":"ada", "supersedes" : [ "` + id() + `" ]}`,
		}[rnd.IntN(15)])
		out = append(out, e)
	}
	return out
}

func FuzzEffective(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed*5), int64(seed*3))
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint8, at int64) {
		known := history(seed, int(n))
		when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(at%300) * time.Microsecond)
		before := slices.Clone(known)
		got := []store.Position{}
		for _, e := range store.Effective(known, when) {
			got = append(got, e.Position)
		}
		if d := cmp.Diff(naiveEffective(known, when), got); d != "" {
			t.Errorf("seed %d, %d events, at %s (-want +got):\n%s", seed, n, when, d)
		}
		if d := cmp.Diff(naiveIgnored(known), store.IgnoredSupersedes(known)); d != "" {
			t.Errorf("seed %d, %d events: ignored (-want +got):\n%s", seed, n, d)
		}
		if d := cmp.Diff(before, known); d != "" {
			t.Errorf("the known events were changed:\n%s", d)
		}
	})
}

func TestSupersedes(t *testing.T) {
	for metadata, want := range map[string][]string{
		``: nil, `{}`: nil, `null`: nil, `"supersedes"`: nil, `[]`: nil, `{"supersedes":null}`: nil, `{"supersedes":""}`: nil,
		`{"supersedes":1}`: nil, `{"supersedes":{}}`: nil, `{"supersedes":["a",1]}`: nil, `{"SUPERSEDES":"a"}`: nil,
		`{"meta":{"supersedes":"a"}}`: nil, `{"supersedes":"a"`: nil, `{"supersedes":[]}`: {},
		`{"supersedes":"a"}`: {"a"}, `{"supersedes":["a"]}`: {"a"}, `{"supersedes":["a","b","a"]}`: {"a", "b", "a"},
		`{"x":1,"supersedes":"\u0061"}`: {"a"},
	} {
		got := store.Supersedes(&store.Event{Metadata: []byte(metadata)})
		if !slices.Equal(got, want) {
			t.Errorf("%s supersedes %q, want %q", metadata, got, want)
		}
	}
}

// TestEffectiveFiner asks for a time finer than times are kept.
func TestEffectiveFiner(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 999, time.UTC)
	known := []store.Recorded{
		{Position: 1, RecordedAt: at.Truncate(time.Microsecond)},
		{Position: 2, RecordedAt: at.Truncate(time.Microsecond).Add(time.Microsecond)},
	}
	if got := store.Effective(known, at); len(got) != 1 || got[0].Position != 1 {
		t.Errorf("got %v, want position 1", got)
	}
}

func TestIgnoredSupersedes(t *testing.T) {
	var known []store.Recorded
	for i, e := range []struct{ stream, id, metadata string }{
		{"a", "1", ``},
		{"a", "2", `{"supersedes":"1"}`},
		{"a", "3", `{"supersedes":"3"}`},       // itself
		{"a", "4", `{"supersedes":"5"}`},       // a later one
		{"a", "5", `{"supersedes":["1","2"]}`}, //
		{"a", "6", `{"supersedes":["1","x"]}`}, // one that is not there
		{"b", "7", `{"supersedes":"1"}`},       // of another stream
		{"a", "8", `{"supersedes":5}`},         // no text
		{"a", "9", `{"supersedes":null}`},      //
		{"a", "10", `{"supersedes":[]}`},       // nothing
		{"a", "11", `{"Supersedes":"x"}`},      // another member
		{"a", "12", `[]`},                      //
	} {
		known = append(known, store.Recorded{Position: store.Position(i + 1), Event: store.Event{Stream: e.stream, ID: e.id, Metadata: []byte(e.metadata)}})
	}
	if diff := cmp.Diff([]store.Position{3, 4, 6, 7, 8, 10}, store.IgnoredSupersedes(known)); diff != "" {
		t.Error(diff)
	}
}
