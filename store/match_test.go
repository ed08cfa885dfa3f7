package store_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// naiveMatch is the matching rule by other means: sets, and a category cut by a regular expression.
func naiveMatch(q store.Query, e *store.Event) bool {
	set := func(list ...string) map[string]bool {
		m := map[string]bool{}
		for _, s := range list {
			m[s] = true
		}
		return m
	}
	matched := len(q) == 0
	for _, it := range q {
		missing := set(it.Tags...)
		for tag := range set(e.Tags...) {
			delete(missing, tag)
		}
		category := ""
		if m := regexp.MustCompile(`(?s)^([^-]+)-`).FindStringSubmatch(e.Stream); m != nil {
			category = m[1]
		}
		matched = matched || (set("", e.Stream)[it.Stream] && set("", category)[it.Category] &&
			(len(it.Types) == 0 || set(it.Types...)[e.Type]) && len(missing) == 0)
	}
	return matched
}

// fields cuts a text into the words of a small world, so that a fuzzer finds matches.
func fields(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }) }

func FuzzMatch(f *testing.F) {
	f.Add("a-1", "T", "x y", "", "", "", "")
	f.Add("a-1", "T", "x y", "a-1", "a", "T U", "y x")
	f.Add("", "T", "", "", "a", "T", "")
	f.Add("a", "T", "x x", "a", "", "", "x x")
	f.Add("a--b", "T", "", "", "a", "U", "| z")
	f.Add("-a", "T", "é", "", "-", "", "|")
	f.Add("a-\n-b", "T", "x", "", "a-\n", "", "x")
	f.Fuzz(func(t *testing.T, stream, typ, tags, inStream, inCategory, types, wanted string) {
		e := store.Event{Stream: stream, Type: typ, Tags: fields(tags)}
		q := store.Query{{Stream: inStream, Category: inCategory, Types: fields(types)}}
		for part := range strings.SplitSeq(wanted, "|") { // each further item asks for tags alone
			q[len(q)-1].Tags = fields(part)
			q = append(q, store.Item{Types: fields(types)})
		}
		q = q[:len(q)-1]
		if got, want := q.Matches(&e), naiveMatch(q, &e); got != want {
			t.Errorf("%+v matches %+v: %t, want %t", q, e, got, want)
		}
		if all := (store.Query{}); !all.Matches(&e) {
			t.Errorf("the empty query does not match %+v", e)
		}
		if q.All() && !q.Matches(&e) {
			t.Errorf("%+v says that it matches all, and does not match %+v", q, e)
		}
	})
}

// TestMatchSmallWorld compares with the oracle on every item over a small world of names.
func TestMatchSmallWorld(t *testing.T) {
	streams := []string{"", "a", "a-", "a-1", "-a", "b-1", "a-1-2"}
	lists := [][]string{nil, {"x"}, {"y"}, {"x", "y"}, {"x", "x"}}
	n := 0
	for _, stream := range streams {
		for _, typ := range []string{"x", "y", "z"} {
			for _, tags := range lists {
				e := store.Event{Stream: stream, Type: typ, Tags: tags}
				for _, inStream := range streams {
					for _, category := range []string{"", "a", "b", "a-1", "-"} {
						for _, types := range lists {
							for _, wanted := range lists {
								q := store.Query{{Stream: inStream, Category: category, Types: types, Tags: wanted}}
								if got, want := q.Matches(&e), naiveMatch(q, &e); got != want {
									t.Fatalf("%+v matches %+v: %t, want %t", q, e, got, want)
								}
								n++
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d pairs", n)
}

func TestQueryAll(t *testing.T) {
	for _, tt := range []struct {
		q    store.Query
		want bool
	}{
		{nil, true},
		{store.Query{}, true},
		{store.Query{{}}, true},
		{store.Query{{Stream: "a"}, {}}, true},
		{store.Query{{Types: []string{}, Tags: []string{}}}, true},
		{store.Query{{Stream: "a"}}, false},
		{store.Query{{Category: "a"}}, false},
		{store.Query{{Types: []string{"T"}}, {Tags: []string{"x"}}}, false},
	} {
		if got := tt.q.All(); got != tt.want {
			t.Errorf("%+v: %t, want %t", tt.q, got, tt.want)
		}
	}
}

func TestCategory(t *testing.T) {
	for stream, want := range map[string]string{
		"": "", "a": "", "a-": "a", "-": "", "-a": "", "--": "", "a-1": "a", "a-1-2": "a", "a--b": "a",
		"order 7-x": "order 7", "é-1": "é", "$$loan-7": "$$loan", "a–1": "", "a\u20101": "",
	} {
		if got := store.Category(stream); got != want {
			t.Errorf("Category(%q) = %q, want %q", stream, got, want)
		}
	}
}

func TestIsSystem(t *testing.T) {
	for stream, want := range map[string]bool{"": false, "$": true, "$erasure": true, "$$a": true, "a$": false, " $": false} {
		if got := store.IsSystem(stream); got != want {
			t.Errorf("IsSystem(%q) = %t, want %t", stream, got, want)
		}
	}
}

func ExampleQuery() {
	q := store.Query{
		{Types: []string{"Shipped", "Cancelled"}, Tags: []string{"order:42"}},
		{Category: "stock"},
	}
	for _, e := range []store.Event{
		{Stream: "order-42", Type: "Shipped", Tags: []string{"order:42", "eu"}},
		{Stream: "order-42", Type: "Ordered", Tags: []string{"order:42"}},
		{Stream: "stock-7", Type: "Counted"},
	} {
		fmt.Println(e.Type, q.Matches(&e))
	}
	// Output:
	// Shipped true
	// Ordered false
	// Counted true
}
