package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// long returns a valid text of n bytes.
func long(n int) string { return strings.Repeat("é", n/2) + strings.Repeat("x", n%2) }

// judge checks that err is nil, or want with the facts that its kind has.
func judge(t *testing.T, err, want error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got error %v, want none", err)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if facts, ok := errors.AsType[*store.TooLargeError](err); ok && (facts.Got <= facts.Max || facts.What == "" || facts.Unit == "") {
		t.Errorf("the facts %+v do not say what is beyond which limit", *facts)
	}
	if facts, ok := errors.AsType[*store.InvalidError](err); ok && facts.Problem == "" {
		t.Error("the error does not say what is invalid")
	}
	for _, other := range []error{store.ErrInvalid, store.ErrTooLarge} {
		if !errors.Is(other, want) && errors.Is(err, other) {
			t.Errorf("error %v is %v too", err, other)
		}
	}
}

// TestNames puts names at and beyond every rule into every field that is a name.
func TestNames(t *testing.T) {
	names := []struct {
		name string
		want error
	}{
		{"a", nil},
		{" ", nil},
		{"-", nil},
		{"a b", nil},
		{`"`, nil},
		{"%00", nil},
		{"/", nil},
		{"日本語", nil},
		{"🎉", nil},
		{"\u200f", nil},
		{"\u2028", nil},
		{"\ufeff", nil},
		{"\ufffd", nil},
		{"\U0010ffff", nil},
		{"\u00a0", nil},
		{"~", nil},
		{long(store.MaxNameBytes - 1), nil},
		{long(store.MaxNameBytes), nil},
		{long(store.MaxNameBytes + 1), store.ErrTooLarge},
		{strings.Repeat("\x00", store.MaxNameBytes+1), store.ErrTooLarge},
		{"\x00", store.ErrInvalid},
		{"a\x1f", store.ErrInvalid},
		{"\n", store.ErrInvalid},
		{"\x7f", store.ErrInvalid},
		{"\u0080", store.ErrInvalid},
		{"\u009f", store.ErrInvalid},
		{"\xff", store.ErrInvalid},
		{"\xc3", store.ErrInvalid},
		{"\xed\xa0\x80", store.ErrInvalid},
		{"\xc0\x80", store.ErrInvalid},
		{"\xf4\x90\x80\x80", store.ErrInvalid},
	}
	fields := []struct {
		field string
		empty error // what an empty name is
		check func(name string) error
	}{
		{"type", store.ErrInvalid, func(n string) error { return (&store.Event{Type: n}).Validate() }},
		{"stream", nil, func(n string) error { return (&store.Event{Type: "T", Stream: n}).Validate() }},
		{"content type", nil, func(n string) error { return (&store.Event{Type: "T", ContentType: n}).Validate() }},
		{"tag", store.ErrInvalid, func(n string) error { return (&store.Event{Type: "T", Tags: []string{"x", n}}).Validate() }},
		{"key", nil, func(n string) error {
			return (&store.Commit{Key: n, Events: []store.Event{{Type: "T"}}}).Validate()
		}},
		{"source", store.ErrInvalid, func(n string) error { return (&store.Tracking{Source: n, Position: 1}).Validate() }},
		{"guarded stream", store.ErrInvalid, func(n string) error {
			return (&store.Commit{Guards: []store.Guard{store.StreamAt{Stream: n}}}).Validate()
		}},
		{"existing stream", store.ErrInvalid, func(n string) error {
			return (&store.Commit{Guards: []store.Guard{store.StreamExists{Stream: n}}}).Validate()
		}},
		{"queried stream", nil, func(n string) error { return store.Query{{Stream: n}}.Validate() }},
		{"queried category", nil, func(n string) error { return store.Query{{}, {Category: n}}.Validate() }},
		{"queried type", store.ErrInvalid, func(n string) error { return store.Query{{Types: []string{"T", n}}}.Validate() }},
		{"queried tag", store.ErrInvalid, func(n string) error { return store.Query{{Tags: []string{n}}}.Validate() }},
		{"guarded tag", store.ErrInvalid, func(n string) error {
			return (&store.Commit{Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Tags: []string{n}}}}}}).Validate()
		}},
	}
	for _, f := range fields {
		t.Run(f.field, func(t *testing.T) {
			judge(t, f.check(""), f.empty)
			for _, n := range names {
				judge(t, f.check(n.name), n.want)
			}
		})
	}
}

