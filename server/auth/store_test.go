package auth_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

func as(t testing.TB, s store.Store, role auth.Role, on ...string) store.Store {
	t.Helper()
	return auth.Store(s, must(auth.NewPrincipal("ada", role, on...)), "")
}

// fill writes an event into each stream.
func fill(t testing.TB, streams ...string) *memory.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	for _, stream := range streams {
		_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: stream, Type: "T", Data: []byte("1")}}})
		ok(t, err)
	}
	return s
}

// powerOf returns a power that there is.
func powerOf[T any](t testing.TB, s store.Store) T {
	t.Helper()
	p, found := store.As[T](s)
	if !found {
		t.Fatalf("there is no %T", *new(T))
	}
	return p
}

// TestPowersByRole is the table of the package doc for what is about everything.
func TestPowersByRole(t *testing.T) {
	ctx := t.Context()
	calls := []struct {
		name string
		need auth.Role
		call func(s store.Store) error
	}{
		{"stats", auth.Read, func(s store.Store) error { _, err := powerOf[store.Measurer](t, s).Stats(ctx); return err }},
		{"types", auth.Read, func(s store.Store) error { _, err := collect(powerOf[store.Lister](t, s).Types(ctx)); return err }},
		{"check", auth.Operate, func(s store.Store) error {
			_, err := powerOf[store.Checker](t, s).Check(ctx, store.CheckOptions{})
			return err
		}},
		{"repair", auth.Admin, func(s store.Store) error {
			_, err := powerOf[store.Checker](t, s).Check(ctx, store.CheckOptions{Repair: true})
			return err
		}},
		{"dump", auth.Admin, func(s store.Store) error { _, err := collect(powerOf[store.Dumper](t, s).Dump(ctx, 0)); return err }},
		{"restore", auth.Admin, func(s store.Store) error {
			return powerOf[store.Restorer](t, s).Restore(ctx, func(func(store.RecordedCommit, error) bool) {})
		}},
		{"erase", auth.Operate, func(s store.Store) error {
			_, err := powerOf[store.Eraser](t, s).Erase(ctx, store.Erasure{Positions: []store.Position{1}})
			return err
		}},
		{"append", auth.Append, func(s store.Store) error { _, err := s.Append(ctx, store.Commit{}); return err }},
	}
	inner := fill(t, "a-1")
	for _, c := range calls {
		for role := auth.Read; role <= auth.Admin; role++ {
			for _, on := range [][]string{nil, {"*"}, {"b-*", ""}} {
				err := c.call(as(t, inner, role, on...))
				limited := len(on) > 1 && c.name != "append"
				if want := role >= c.need && !limited; (err == nil) != want || err != nil && eventjson.Describe(err).Code != eventjson.CodeDenied {
					t.Errorf("%s as %s on %q: %v, want done: %t", c.name, role, on, err, want)
				}
			}
		}
	}
}

// TestDeniedSaysNothing checks that what is there and what is not is denied with the same words.
func TestDeniedSaysNothing(t *testing.T) {
	there, empty := fill(t, "a-1", "a-2", "a-3"), fill(t, "b-1", "b-2", "b-3")
	for _, c := range []store.Commit{
		{Events: []store.Event{{Stream: "a-1", Type: "T"}}},
		{Guards: []store.Guard{store.StreamAt{Stream: "a-1", Version: 1}}},
		{Guards: []store.Guard{store.StreamExists{Stream: "a-1"}}},
		{Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Category: "a"}}}}},
		{Guards: []store.Guard{store.NoneMatch{}}},
		{Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Types: []string{"T"}}}}}},
		{Tracking: &store.Tracking{Source: "a-1", Position: 1}},
		{Events: []store.Event{{Type: "T"}}},
		{Events: []store.Event{{Stream: "$x", Type: "T"}}},
	} {
		_, one := as(t, there, auth.Append, "c-*").Append(t.Context(), c)
		_, two := as(t, empty, auth.Append, "c-*").Append(t.Context(), c)
		wantCode(t, one, eventjson.CodeDenied)
		if d := cmp.Diff(eventjson.Describe(one), eventjson.Describe(two)); d != "" {
			t.Errorf("%+v: %s", c, d)
		}
	}
	for _, inner := range []store.Store{there, empty} {
		_, err := powerOf[store.Eraser](t, as(t, inner, auth.Operate, "b-*")).Erase(t.Context(), store.Erasure{Positions: []store.Position{4}})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("above the head: %v", err)
		}
	}
	_, err := as(t, there, auth.Append, "c-*").Append(t.Context(), store.Commit{Events: []store.Event{{Stream: strings.Repeat("a", 1<<20), Type: "T"}}})
	if wantCode(t, err, eventjson.CodeDenied); len(err.Error()) > 300 {
		t.Errorf("%.400v", err)
	}
}

