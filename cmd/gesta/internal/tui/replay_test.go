package tui_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/cmd/gesta/internal/tui"
	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// fixture is a store whose clock goes on by a minute a commit.
type fixture struct {
	*memory.Store
	t   *testing.T
	now time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)}
	f.Store = memory.New(memory.Options{Clock: func() time.Time {
		f.now = f.now.Add(time.Minute)
		return f.now
	}})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) commit(events ...store.Event) {
	f.t.Helper()
	if _, err := f.Append(f.t.Context(), store.Commit{Events: events}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) options(target string) tui.Options {
	f.t.Helper()
	sel, err := history.Resolve(f.t.Context(), f, target, history.Clock{Zone: time.UTC})
	if err != nil {
		f.t.Fatal(err)
	}
	return tui.Options{
		Store: f, Selection: sel, Reducer: reducer.MergePatch(), Follow: true,
		Visible:   func(s string) string { return strings.NewReplacer("\x1b", `\e`, "\u202e", `\u202e`).Replace(s) },
		ShownPath: func(s string) string { return strings.ReplaceAll(strings.TrimPrefix(s, "/"), "/", ".") },
		Quote: func(s string) string {
			if strings.ContainsAny(s, " \"") {
				return "'" + s + "'"
			}
			return s
		},
	}
}

// random appends n events to the stream s, with lists, objects, nulls, equal values and data that is no object.
func (f *fixture) random(n int, seed uint64) {
	f.t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	value := func() string {
		return []string{
			fmt.Sprint(r.IntN(4)), `"x"`, "null", "[]", "{}", `[1,{"a":null}]`, fmt.Sprintf(`{"p":%d,"q":null}`, r.IntN(3)), "1.0", "[3,2,1]",
		}[r.IntN(9)]
	}
	var events []store.Event
	for i := range n {
		data := fmt.Sprintf(`{"k%d":%s,"k%d":{"deep":%s},"count":%d}`, r.IntN(6), value(), 3+r.IntN(6), value(), i/2)
		if r.IntN(10) == 0 {
			data = `"no object"`
		}
		ev := store.Event{Stream: "s", Type: fmt.Sprintf("T%d", r.IntN(3)), Data: []byte(data), ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i)}
		if r.IntN(4) == 0 {
			ev.EffectiveAt = f.now.Add(-time.Duration(r.IntN(600)) * time.Minute)
		}
		if r.IntN(20) == 0 && i > 0 {
			ev.Metadata = fmt.Appendf(nil, `{"supersedes":"00000000-0000-4000-8000-%012d"}`, r.IntN(i))
		}
		if events = append(events, ev); len(events) == 7 {
			f.commit(events...)
			events = nil
		}
	}
	if len(events) > 0 {
		f.commit(events...)
	}
}

// renamed is a reducer under another name: nothing is known of it.
type renamed struct{ reducer.Reducer }

func (renamed) Identity() string { return "other/1" }

// States and blames are what history says of the same point, in whatever order one goes there.
func TestStatesAreThoseOfHistory(t *testing.T) {
	for _, tt := range []struct {
		name               string
		rule               reducer.Reducer
		effective          bool
		checkpoints, steps int
	}{
		{name: "merge patch", rule: reducer.MergePatch()},
		{name: "little memory", rule: reducer.MergePatch(), checkpoints: 300, steps: 20_000},
		{name: "any reducer", rule: renamed{reducer.MergePatch()}},
		{name: "any reducer, little memory", rule: renamed{reducer.MergePatch()}, checkpoints: 300, steps: 20_000},
		{name: "by effective time", rule: reducer.MergePatch(), effective: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			const events = 1100
			f.random(events, 7)
			o := f.options("s")
			o.Reducer = tt.rule
			if tt.effective {
				o.EffectiveAt = f.now.Add(-100 * time.Minute)
			}
			r, err := tui.NewReplay(t.Context(), o, tt.checkpoints, tt.steps)
			if err != nil {
				t.Fatal(err)
			}
			if tt.effective == (r.Events() == events) {
				t.Fatalf("there are %d events", r.Events())
			}
			last := r.Events() - 1
			points := []int{last, last - 1, 0, 1, 255, 256, 257, last}
			rnd := rand.New(rand.NewPCG(3, 3))
			for range 12 {
				points = append(points, rnd.IntN(r.Events()))
			}
			for _, i := range points {
				sameAsHistory(t, f, o, r, i)
			}
			checkpoints, steps := r.Kept()
			if tt.steps > 0 && (checkpoints > 2*tt.checkpoints || steps > 4*tt.steps) {
				t.Errorf("%d bytes of checkpoints and %d of steps are kept", checkpoints, steps)
			}
		})
	}
}

