package history_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// times are when the histories are looked at: as they were recorded, and at some times by when things took effect.
var times = []time.Time{{}, minute(5), minute(12), minute(40)}

// eachWild runs a test on random histories, for each target and time.
func eachWild(t *testing.T, check func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions)) {
	for seed := range uint64(8) {
		w := newWild(t, seed, 60, false)
		for _, sel := range targets {
			sel.Until = w.head()
			for _, at := range times {
				t.Run(fmt.Sprintf("%d/%s/%s", seed, sel.Target(), at.Format("15:04")), func(t *testing.T) {
					check(t, w, sel, history.StateOptions{EffectiveAt: at})
				})
			}
		}
	}
}

func checkBlame(t *testing.T, s store.Store, sel history.Selection, o history.BlameOptions, want []string) {
	t.Helper()
	b, err := history.FoldBlame(t.Context(), s, sel, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, leaf := range b.Leaves {
		got = append(got, fmt.Sprintf("%s %s #%d", leaf.Path, canonicalText(t, leaf.Value), leaf.Event.Position))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("blame, reverse %v (-want +got):\n%s", o.Reverse, diff)
	}
}

func TestBlameOracle(t *testing.T) {
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		for _, until := range []store.Position{20, w.head()} {
			sel.Until = until
			oracle := foldAll(t, w.known(&sel, until), o.EffectiveAt)
			for _, reverse := range []bool{false, true} {
				checkBlame(t, w, sel, history.BlameOptions{StateOptions: o, Reverse: reverse}, oracle.blame(reverse))
			}
		}
	})
}

// points are where histories are told apart.
func points(w *wild) []store.Position {
	head := w.head()
	return []store.Position{0, store.Position(1 + w.rnd.IntN(int(head))), store.Position(1 + w.rnd.IntN(int(head))), head}
}

func TestDiffOracle(t *testing.T) {
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		for _, from := range points(w) {
			for _, to := range points(w)[1:] {
				a, b := sel, targets[w.rnd.IntN(len(targets))]
				if w.rnd.IntN(2) == 0 {
					b = sel
				}
				a.Until, b.Until = from, to
				knownA, knownB := w.known(&a, from), w.known(&b, to)
				was, is := foldAll(t, knownA, o.EffectiveAt), foldAll(t, knownB, o.EffectiveAt)
				d, err := history.Diff(t.Context(), w, a, b, history.DiffOptions{StateOptions: o, States: true})
				if len(knownA)+len(knownB) == 0 {
					if !errors.Is(err, store.ErrNotFound) {
						t.Fatalf("diff of nothing: error = %v", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(leafLines(was.leaves[len(was.events)], is.leaves[len(is.events)]), changeLines(t, d.Changes)); diff != "" {
					t.Errorf("%s at %d to %s at %d (-want +got):\n%s", a.Target(), from, b.Target(), to, diff)
				}
				if d.From.Position != last(knownA) || d.To.Position != last(knownB) || d.Events != apart(was.events, is.events) {
					t.Errorf("%s at %d to %s at %d: %+v to %+v, %d events", a.Target(), from, b.Target(), to, d.From, d.To, d.Events)
				}
				checkPatches(t, d)
			}
		}
	})
}

func last(events []store.Recorded) store.Position {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Position
}

func apart(a, b []store.Recorded) (n uint64) {
	for _, pair := range [][2][]store.Recorded{{a, b}, {b, a}} {
		for _, r := range pair[0] {
			if !slices.ContainsFunc(pair[1], func(other store.Recorded) bool { return other.Position == r.Position }) {
				n++
			}
		}
	}
	return n
}

// checkPatches merges the merge patch between two states into the first.
func checkPatches(t *testing.T, d *history.Difference) {
	t.Helper()
	if d.ToState == nil {
		return
	}
	patch, err := reducer.MergePatchBetween(d.FromState, d.ToState)
	if err != nil {
		return // nulls, which package reducer tests
	}
	from := any(map[string]any{})
	if d.FromState != nil {
		from = decode(t, d.FromState)
	}
	if got, want := canonical(mergeInto(from, decode(t, patch))), canonicalText(t, d.ToState); got != want {
		t.Errorf("%s merged into %s is %s, want %s", patch, d.FromState, got, want)
	}
}

func TestDiffStoreOracle(t *testing.T) {
	for seed := range uint64(12) {
		w := newWild(t, seed, 60, false)
		for _, from := range points(w) {
			for _, to := range points(w) {
				a, b := w.commitEnd(from), w.commitEnd(to)
				var want, got []string
				for _, sel := range targets[:3] {
					was, is := foldAll(t, w.known(&sel, a), time.Time{}), foldAll(t, w.known(&sel, b), time.Time{})
					if len(was.events) != len(is.events) {
						lines := leafLines(was.leaves[len(was.events)], is.leaves[len(is.events)])
						want = append(want, fmt.Sprint(sel.Name, len(was.events), len(is.events), lines))
					}
				}
				for d, err := range history.DiffStore(t.Context(), w, from, to, history.DiffOptions{}) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, fmt.Sprint(d.From.Stream, d.From.Version, d.To.Version, changeLines(t, d.Changes)))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("seed %d, %d to %d (-want +got):\n%s", seed, from, to, diff)
				}
			}
		}
	}
}