func TestEventValidate(t *testing.T) {
	utc := func(year int, month time.Month, day, hour, minute, sec, nsec int) time.Time {
		return time.Date(year, month, day, hour, minute, sec, nsec, time.UTC)
	}
	tags := func(envelope int) []string { // of an event of type T
		left := envelope - store.EnvelopeBytes(&store.Event{Type: "T"})
		var out []string
		for left > 2+store.MaxNameBytes {
			out, left = append(out, long(1000)), left-1002
		}
		return append(out, long(left-2))
	}
	tests := []struct {
		name  string
		event store.Event
		want  error
	}{
		{"no id", store.Event{Type: "T"}, nil},
		{"an id", store.Event{Type: "T", ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"}, nil},
		{"an id that is none", store.Event{Type: "T", ID: "0199a7c2"}, store.ErrInvalid},
		{"a long id that is none", store.Event{Type: "T", ID: long(5000)}, store.ErrInvalid},
		{"the first effective time", store.Event{Type: "T", EffectiveAt: utc(1, 1, 1, 0, 0, 0, 1000)}, nil},
		{"before it", store.Event{Type: "T", EffectiveAt: utc(1, 1, 1, 0, 0, 0, 999)}, store.ErrInvalid},
		{"before the year 1", store.Event{Type: "T", EffectiveAt: utc(0, 12, 31, 23, 59, 59, 999_999_999)}, store.ErrInvalid},
		{"long before the year 1", store.Event{Type: "T", EffectiveAt: utc(-5000, 1, 1, 0, 0, 0, 0)}, store.ErrInvalid},
		{"the last effective time", store.Event{Type: "T", EffectiveAt: utc(9999, 12, 31, 23, 59, 59, 999_999_999)}, nil},
		{"after it", store.Event{Type: "T", EffectiveAt: utc(10000, 1, 1, 0, 0, 0, 0)}, store.ErrInvalid},
		{"after it in UTC", store.Event{Type: "T", EffectiveAt: time.Date(9999, 12, 31, 23, 30, 0, 0, time.FixedZone("", -3600))}, store.ErrInvalid},
		{"not in UTC", store.Event{Type: "T", EffectiveAt: time.Date(10000, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600))}, nil},
		{"the largest envelope", store.Event{Type: "T", Tags: tags(store.MaxEnvelopeBytes)}, nil},
		{"beyond it", store.Event{Type: "T", Tags: tags(store.MaxEnvelopeBytes + 1)}, store.ErrTooLarge},
		{"the largest event", store.Event{Type: "T", Data: make([]byte, store.MaxEventBytes-store.EnvelopeBytes(&store.Event{Type: "T"}))}, nil},
		{"beyond it", store.Event{Type: "T", Data: make([]byte, store.MaxEventBytes-store.EnvelopeBytes(&store.Event{Type: "T"})), Metadata: []byte("x")}, store.ErrTooLarge},
		{"any payload", store.Event{Type: "T", Data: []byte("\x00\xff"), Metadata: []byte("not json")}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { judge(t, tt.event.Validate(), tt.want) })
	}
	if n := store.EnvelopeBytes(&store.Event{Type: "T", Tags: tags(store.MaxEnvelopeBytes)}); n != store.MaxEnvelopeBytes {
		t.Errorf("the largest envelope has %d bytes", n)
	}
}

func TestCommitValidate(t *testing.T) {
	one := []store.Event{{Type: "T"}}
	sized := func(total int) []store.Event { // five events
		var out []store.Event
		for i := range 5 {
			n := total / 5
			if i == 4 {
				n = total - 4*n
			}
			out = append(out, store.Event{Type: "T", Data: make([]byte, n-store.EnvelopeBytes(&store.Event{Type: "T"}))})
		}
		return out
	}
	guards := func(n int) []store.Guard {
		out := make([]store.Guard, n)
		for i := range out {
			out[i] = store.StreamExists{Stream: "a"}
		}
		return out
	}
	parts := func(n int) store.Query {
		return store.Query{{Types: strings.Split(strings.Repeat("T ", n-2)+"T", " ")}}
	}
	none := func(q ...store.Query) []store.Guard {
		var out []store.Guard
		for _, q := range q {
			out = append(out, store.NoneMatch{Query: q, After: 1 << 60})
		}
		return out
	}
	tests := []struct {
		name   string
		commit store.Commit
		want   error
	}{
		{"nothing", store.Commit{}, nil},
		{"a key without events", store.Commit{Key: "k"}, store.ErrInvalid},
		{"a key with tracking alone", store.Commit{Key: "k", Tracking: &store.Tracking{Source: "s", Position: 1}}, store.ErrInvalid},
		{"tracking at its lowest", store.Commit{Tracking: &store.Tracking{Source: "s", Position: 1}}, nil},
		{"tracking below it", store.Commit{Tracking: &store.Tracking{Source: "s"}}, store.ErrInvalid},
		{"tracking at its highest", store.Commit{Tracking: &store.Tracking{Source: "s", Position: 1<<53 - 1}}, nil},
		{"tracking above it", store.Commit{Tracking: &store.Tracking{Source: "s", Position: 1 << 53}}, store.ErrInvalid},
		{"a bad event", store.Commit{Events: []store.Event{{Type: "T"}, {}}}, store.ErrInvalid},
		{"the stream of erasures", store.Commit{Events: []store.Event{{Stream: "$erasure", Type: "T"}}}, store.ErrInvalid},
		{"the type of erasures elsewhere", store.Commit{Events: []store.Event{{Stream: "a", Type: "$erasure"}}}, nil},
		{"the largest commit", store.Commit{Events: sized(store.MaxCommitBytes)}, nil},
		{"with a key", store.Commit{Events: sized(store.MaxCommitBytes), Key: "k"}, store.ErrTooLarge},
		{"a byte more", store.Commit{Events: sized(store.MaxCommitBytes + 1)}, store.ErrTooLarge},
		{"the highest version", store.Commit{Guards: []store.Guard{store.StreamAt{Stream: "a", Version: 1<<53 - 1}}}, nil},
		{"a version above it", store.Commit{Guards: []store.Guard{store.StreamAt{Stream: "a", Version: 1 << 53}}}, store.ErrInvalid},
		{"no guard where one is", store.Commit{Guards: []store.Guard{nil}}, store.ErrInvalid},
		{"a pointer to a guard", store.Commit{Guards: []store.Guard{&store.StreamExists{Stream: "a"}}}, store.ErrInvalid},
		{"the most guards", store.Commit{Events: one, Guards: guards(store.MaxGuards)}, nil},
		{"one more", store.Commit{Events: one, Guards: guards(store.MaxGuards + 1)}, store.ErrTooLarge},
		{"the most query parts", store.Commit{Guards: none(parts(store.MaxQueryParts))}, nil},
		{"one more", store.Commit{Guards: none(parts(store.MaxQueryParts + 1))}, store.ErrTooLarge},
		{"the most over two guards", store.Commit{Guards: none(parts(store.MaxQueryParts-2), parts(2))}, nil},
		{"one more over two guards", store.Commit{Guards: none(parts(store.MaxQueryParts-1), parts(2))}, store.ErrTooLarge},
		{"an After above every position", store.Commit{Guards: none(nil)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { judge(t, tt.commit.Validate(), tt.want) })
	}
	if err := store.ValidateRestored(&store.Commit{Events: []store.Event{{Stream: "$erasure", Type: "$erasure"}}}); err != nil {
		t.Errorf("a restored erasure is refused: %v", err)
	}
}

func TestQueryValidate(t *testing.T) {
	items := func(n int) store.Query { return make(store.Query, n) }
	judge(t, store.Query(nil).Validate(), nil)
	judge(t, items(store.MaxQueryParts).Validate(), nil)
	judge(t, items(store.MaxQueryParts+1).Validate(), store.ErrTooLarge)
}

func TestReadOptionsValidate(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		o    store.ReadOptions
		want error
	}{
		"zero": {store.ReadOptions{}, nil}, "limit": {store.ReadOptions{Limit: 1}, nil},
		"everything but follow": {store.ReadOptions{After: 9, Until: 3, AsOf: now, Limit: 1, Backward: true}, nil},
		"follow":                {store.ReadOptions{After: 9, Until: 3, Limit: 1, Follow: true}, nil},
		"negative limit":        {store.ReadOptions{Limit: -1}, store.ErrInvalid},
		"follow backwards":      {store.ReadOptions{Follow: true, Backward: true}, store.ErrInvalid},
		"follow as of":          {store.ReadOptions{Follow: true, AsOf: now}, store.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) { judge(t, tt.o.Validate(), tt.want) })
	}
}

