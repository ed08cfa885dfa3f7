package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// oddNames are valid names that a store may stumble over.
func oddNames() []string {
	return []string{
		"a", "A", "a-", "-a", "-", "--", "a--b", "a-b-c", "a-1", "a-10", " ", "  ", " a ", "a b", "0", "-1", "null",
		`"`, `'`, `"quoted"`, `back\slash`, "/", "a/b", "../..", ".", "..", "C:\\x", "a:b", "a=b", "a,b", "a;b", "a|b", "{}", "[]", "<&>",
		"%", "%00", "%s%d", "100%", "?", "*", "#", "$", "$$", "$x", "$erasure2", "@", "~", "a@1", "HEAD", "..-..",
		"é", "e\u0301", "ß", "日本語-1", "🎉", "👩‍👩‍👧", "\u200f\u200eשלום", "\u202eabc", "\u00a0", "\u2028", "\ufeff", "\ufffd", "\U0010ffff", "\ue000",
		strings.Repeat("x", store.MaxNameBytes), strings.Repeat("x", store.MaxNameBytes-1) + "y",
		strings.Repeat("é", store.MaxNameBytes/2), strings.Repeat("-", store.MaxNameBytes),
	}
}

// badNames are names that no store takes.
func badNames() []string {
	return []string{
		"\x00", "a\x00", "\x00a", "a\nb", "\r", "\t", "\x1b[31m", "\x7f", "\u0080", "\u009f",
		"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
	}
}

// runNames checks that every valid name is kept as it is and found, and every other refused.
func runNames(t *testing.T, h Harness) {
	t.Run("odd names", func(t *testing.T) { oddEvents(t, h) })
	t.Run("refused names", func(t *testing.T) { badEvents(t, h.open(t)) })
	t.Run("payloads are any bytes", func(t *testing.T) {
		s := h.open(t)
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		var want []store.Event
		for _, data := range [][]byte{nil, {0}, {0xff, 0xfe}, all, []byte("{\"a\" : 1.0,\n\"a\":1e400}"), []byte("null"), make([]byte, 70_000)} {
			want = append(want, store.Event{Stream: "a-1", Type: "T", Data: data}, store.Event{Stream: "a-1", Type: "T", Metadata: data},
				store.Event{Type: "T", Data: data, Metadata: data})
		}
		write(t, s, want...)
		for i, e := range read(t, s, nil, store.ReadOptions{}) {
			if d := diff(want[i], e.Event); d != "" {
				t.Errorf("event %d (-want +got):\n%s", i, d)
			}
		}
	})
	t.Run("numbers at their bounds", func(t *testing.T) {
		s := h.open(t)
		want := []store.Event{{Type: "T", SchemaVersion: 1}, {Type: "T", SchemaVersion: 1<<32 - 1}}
		write(t, s, want...)
		for i, e := range read(t, s, nil, store.ReadOptions{}) {
			if d := diff(want[i], e.Event); d != "" {
				t.Errorf("event %d (-want +got):\n%s", i, d)
			}
		}
	})
}