// commitEnd returns the last position of the commit that p is in.
func (w *wild) commitEnd(p store.Position) store.Position {
	w.t.Helper()
	var commit store.Position
	for r, err := range w.Read(w.t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if r.Position == p {
			commit = r.Commit
		}
		if r.Commit == commit {
			p = r.Position
		}
	}
	return p
}

// TestChangesOracle asks for the changes of events in either order and in batches of any size.
func TestChangesOracle(t *testing.T) {
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		oracle := foldAll(t, w.known(&sel, sel.Until), o.EffectiveAt)
		var want []string
		shown := slices.Clone(oracle.events)
		for i, r := range oracle.events {
			want = append(want, fmt.Sprint(r.Position, oracle.between(i, i+1)))
		}
		skip := w.rnd.IntN(1 + len(want))
		want, shown = want[skip:], shown[skip:]
		for _, reverse := range []bool{false, true} {
			if reverse {
				slices.Reverse(want)
				slices.Reverse(shown)
			}
			for _, size := range []int{1, 2000, 0} {
				co := history.ChangesOptions{StateOptions: o, InOrder: !reverse && size == 0, MaxBytes: size}
				checkChanges(t, w, sel, shown, co, want)
			}
		}
	})
}

func checkChanges(t *testing.T, s store.Store, sel history.Selection, shown []store.Recorded, o history.ChangesOptions, want []string) {
	t.Helper()
	events := func(yield func(store.Recorded, error) bool) {
		for _, r := range shown {
			if !yield(r, nil) {
				return
			}
		}
	}
	var got []string
	for c, err := range sel.Changes(t.Context(), s, events, o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(c.Event.Position, changeLines(t, c.Changes)))
	}
	if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
		t.Errorf("changes with %+v (-want +got):\n%s", o, diff)
	}
}

// TestChangesOfTheStore holds what a whole store tells of its events against what each stream tells.
func TestChangesOfTheStore(t *testing.T) {
	for seed := range uint64(12) {
		w := newWild(t, seed, 60, false)
		lines := map[store.Position]string{}
		for _, sel := range targets[:3] {
			oracle := foldAll(t, w.known(&sel, w.head()), time.Time{})
			for i, r := range oracle.events {
				lines[r.Position] = fmt.Sprint(r.Position, oracle.between(i, i+1))
			}
		}
		whole := history.Selection{Until: w.head()}
		var (
			shown []store.Recorded
			want  []string
		)
		for r, err := range whole.Events(t.Context(), w, true, nil) {
			if err != nil {
				t.Fatal(err)
			}
			shown = append(shown, r)
			line, ok := lines[r.Position]
			if !ok {
				line = fmt.Sprint(r.Position, []string(nil)) // it has no stream
			}
			want = append(want, line)
		}
		for range 2 {
			for _, size := range []int{1, 5000, 0} {
				checkChanges(t, w, whole, shown, history.ChangesOptions{MaxBytes: size}, want)
				checkChanges(t, w, whole, shown, history.ChangesOptions{MaxBytes: size, Spill: spill}, want)
			}
			slices.Reverse(shown)
			slices.Reverse(want)
		}
	}
}

