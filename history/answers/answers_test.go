package answers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

var clock = history.Clock{Now: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)}

// orders returns a store whose commits are a minute apart, each with two events: positions 1 to 4.
func orders(t *testing.T) *memory.Store {
	t.Helper()
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := memory.New(memory.Options{ID: "s-1", Clock: func() time.Time {
		now = now.Add(time.Minute)
		return now
	}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for n := range 2 {
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{
			{Stream: "order-1", Type: "Paid", Data: fmt.Appendf(nil, `{"paid":%d}`, n)},
			{Stream: fmt.Sprintf("order-%d", n+2), Type: "Placed<1>", Data: []byte(`{}`)},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// byCategory is rules that fold tags and streams differently.
type byCategory struct{}

type named struct {
	reducer.Reducer
	name string
}

func (n named) Identity() string { return n.name }

func (byCategory) Choose(_ context.Context, target string) (reducer.Reducer, error) {
	return named{reducer.MergePatch(), "rule of " + store.Category(target)}, nil
}
func (byCategory) Identity(context.Context) (string, error) { return "all rules", nil }

func ask(t *testing.T, s store.Store, a answers.Asked) *answers.Question {
	t.Helper()
	if a.Clock = clock; a.Rules == nil {
		a.Rules = answers.One{Reducer: reducer.MergePatch()}
	}
	q, err := answers.Ask(t.Context(), s, a)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestParseKnown(t *testing.T) {
	for _, tt := range []struct {
		text string
		want history.Known
		bad  string
	}{
		{"", history.Known{}, ""},
		{"0", history.Known{Nothing: true}, ""},
		{"12", history.Known{Position: 12}, ""},
		{"9007199254740991", history.Known{Position: store.MaxPosition}, ""},
		{"9007199254740992", history.Known{}, "by 9007199254740992: a position is between 0, before the first event, and 2^53-1"},
		{"yesterday", history.Known{At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}, ""},
		{"2026-11-01T10:06:00+02:00", history.Known{At: time.Date(2026, 11, 1, 8, 6, 0, 0, time.UTC)}, ""},
		{"-1", history.Known{}, `by: gesta: invalid: "-1" is not a time such as 2026-11-01T10:06:00Z, 2026-11-01, yesterday, last friday or 2 hours ago`},
	} {
		got, err := answers.ParseKnown("by", tt.text, clock)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || text != tt.bad || err != nil && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("ParseKnown(%q): %v, want %q; -want +got\n%s", tt.text, err, tt.bad, diff)
		}
	}
}

// The basis says what is known: a position as the end of its commit, a time as it was asked for.
func TestAsk(t *testing.T) {
	s := orders(t)
	at, until := time.Date(2026, 11, 1, 10, 1, 30, 0, time.UTC), store.Position(2)
	for _, tt := range []struct {
		known history.Known
		want  string
		until store.Position
	}{
		{history.Known{}, `{"store":"s-1","branch":"main","head":4,"effectiveAt":"2026-11-01T10:01:30Z"}`, 4},
		{history.Known{Position: 1}, `{"store":"s-1","branch":"main","head":4,"knownAt":2,"effectiveAt":"2026-11-01T10:01:30Z"}`, until},
		{history.Known{Nothing: true}, `{"store":"s-1","branch":"main","head":4,"knownAt":0,"effectiveAt":"2026-11-01T10:01:30Z"}`, 0},
		{history.Known{At: at}, `{"store":"s-1","branch":"main","head":4,"knownAt":"2026-11-01T10:01:30Z","effectiveAt":"2026-11-01T10:01:30Z"}`, until},
	} {
		q := ask(t, s, answers.Asked{Known: tt.known, EffectiveAt: at})
		if got := string(eventjson.AppendBasis(nil, &q.Basis)); got != tt.want || q.Until != tt.until {
			t.Errorf("%+v: up to %d by %s\nwant %d by %s", tt.known, q.Until, got, tt.until, tt.want)
		}
	}
}

// A part of a state that is not there is told with the words of the question.
func TestPartOfState(t *testing.T) {
	q := ask(t, orders(t), answers.Asked{})
	sel, err := q.LookUp(t.Context(), "order-1@1")
	if err != nil {
		t.Fatal(err)
	}
	of, err := answers.NewTarget(sel, "order-1@1")
	if err != nil {
		t.Fatal(err)
	}
	st, err := q.State(t.Context(), of)
	if err != nil || q.Basis.Reducer != reducer.MergePatchIdentity {
		t.Fatalf("State: %v, by %q", err, q.Basis.Reducer)
	}
	for _, tt := range []struct{ path, want string }{
		{"", `{"target":"order-1","stream":"order-1","version":1,"position":1,"events":1,"skipped":0,"state":{"paid":0}}`},
		{"paid", `{"target":"order-1","stream":"order-1","version":1,"position":1,"events":1,"skipped":0,"value":0}`},
		{"items[0]", "the state of order-1@1 has nothing at items[0]"},
	} {
		part, err := answers.ParsePart("path", tt.path, "")
		if err != nil {
			t.Fatal(err)
		}
		value, err := part.In(st, of)
		if err != nil {
			if err.Error() != tt.want || !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the part %q: %v, want %s", tt.path, err, tt.want)
			}
			continue
		}
		members, err := answers.Members(part.Document(st, value))
		if err != nil || string(members) != tt.want {
			t.Errorf("the part %q: %s, %v\nwant %s", tt.path, members, err, tt.want)
		}
	}
}

func TestNewTarget(t *testing.T) {
	for text, sel := range map[string]history.Selection{
		"order-1@1..2": {Subject: history.Stream, Name: "order-1", Range: true},
		"HEAD":         {Subject: history.WholeStore, Until: 4},
	} {
		if of, err := answers.NewTarget(sel, text); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("NewTarget of %s = %v, %v; want none", text, of, err)
		}
	}
}

// Where rules go by categories, the basis names each of those that the answer rests on, once.
func TestIdentityOf(t *testing.T) {
	q := ask(t, orders(t), answers.Asked{Rules: byCategory{}})
	stream := func(name string) history.Selection { return history.Selection{Subject: history.Stream, Name: name} }
	for _, tt := range []struct {
		of   []history.Selection
		want string
	}{
		{[]history.Selection{stream("order-1")}, "rule of order"},
		{[]history.Selection{stream("order-1"), stream("order-2")}, "rule of order"},
		{[]history.Selection{stream("order-1"), stream("cart-2")}, "rule of order,rule of cart"},
		{[]history.Selection{{}, {}}, "all rules"},
	} {
		if got, err := q.IdentityOf(t.Context(), tt.of...); got != tt.want || err != nil {
			t.Errorf("IdentityOf(%v) = %q, %v; want %q", tt.of, got, err, tt.want)
		}
	}
}

// One range, two addresses and a range of two subjects are two points each.
func TestPoints(t *testing.T) {
	q := ask(t, orders(t), answers.Asked{})
	for _, tt := range []struct {
		texts []string
		want  string
	}{
		{[]string{"order-1@1..2"}, "order-1 1, order-1 3"},
		{[]string{"order-1@2", "order-1@1"}, "order-1 3, order-1 1"},
		{[]string{"order-1@1..order-2"}, "order-1 1, order-2 4"},
		{[]string{"1..3"}, " 1,  3"},
		{[]string{"1", "HEAD"}, " 1,  4"},
		{[]string{"order-1"}, `diff takes two points, and "order-1" is one`},
		{[]string{""}, `diff takes two points, and "" is one`},
		{[]string{"order-1", ""}, "the name of a state is empty"},
		{[]string{"order-1", "order-1@1..2"}, "order-1@1..2 is a range: it stands alone"},
		{[]string{"order-1", "3"}, "order-1 and 3 cannot be compared: one is a point of the whole store"},
		{[]string{"order-1", "order-9"}, `there is no stream "order-9"`},
	} {
		from, to, err := q.Points(t.Context(), tt.texts...)
		got := fmt.Sprintf("%s %d, %s %d", from.Target(), from.Until, to.Target(), to.Until)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("Points(%q) = %s, want %s", tt.texts, got, tt.want)
		}
	}
}

// Lists and counts are of what is known; names are written as they are.
func TestLists(t *testing.T) {
	s := orders(t)
	for _, tt := range []struct {
		known          history.Known
		streams, types string
		events         uint64
	}{
		{
			history.Known{},
			`{"stream":"order-1","version":2,"lastPosition":3,"lastRecordedAt":"2026-11-01T10:02:00Z"}{"stream":"order-2","version":1,"lastPosition":2,"lastRecordedAt":"2026-11-01T10:01:00Z"}` +
				`{"stream":"order-3","version":1,"lastPosition":4,"lastRecordedAt":"2026-11-01T10:02:00Z"}`,
			`{"type":"Paid","events":2}{"type":"Placed<1>","events":2}`, 4,
		},
		{
			history.Known{Position: 1},
			`{"stream":"order-1","version":1,"lastPosition":1,"lastRecordedAt":"2026-11-01T10:01:00Z"}{"stream":"order-2","version":1,"lastPosition":2,"lastRecordedAt":"2026-11-01T10:01:00Z"}`,
			`{"type":"Paid","events":1}{"type":"Placed<1>","events":1}`, 2,
		},
		{history.Known{Nothing: true}, "", "", 0},
	} {
		q := ask(t, s, answers.Asked{Known: tt.known})
		var streams, types []byte
		for info, err := range q.Streams(t.Context(), store.StreamsOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			streams = answers.AppendStream(streams, &info)
		}
		list, err := q.Types(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			types = answers.AppendType(types, &list[i])
		}
		counted, medium, err := q.Stats(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if doc := answers.NewStats(&counted, &medium); string(streams) != tt.streams || string(types) != tt.types || doc.Events != tt.events {
			t.Errorf("%+v: %d events\n%s\n%s\nwant %d\n%s\n%s", tt.known, doc.Events, streams, types, tt.events, tt.streams, tt.types)
		}
	}
}