// oddEvents writes an event for each odd name, with the name in every field, and finds each by each of them.
func oddEvents(t *testing.T, h Harness) {
	s := h.open(t)
	names := oddNames()
	var want []store.Event
	for i, name := range names {
		e := store.Event{
			Stream: name, Type: name, Tags: []string{name, "tag", name}, ContentType: name,
			ID: fmt.Sprintf("00000000-0000-0000-0000-%012x", i), Data: []byte(name), Metadata: []byte(name),
		}
		want = append(want, e)
		r := commit(t, s, store.Commit{
			Key: name, Events: []store.Event{e}, Tracking: &store.Tracking{Source: name, Position: uint64(i + 1)},
			Guards: []store.Guard{store.StreamAt{Stream: name}, store.NoneMatch{Query: store.Query{{Types: []string{name}}, {Tags: []string{name}}}}},
		})
		if r.Version(name) != 1 {
			t.Errorf("%q: wrote %+v, want version 1", name, r)
		}
	}
	check := func(t *testing.T, s store.Store) {
		t.Helper()
		for i, name := range names {
			for _, q := range []store.Query{{{Stream: name}}, {{Types: []string{name}}}, {{Tags: []string{name}}}, {{Tags: []string{name, name, "tag"}}}} {
				got := read(t, s, q, store.ReadOptions{Backward: i%2 == 0})
				if len(got) != 1 || diff(want[i], got[0].Event) != "" || got[0].Position != store.Position(i+1) {
					t.Errorf("%q finds %v, want position %d", q, got, i+1)
				}
			}
			_, err := s.Append(bounded(t), store.Commit{Guards: []store.Guard{store.StreamAt{Stream: name, Version: 1}, store.StreamExists{Stream: name}}})
			if err != nil {
				t.Errorf("stream %q: %v", name, err)
			}
			if tracker, ok := store.As[store.Tracker](s); ok {
				if n, err := tracker.Tracked(bounded(t), name); n != uint64(i+1) || err != nil {
					t.Errorf("source %q is at %d, %v, want %d", name, n, err, i+1)
				}
			}
			if keys, ok := store.As[store.Keys](s); ok {
				if r, err := keys.Lookup(bounded(t), name); r.First != store.Position(i+1) || err != nil {
					t.Errorf("key %q is at %d, %v, want %d", name, r.First, err, i+1)
				}
			}
		}
		byCategory(t, s, names)
	}
	check(t, s)
	if h.Reopen != nil {
		check(t, h.reopen(t, s, Options{}))
	}
}

// byCategory compares reads by category with the rule written out.
func byCategory(t *testing.T, s store.Store, names []string) {
	t.Helper()
	want := map[string][]store.Position{}
	for i, name := range names {
		if at := strings.Index(name, "-"); at > 0 {
			want[name[:at]] = append(want[name[:at]], store.Position(i+1))
		}
	}
	for category, at := range want {
		if d := diff(at, positions(read(t, s, store.Query{{Category: category}}, store.ReadOptions{}))); d != "" {
			t.Errorf("category %q (-want +got):\n%s", category, d)
		}
	}
	for _, none := range []string{"a-1", "-", "A", "x"} {
		if got := read(t, s, store.Query{{Category: none}}, store.ReadOptions{}); len(got) > 0 {
			t.Errorf("category %q has %v, want none", none, got)
		}
	}
}

// badEvents puts each bad name into each field, and looks that nothing was written.
func badEvents(t *testing.T, s store.Store) {
	good := event("a-1", "T")
	for _, bad := range append(badNames(), "") {
		commits := []store.Commit{
			{Events: []store.Event{good, {Type: bad}}},
			{Events: []store.Event{{Type: "T", Tags: []string{"x", bad}}, good}},
			{Events: []store.Event{good}, Tracking: &store.Tracking{Source: bad, Position: 1}},
			{Events: []store.Event{good}, Guards: []store.Guard{store.StreamAt{Stream: bad}}},
			{Events: []store.Event{good}, Guards: []store.Guard{store.StreamExists{Stream: bad}}},
			{Events: []store.Event{good}, Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Types: []string{bad}}}}}},
			{Events: []store.Event{good}, Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Tags: []string{"x", bad}}}}}},
		}
		queries := []store.Query{{{Types: []string{bad}}}, {{}, {Tags: []string{bad}}}}
		if bad != "" {
			commits = append(commits,
				store.Commit{Events: []store.Event{{Type: "T", Stream: bad}}},
				store.Commit{Events: []store.Event{{Type: "T", ContentType: bad}}},
				store.Commit{Events: []store.Event{{Type: "T", ID: bad}}},
				store.Commit{Events: []store.Event{good}, Key: bad})
			queries = append(queries, store.Query{{Stream: bad}}, store.Query{{Category: bad}})
		}
		for _, c := range commits {
			_, err := s.Append(bounded(t), c)
			refused(t, err, store.ErrInvalid)
		}
		for _, q := range queries {
			refused(t, lastError(bounded(t), t, s, q, store.ReadOptions{}), store.ErrInvalid)
		}
	}
	_, err := s.Append(bounded(t), store.Commit{Events: []store.Event{good}, Guards: []store.Guard{nil}})
	refused(t, err, store.ErrInvalid)
	if events := read(t, s, nil, store.ReadOptions{}); len(events) > 0 {
		t.Errorf("refused commits wrote %v", events)
	}
}