func TestErasureValidate(t *testing.T) {
	positions := func(n int) []store.Position { return make([]store.Position, n) }
	for name, tt := range map[string]struct {
		e    store.Erasure
		want error
	}{
		"one": {store.Erasure{Positions: positions(1)}, nil}, "none": {store.Erasure{}, store.ErrInvalid},
		"most":          {store.Erasure{Positions: positions(store.MaxErasePositions)}, nil},
		"one more":      {store.Erasure{Positions: positions(store.MaxErasePositions + 1)}, store.ErrInvalid},
		"longest words": {store.Erasure{Positions: positions(1), Reason: long(store.MaxNameBytes), Actor: long(store.MaxNameBytes)}, nil},
		"long reason":   {store.Erasure{Positions: positions(1), Reason: long(store.MaxNameBytes + 1)}, store.ErrInvalid},
		"long actor":    {store.Erasure{Positions: positions(1), Actor: long(store.MaxNameBytes + 1)}, store.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) { judge(t, tt.e.Validate(), tt.want) })
	}
}

func TestIsID(t *testing.T) {
	const id = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"
	if !store.IsID(id) || !store.IsID("00000000-0000-0000-0000-000000000000") || !store.IsID("ffffffff-ffff-ffff-ffff-ffffffffffff") {
		t.Error("an id is refused")
	}
	for _, bad := range []string{
		"", "a", strings.ToUpper(id), id + " ", " " + id, id[:35], id + "0", strings.ReplaceAll(id, "-", ""), "{" + id + "}", "urn:uuid:" + id,
		strings.ReplaceAll(id, "-", "–"), "0199a7c25-b1e-7c3d-9f00-2f6d1c0a9b11", "0199a7c2-5b1e-7c3d-9f00_2f6d1c0a9b11", strings.Repeat("-", 36),
	} {
		if store.IsID(bad) {
			t.Errorf("%q passes as an id", bad)
		}
	}
	for i := range id { // each place takes only what it is for
		for _, c := range []byte{'g', '/', ':', '`', 'A', ' ', 0, '-', '0'} {
			text := id[:i] + string(c) + id[i+1:]
			if got, want := store.IsID(text), (id[i] == '-') == (c == '-') && (c == '-' || c == '0'); got != want {
				t.Errorf("IsID(%q) = %t, want %t", text, got, want)
			}
		}
	}
}

func ExampleResult_Version() {
	r := store.Result{Versions: []store.StreamVersion{{Stream: "loan-7", Version: 3}, {Stream: "customer-1", Version: 9}}}
	fmt.Println(r.Version("customer-1"), r.Version("loan-8"))
	// Output: 9 0
}