// TestChangesOfATruncatedStore truncates a store at each of a few positions: what is told of the events that are left is what it was, but of those streams that have lost events, which are named.
func TestChangesOfATruncatedStore(t *testing.T) {
	cut := 0
	for seed := range uint64(6) {
		w := newWild(t, seed, 60, false)
		whole := history.Selection{Until: w.head()}
		before := map[store.Position]history.Changed{}
		for c, err := range whole.Changes(t.Context(), w, whole.Events(t.Context(), w, false, nil), history.ChangesOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			before[c.Event.Position] = c
		}
		for _, through := range []store.Position{w.head() / 4, w.head() / 2, w.head() - 5} {
			first, err := w.Truncate(t.Context(), through)
			if err != nil {
				t.Fatal(err)
			}
			lost := map[string]bool{}
			for p, c := range before {
				lost[c.Event.Stream] = lost[c.Event.Stream] || p < first && c.Event.Stream != ""
			}
			for _, o := range []history.ChangesOptions{{MaxBytes: 1}, {}, {MaxBytes: 1, Spill: spill}, {Spill: spill, InOrder: true}, {InOrder: true}} {
				named := map[string]bool{}
				o.LeftOut = func(stream string, left store.Position) {
					if named[stream] = true; left != first {
						t.Errorf("%s is left out as position %d is the first; want %d", stream, left, first)
					}
				}
				seen := map[string]bool{}
				for c, err := range whole.Changes(t.Context(), w, whole.Events(t.Context(), w, !o.InOrder, nil), o) {
					if err != nil {
						t.Fatal(err)
					}
					want := before[c.Event.Position]
					if lost[c.Event.Stream] {
						want.Changes, want.Late, want.Truncated = nil, false, true
						seen[c.Event.Stream] = true
						cut++
					}
					if diff := cmp.Diff(want, c, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("seed %d, from position %d, %+v: position %d (-want +got):\n%s", seed, first, o, c.Event.Position, diff)
					}
				}
				if diff := cmp.Diff(seen, named); diff != "" {
					t.Errorf("seed %d, from position %d: left out (-want +got):\n%s", seed, first, diff)
				}
				o.LeftOut = nil
				var failed error
				for _, failed = range whole.Changes(t.Context(), w, whole.Events(t.Context(), w, !o.InOrder, nil), o) {
				}
				if len(seen) > 0 != errors.Is(failed, store.ErrTruncated) {
					t.Errorf("seed %d, from position %d, with nobody to be told: %v, and %d have lost events", seed, first, failed, len(seen))
				}
			}
		}
	}
	if cut == 0 {
		t.Error("no event was ever one of a stream that has lost some")
	}
}

// picks are what is looked for.
var picks = []struct{ path, value string }{
	{"", ""},
	{"/a", ""},
	{"/a/b", ""},
	{"/b/0", ""},
	{"/d~1~0", ""},
	{"/a", "38.5"},
	{"/a", "1"},
	{"/b", "{}"},
	{"/c", "[]"},
	{"/b", `"x"`},
	{"/a/b", "true"},
	{"/c/0", "1.00"},
	{"", "{}"},
	{"/a", `[1]`},
	{"/a", `{"b":1}`},
	{"/b", `{"a":{}}`},
	{"/c", "null"},
	{"/c", `["x"]`},
}

func TestPickOracle(t *testing.T) {
	hits := 0
	eachWild(t, func(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) {
		oracle := foldAll(t, w.known(&sel, sel.Until), o.EffectiveAt)
		for _, pick := range picks {
			path, err := reducer.ParsePath(pick.path)
			if err != nil {
				t.Fatal(err)
			}
			axe, value := history.Pickaxe{Path: path}, ""
			if pick.value != "" {
				axe.Value = []byte(pick.value)
				value = canonicalText(t, axe.Value)
			}
			want := oracle.pick(path, value)
			got, err := sel.Pick(t.Context(), w, axe, 0, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
				t.Errorf("-S %s=%s (-want +got):\n%s", pick.path, pick.value, diff)
			}
			if value != "" {
				hits += len(want)
			}
		}
	})
	if hits == 0 && !t.Failed() {
		t.Error("nothing was ever found")
	}
}