// TestStreamsOfTheServer checks that not even an admin writes what managing and auditing write.
func TestStreamsOfTheServer(t *testing.T) {
	s := as(t, fill(t), auth.Admin)
	for _, stream := range []string{auth.UsersStream, auth.AuditStream, store.ErasureStream} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: stream, Type: "UserAdded"}}}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want %v", stream, err, store.ErrInvalid)
		}
	}
	_, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "$mine", Type: "T"}}, Guards: []store.Guard{store.StreamAt{Stream: auth.UsersStream}}})
	ok(t, err)
}

func TestEraseIsRecordedByWhom(t *testing.T) {
	inner := fill(t, "a-1", "a-2", "a-3", "$x")
	eraser := powerOf[store.Eraser](t, as(t, inner, auth.Operate))
	for i, e := range []store.Erasure{{}, {Actor: "eve"}, {Actor: "ada", Reason: "r"}, {Actor: "eve", Reason: "r"}} {
		e.Positions = []store.Position{store.Position(min(i+1, 3))}
		if i == 3 {
			_, err := inner.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-4", Type: "T", Data: []byte("1")}}})
			ok(t, err)
			e.Positions = []store.Position{must(inner.Head(t.Context()))}
		}
		_, err := eraser.Erase(t.Context(), e)
		ok(t, err)
	}
	var got []string
	for _, e := range must(collect(inner.Read(t.Context(), store.Query{{Stream: store.ErasureStream}}, store.ReadOptions{}))) {
		_, reason, _ := strings.Cut(string(e.Data), `"reason":`)
		got = append(got, reason+string(e.Metadata))
	}
	const by = `{"actor":"ada"}`
	if d := cmp.Diff([]string{by, `"on behalf of eve"}` + by, `"r"}` + by, `"r (on behalf of eve)"}` + by}, got); d != "" {
		t.Error(d)
	}
	_, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{4}})
	wantCode(t, err, eventjson.CodeDenied)
	_, err = eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}, Actor: strings.Repeat("e", store.MaxNameBytes)})
	wantCode(t, err, eventjson.CodeUsage)
}

func TestRestoreLeavesMetadata(t *testing.T) {
	from, to := fill(t), fill(t)
	_, err := from.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T", Metadata: []byte("\x00")}, {Type: "T", Metadata: []byte(`{"actor":"eve"}`)}}})
	ok(t, err)
	s := as(t, to, auth.Admin)
	ok(t, powerOf[store.Restorer](t, s).Restore(t.Context(), powerOf[store.Dumper](t, as(t, from, auth.Admin)).Dump(t.Context(), 0)))
	got := must(collect(s.Read(t.Context(), nil, store.ReadOptions{})))
	if string(got[0].Metadata) != "\x00" || string(got[1].Metadata) != `{"actor":"eve"}` {
		t.Errorf("%q %q", got[0].Metadata, got[1].Metadata)
	}
}

// TestStartKeepsOrder starts commits of which some are denied: the others are judged in their order.
func TestStartKeepsOrder(t *testing.T) {
	s := as(t, fill(t), auth.Append, "a-*")
	starter := powerOf[store.Starter](t, s)
	var waits []func() (store.Result, error)
	for i := range 30 {
		stream := "a-1"
		if i%3 == 2 {
			stream = "b-1"
		}
		waits = append(waits, starter.Start(t.Context(), store.Commit{
			Events: []store.Event{{Stream: stream, Type: "T"}}, Guards: []store.Guard{store.StreamAt{Stream: stream, Version: uint64(i - i/3)}},
		}))
	}
	for i, wait := range waits {
		r, err := wait()
		if i%3 == 2 {
			wantCode(t, err, eventjson.CodeDenied)
		} else if want := uint64(i - i/3 + 1); err != nil || r.Version("a-1") != want {
			t.Errorf("commit %d: %+v, %v, want version %d", i, r, err, want)
		}
	}
}