func sameAsHistory(t *testing.T, f *fixture, o tui.Options, r *tui.Replay, i int) {
	t.Helper()
	before, text, blame, err := r.At(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	sel, so := o.Selection, history.StateOptions{Reducer: o.Reducer}
	if o.EffectiveAt.IsZero() {
		sel.Until = r.Position(i)
	} else {
		so.EffectiveAt = effectiveOf(t, f, r.Position(i))
		if i+1 < r.Events() && effectiveOf(t, f, r.Position(i+1)).Equal(so.EffectiveAt) {
			return // history has no point between the two
		}
	}
	b, err := history.FoldBlame(t.Context(), f, sel, history.BlameOptions{StateOptions: so})
	if err != nil {
		t.Fatal(err)
	}
	if want := b.State.Fold.AppendState(nil); string(text) != string(want) {
		t.Fatalf("the state at %d is\n%s\nand history has\n%s", i, text, want)
	}
	got, want := map[string]store.Position{}, map[string]store.Position{}
	for _, leaf := range b.Leaves {
		got[leaf.Path], want[leaf.Path] = blame[leaf.Path], leaf.Event.Position
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("blame at %d: %s", i, d)
	}
	if i == 0 && before != nil {
		t.Fatalf("before the first event stands %s", before)
	}
	if i > 0 {
		if _, earlier, _, err := r.At(t.Context(), i-1); err != nil || string(earlier) != string(before) {
			t.Fatalf("before %d stands\n%s\nand at the event before it\n%s\n%v", i, before, earlier, err)
		}
	}
}

func effectiveOf(t *testing.T, f *fixture, p store.Position) time.Time {
	t.Helper()
	for r, err := range f.Read(t.Context(), nil, store.ReadOptions{After: p - 1, Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		return r.Effective()
	}
	t.Fatalf("there is no event at %d", p)
	return time.Time{}
}

// Going through a long history one event at a time folds each event a few times at the most, forward and backward.
func TestScrubbingFoldsLittle(t *testing.T) {
	f := newFixture(t)
	const events = 2000
	f.random(events, 1)
	for _, rule := range []reducer.Reducer{reducer.MergePatch(), renamed{reducer.MergePatch()}} {
		o := f.options("s")
		o.Reducer = rule
		r, err := tui.NewReplay(t.Context(), o, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 * events {
			if _, _, _, err := r.At(t.Context(), max(events-1-i, i-events)); err != nil {
				t.Fatal(err)
			}
		}
		if n := r.Folded(); n > 3*events {
			t.Errorf("%s: %d events were folded to go twice through %d", rule.Identity(), n, events)
		}
	}
}

// failing refuses an event.
type failing struct {
	reducer.Reducer
	at store.Position
}

func (failing) Identity() string { return "failing/1" }

func (f failing) New(ctx context.Context) (reducer.Fold, error) {
	fold, err := f.Reducer.New(ctx)
	return failingFold{fold, f.at}, err
}

type failingFold struct {
	reducer.Fold
	at store.Position
}

func (f failingFold) Steps(events iter.Seq2[store.Recorded, error], w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		for step, err := range f.Fold.Steps(events, w) {
			if err == nil && step.Event.Position == f.at {
				yield(nil, &reducer.EventError{Position: f.at, Stream: step.Event.Stream, Type: step.Event.Type, Err: errors.New("a negative amount")})
				return
			}
			if !yield(step, err) {
				return
			}
		}
	}
}

// Before an event that the reducer refuses there are states; from there on there is the error.
func TestRefusedEvent(t *testing.T) {
	f := newFixture(t)
	f.random(600, 1)
	o := f.options("s")
	o.Reducer = failing{reducer.MergePatch(), 400}
	r, err := tui.NewReplay(t.Context(), o, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{599, 398, 399, 0, 10, 398, 400} {
		_, text, _, err := r.At(t.Context(), i)
		var refused *reducer.EventError
		if want := i >= 399; want != errors.As(err, &refused) || want != (err != nil) || want == (text != nil) {
			t.Errorf("at %d: %q, %v", i, text, err)
		}
	}
}

// What is too long is refused, and so is a stream whose first events are gone.
func TestTooManyEvents(t *testing.T) {
	f := newFixture(t)
	f.random(30, 1)
	o := f.options("s")
	o.MaxEvents = 29
	if _, err := tui.NewReplay(t.Context(), o, 0, 0); err == nil || !strings.Contains(err.Error(), "more than 29 events") {
		t.Errorf("30 events where 29 are shown: %v", err)
	}
	o.MaxEvents = 30
	if r, err := tui.NewReplay(t.Context(), o, 0, 0); err != nil || r.Events() != 30 {
		t.Errorf("30 events where 30 are shown: %v", err)
	}
}

// Copied command lines mean the very point, whatever the stream is called.
func TestCommandLines(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"order-1", "-odd", "a..b", `q"uo te`, "n@1", "n"} {
		f.commit(store.Event{Stream: name, Type: "A", Data: []byte(`{"a":1}`), Tags: []string{"t:1"}})
		f.commit(store.Event{Stream: name, Type: "B", Data: []byte(`{"a":2}`), Tags: []string{"t:1"}})
	}
	var got []string
	for _, target := range []string{"order-1", "stream:-odd", "a..b", `stream:"q\"uo te"`, "n@1", "stream:\"n\"", "tag:t:1", "order-1@1"} {
		r, err := tui.NewReplay(t.Context(), f.options(target), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"state", "diff", "blame", "event"} {
			text, note, err := r.Command(t.Context(), 0, -1, what)
			if err != nil || note != "" {
				t.Errorf("%s of %s: %q %v", what, target, note, err)
			}
			got = append(got, text)
		}
	}
	o := f.options("order-1")
	o.EffectiveAt, o.ReducerName, o.Flags = f.now, "x.js", []string{"--store", "my store"}
	o.Reducer = renamed{o.Reducer}
	r, err := tui.NewReplay(t.Context(), o, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"state", "diff", "blame", "event"} {
		text, _, err := r.Command(t.Context(), 1, -1, what)
		if err != nil {
			t.Error(err)
		}
		got = append(got, text)
	}
	want := []string{
		"gesta state order-1@1", "gesta diff order-1@0 order-1@1", "gesta blame order-1@1", "gesta show 1",
		`gesta state 'stream:"-odd"@1'`, `gesta diff 'stream:"-odd"@0' 'stream:"-odd"@1'`, `gesta blame 'stream:"-odd"@1'`, "gesta show 3",
		`gesta state 'stream:"a..b"@1'`, `gesta diff 'stream:"a..b"@0' 'stream:"a..b"@1'`, `gesta blame 'stream:"a..b"@1'`, "gesta show 5",
		`gesta state 'q"uo te@1'`, `gesta diff 'q"uo te@0' 'q"uo te@1'`, `gesta blame 'q"uo te@1'`, "gesta show 7",
		"gesta state n@1@1", "gesta diff n@1@0 n@1@1", "gesta blame n@1@1", "gesta show 9",
		`gesta state 'stream:"n"@1'`, `gesta diff n@0 'stream:"n"@1'`, `gesta blame 'stream:"n"@1'`, "gesta show 11",
		"gesta state tag:t:1@1", "gesta diff tag:t:1@0 tag:t:1@1", "gesta blame tag:t:1@1", "gesta show 1",
		"gesta state order-1@1", "gesta diff order-1@0 order-1@1", "gesta blame order-1@1", "gesta show 1",
		"gesta state order-1@2 --effective-at 2026-11-01T10:02:00Z --reducer x.js --store 'my store'",
		"gesta log order-1@2 --effective-at 2026-11-01T10:02:00Z -p -n 1 --reducer x.js --store 'my store'",
		"gesta blame order-1@2 --effective-at 2026-11-01T10:02:00Z --reducer x.js --store 'my store'",
		"gesta show 2 --store 'my store'",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