// TestPickOfTheStore finds in a whole store what is found in its streams, of a range, of a type, and of the last ones.
func TestPickOfTheStore(t *testing.T) {
	for seed := range uint64(12) {
		w := newWild(t, seed, 60, false)
		axe := history.Pickaxe{Path: reducer.Path{"a"}}
		whole := history.Selection{After: 10, Until: w.head() - 5, Filter: store.Query{{Types: []string{"Made", "Paid"}}}}
		var want []store.Position
		for _, sel := range targets[:3] {
			known := w.known(&sel, whole.Until)
			for _, p := range foldAll(t, known, time.Time{}).pick(axe.Path, "") {
				i := slices.IndexFunc(known, func(r store.Recorded) bool { return r.Position == p })
				if p > whole.After && known[i].Type != "Moved" {
					want = append(want, p)
				}
			}
		}
		slices.Sort(want)
		for _, limit := range []int{0, 1, 3, 100} {
			most := want
			if limit > 0 {
				most = want[max(0, len(want)-limit):]
			}
			got, err := whole.Pick(t.Context(), w, axe, limit, history.StateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(most, got); diff != "" && len(most)+len(got) > 0 {
				t.Errorf("seed %d, limit %d (-want +got):\n%s", seed, limit, diff)
			}
		}
	}
}

// TestPunctual: where everything takes effect when it is recorded, and nothing supersedes, both times mean the same.
func TestPunctual(t *testing.T) {
	for seed := range uint64(12) {
		w := newWild(t, seed, 60, true)
		for _, n := range []int{3, 9, 15, 60} {
			at := minute(n)
			known := history.StateOptions{Known: history.Known{At: at}}
			effective := history.StateOptions{EffectiveAt: at}
			for _, sel := range targets {
				sel.Until = w.head()
				if diff := cmp.Diff(everything(t, w, sel, known), everything(t, w, sel, effective)); diff != "" {
					t.Errorf("seed %d, %s at %d (-known +effective):\n%s", seed, sel.Target(), n, diff)
				}
			}
		}
	}
}

// everything is all that is said of a target.
func everything(t *testing.T, w *wild, sel history.Selection, o history.StateOptions) (out []string) {
	t.Helper()
	for _, reverse := range []bool{false, true} {
		b, err := history.FoldBlame(t.Context(), w, sel, history.BlameOptions{StateOptions: o, Reverse: reverse})
		if errors.Is(err, store.ErrNotFound) || err == nil && b.State.Events == 0 {
			return nil // nothing is known, or nothing holds
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, leaf := range b.Leaves {
			out = append(out, fmt.Sprintf("blame %v %s %s #%d %s", reverse, leaf.Path, leaf.Value, leaf.Event.Position, leaf.Event.Actor))
		}
	}
	earlier := sel
	earlier.Until = 9
	d, err := history.Diff(t.Context(), w, earlier, sel, history.DiffOptions{StateOptions: o})
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, fmt.Sprint("diff ", d.Events, changeLines(t, d.Changes)))
	for _, pick := range picks {
		path, _ := reducer.ParsePath(pick.path)
		axe := history.Pickaxe{Path: path}
		if pick.value != "" {
			axe.Value = []byte(pick.value)
		}
		found, err := sel.Pick(t.Context(), w, axe, 0, o)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint("pick ", pick, found))
	}
	known := sel
	if err := known.Narrow(t.Context(), w, o.Known); err != nil {
		t.Fatal(err)
	}
	events := known.Events(t.Context(), w, false, nil)
	if !o.EffectiveAt.IsZero() {
		hold, err := sel.Effective(t.Context(), w, o.EffectiveAt, nil)
		if err != nil {
			t.Fatal(err)
		}
		events = hold.Events(t.Context(), w, false, nil)
	}
	for c, err := range sel.Changes(t.Context(), w, events, history.ChangesOptions{StateOptions: o, InOrder: true}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprint("log -p ", c.Event.Position, changeLines(t, c.Changes)))
	}
	return out
}

// counting is a merge patch that counts its folds.
type counting struct{ folds *int }

func (counting) Identity() string { return "counting/1" }

func (c counting) New(ctx context.Context) (reducer.Fold, error) {
	*c.folds++
	return reducer.MergePatch().New(ctx)
}

// TestChangesInBatches: where changes take more memory than there is, events are told of in smaller batches.
func TestChangesInBatches(t *testing.T) {
	s := newFixture(t)
	for i := range 8 {
		s.commit(event("a-1", "Counted", fmt.Sprintf(`{"n":[%d%s]}`, i, strings.Repeat(fmt.Sprintf(",%d", i), 200))))
	}
	sel := history.Selection{Subject: history.Stream, Name: "a-1", Until: 8}
	for _, tt := range []struct {
		room, folds int
		inOrder     bool
	}{{0, 1, false}, {20_000, 15, false}, {1, 8, false}, {1, 1, true}} { // 15: each of eight events, and what was given up on the way
		folds := 0
		o := history.ChangesOptions{StateOptions: history.StateOptions{Reducer: counting{&folds}}, MaxBytes: tt.room, InOrder: tt.inOrder}
		told := 0
		for c, err := range sel.Changes(t.Context(), s, sel.Events(t.Context(), s, !tt.inOrder, nil), o) {
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Changes) != 201 {
				t.Errorf("event %d has %d changes", c.Event.Position, len(c.Changes))
			}
			told++
		}
		if told != 8 || folds != tt.folds {
			t.Errorf("in %d bytes: %d events in %d folds, want 8 in %d", tt.room, told, folds, tt.folds)
		}
	}
}