// TestFollow follows as who sees a part: Limit counts that part, and Progress goes over all.
func TestFollow(t *testing.T) {
	inner := fill(t, "a-1", "b-1", "$x")
	s := as(t, inner, auth.Read, "a-*", "*-*-*")
	var at store.Position
	var got []store.Position
	o := store.ReadOptions{Follow: true, Limit: 4, Progress: func(p store.Position, live bool) {
		if at = p; live && len(got) > 0 && len(got) < 4 {
			for _, stream := range []string{"b-1", "a-2", "", "$x"} {
				_, err := inner.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: stream, Type: "T"}}})
				ok(t, err)
			}
		}
	}}
	for e, err := range s.Read(t.Context(), nil, o) {
		ok(t, err)
		if e.Position <= at {
			t.Errorf("position %d comes after progress was called with %d", e.Position, at)
		}
		got = append(got, e.Position)
	}
	if d := cmp.Diff([]store.Position{1, 5, 9, 13}, got); d != "" {
		t.Error(d)
	}
	for _, o := range []store.ReadOptions{{Limit: -1}, {Follow: true, Backward: true}} {
		_, err := collect(s.Read(t.Context(), nil, o))
		wantCode(t, err, eventjson.CodeUsage)
	}
	_, err := collect(s.Read(t.Context(), store.Query{{Tags: []string{""}}}, store.ReadOptions{}))
	wantCode(t, err, eventjson.CodeUsage)
}

// spy notes the query and the limit of the last read.
type spy struct {
	*memory.Store
	q     store.Query
	limit int
}

func (s *spy) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	s.q, s.limit = q, o.Limit
	return s.Store.Read(ctx, q, o)
}

// TestReadsAreNarrowed checks what a store is asked for: no more than what may be seen, where a query can say that.
func TestReadsAreNarrowed(t *testing.T) {
	wide := store.Query{}
	for i := range store.MaxQueryParts/2 - 1 {
		wide = append(wide, store.Item{Types: []string{fmt.Sprint(i)}})
	}
	tests := []struct {
		name  string
		on    []string
		asked store.Query
		want  string // of the store: with * the limit
	}{
		{"a category", []string{"a-*"}, nil, "category=a"},
		{"two", []string{"a-*", "b-1"}, nil, "category=a OR stream=b-1"},
		{"a type of a category", []string{"a-*"}, store.Query{{Types: []string{"T"}}}, "category=a type=T"},
		{"a stream of it", []string{"a-*"}, store.Query{{Stream: "a-1"}}, "* stream=a-1"},
		{"all of it", []string{"a-*"}, store.Query{{Category: "a", Types: []string{"T"}}}, "* category=a type=T"},
		{"another", []string{"a-*"}, store.Query{{Category: "b"}}, "stream=nothing category=nothing"},
		{"a stream of another", []string{"a-*"}, store.Query{{Stream: "b-1"}, {Stream: "a-1"}}, "stream=a-1"},
		{"a stream, of its category", []string{"a-1"}, store.Query{{Category: "a"}}, "stream=a-1 category=a"},
		{"no category", []string{"a*"}, store.Query{{Types: []string{"T"}}}, "type=T"},
		{"without a stream", []string{"a-*", ""}, store.Query{{Types: []string{"T"}}}, "type=T"},
		{"too much", []string{"a-*", "b-*"}, wide, eventjson.FormatQuery(wide)},
		{"everything", nil, store.Query{{Types: []string{"T"}}}, "type=T"},
		{"everything, of a stream", nil, store.Query{{Stream: "a-1"}}, "* stream=a-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inner := &spy{Store: fill(t, "a-1")}
			_, err := collect(as(t, inner, auth.Read, tt.on...).Read(t.Context(), tt.asked, store.ReadOptions{Limit: 7}))
			ok(t, err)
			got := eventjson.FormatQuery(inner.q)
			if inner.limit == 7 {
				got = "* " + got
			}
			if got != tt.want {
				t.Errorf("asked for %.200s, want %.200s", got, tt.want)
			}
		})
	}
}

func TestRepeats(t *testing.T) {
	inner := fill(t, "b-1")
	c := store.Commit{Key: "k", Events: []store.Event{{Stream: "a-1", Type: "T"}, {Stream: "b-1", Type: "T"}}}
	_, err := as(t, inner, auth.Append, "*-1").Append(t.Context(), c)
	ok(t, err)
	r, err := as(t, inner, auth.Append, "a-*", "b-*").Append(t.Context(), c)
	if err != nil || !r.Duplicate || r.First != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	_, err = as(t, inner, auth.Append, "a-*").Append(t.Context(), c)
	wantCode(t, err, eventjson.CodeDenied)
	keys := powerOf[store.Keys](t, as(t, inner, auth.Read, "a-*"))
	_, hidden := keys.Lookup(t.Context(), "k")
	_, missing := keys.Lookup(t.Context(), "l")
	if !errors.Is(hidden, store.ErrNotFound) || hidden.Error() != strings.Replace(missing.Error(), `"l"`, `"k"`, 1) {
		t.Errorf("%v and %v differ", hidden, missing)
	}
	_, err = as(t, inner, auth.Append, "c-*").Append(t.Context(), store.Commit{Key: "k", Events: []store.Event{{Stream: "c-1", Type: "T"}}})
	if d := eventjson.Describe(err); d.Code != eventjson.CodeKeyReused || d.Position != 0 || strings.Contains(d.Message, "position") {
		t.Errorf("%+v", d)
	}
}

// refusing is a store that refuses every commit with one error.
type refusing struct {
	*memory.Store
	err error
}

func (r refusing) Append(context.Context, store.Commit) (store.Result, error) {
	return store.Result{}, r.err
}

// TestCallersKeepTheirs checks that neither a commit nor a conflict that others hold is changed.
func TestCallersKeepTheirs(t *testing.T) {
	conflict := func() *store.ConflictError {
		return &store.ConflictError{Failed: []store.GuardFailure{{Guard: store.NoneMatch{}, Complete: true, Events: []store.Recorded{
			{Position: 1, Event: store.Event{Stream: "$x"}}, {Position: 2, Event: store.Event{Stream: "a-1"}}, {Position: 3, Event: store.Event{Stream: "$y"}},
		}}}}
	}
	held := conflict()
	c := store.Commit{Events: []store.Event{{Stream: "a-1", Type: "T"}}, Guards: []store.Guard{store.NoneMatch{}}}
	want := slices.Clone(c.Events)
	_, err := as(t, refusing{fill(t), held}, auth.Append).Append(t.Context(), c)
	shown, found := errors.AsType[*store.ConflictError](err)
	if !found || len(shown.Failed[0].Events) != 1 || shown.Failed[0].Events[0].Position != 2 || shown.Failed[0].Complete {
		t.Errorf("%+v", shown)
	}
	if d := cmp.Diff(conflict(), held); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, c.Events); d != "" {
		t.Error(d)
	}
}

// TestHiddenKeysAreAbsent looks keys up that are not there, that belong to what may not be read, and that do so in part, in each kind of store.
func TestHiddenKeysAreAbsent(t *testing.T) {
	onDisk := must(disk.Open(t.TempDir(), disk.Options{Sync: disk.SyncNever}))
	defer func() { ok(t, onDisk.Close()) }()
	for _, inner := range []store.Store{memory.New(memory.Options{}), onDisk} {
		for key, streams := range map[string][]string{"hidden": {"a-1"}, "partly": {"b-1", "a-1"}, "nameless": {"b-1", ""}, "seen": {"b-1"}} {
			c := store.Commit{Key: key}
			for _, stream := range streams {
				c.Events = append(c.Events, store.Event{Stream: stream, Type: "T"})
			}
			_, err := inner.Append(t.Context(), c)
			ok(t, err)
		}
		keys := powerOf[store.Keys](t, as(t, inner, auth.Append, "b-*"))
		_, err := keys.Lookup(t.Context(), "seen")
		ok(t, err)
		for _, key := range []string{"absent", "hidden", "partly", "nameless"} {
			_, err := keys.Lookup(t.Context(), key)
			want := fmt.Errorf("key %q: %w", key, store.ErrNotFound).Error()
			if !errors.Is(err, store.ErrNotFound) || err.Error() != want {
				t.Errorf("%T: key %s: %v, want %s", inner, key, err, want)
			}
		}
	}
}
