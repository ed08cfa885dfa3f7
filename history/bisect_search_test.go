package history_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
)

// search asks for the first bad point by a judge that is told the position, and returns what was found.
func search(t *testing.T, s store.Store, target string, o history.SearchOptions, judge func(history.Place) history.Verdict) (*history.Search, error) {
	t.Helper()
	sel, err := history.Resolve(t.Context(), s, target, clock)
	if err != nil {
		t.Fatal(err)
	}
	return history.SearchFirst(t.Context(), s, sel, func(_ context.Context, at history.Place) (history.Verdict, error) { return judge(at), nil }, o)
}

// from judges what is at or after a position as bad.
func from(p store.Position) func(history.Place) history.Verdict {
	return func(at history.Place) history.Verdict {
		if at.Position >= p {
			return history.Bad
		}
		return history.Good
	}
}

func TestSearchFirst(t *testing.T) {
	s := orders(t) // commits end at 1, 3, 4, 6, 7, 8; order-1 has 1, 3, 7
	tests := []struct {
		target string
		bad    store.Position
		want   string
	}{
		{"order-1", 7, "order-1@0#0 order-1@3#7: #7"},
		{"order-1", 1, "order-1@0#0 order-1@3#7: #1"},
		{"order-1@1..", 2, "order-1@1#1 order-1@3#7: #3"},
		{"order-1@1..2", 3, "order-1@1#1 order-1@2#3: #3"},
		{"tag:c:7@2..", 4, "tag:c:7@2#3 tag:c:7@4#7: #4"},
		{"1..8", 5, "@0#1 @0#8: #6"},
		{"2..HEAD", 4, "@0#3 @0#8: #4"},
		{"..5", 1, "@0#0 @0#6: #1"},
		{"HEAD", 8, "@0#0 @0#8: #8"},
	}
	for _, tt := range tests {
		found, err := search(t, s, tt.target, history.SearchOptions{}, from(tt.bad))
		if err != nil {
			t.Errorf("%s: %v", tt.target, err)
			continue
		}
		point := func(p history.Place) string { return fmt.Sprintf("%s@%d#%d", p.Target, p.Version, p.Position) }
		got := fmt.Sprintf("%s %s: #%d", point(found.From), point(found.To), found.First.Position)
		if got != tt.want || len(found.Suspects)+len(found.Skipped) > 0 {
			t.Errorf("%s: got %s %v, want %s", tt.target, got, found.Suspects, tt.want)
		}
	}
}

func TestSearchFirstRefuses(t *testing.T) {
	s := orders(t)
	skip := func(history.Place) history.Verdict { return history.Skip }
	for _, tt := range []struct {
		target, want string
		judge        func(history.Place) history.Verdict
	}{
		{"order-1", "the end, order-1@3, is good", from(9)},
		{"order-1", "the end, order-1@3, was skipped", skip},
		{"order-1@1..", "the start, order-1@1, is bad already", from(1)},
		{"1..8", "the start, position 1, is bad already", from(1)},
		{"8..HEAD", "no event lies in the store", from(1)},
		{"order-1@3..", "no event lies in order-1", from(1)},
	} {
		_, err := search(t, s, tt.target, history.SearchOptions{}, tt.judge)
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want an ErrInvalid with %q", tt.target, err, tt.want)
		}
	}
	sel, err := history.Resolve(t.Context(), s, "order-1", clock)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stop")
	if _, err := history.SearchFirst(t.Context(), s, sel, func(context.Context, history.Place) (history.Verdict, error) { return history.Good, stop }, history.SearchOptions{}); !errors.Is(err, stop) {
		t.Errorf("error = %v, want that of the judge", err)
	}
}

// TestSearchAgainstBruteForce searches random histories in which random points cannot be judged.
func TestSearchAgainstBruteForce(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 11))
		s := newFixture(t)
		var stream, ends []store.Position
		for head := store.Position(0); len(ends) < 1+random.IntN(60); {
			var events []store.Event
			for range 1 + random.IntN(3) {
				head++
				name := fmt.Sprintf("s-%d", random.IntN(2))
				if name == "s-0" {
					stream = append(stream, head)
				}
				events = append(events, event(name, "A", `{}`))
			}
			s.commit(events...)
			ends = append(ends, head)
		}
		points, target := ends, "HEAD"
		if seed%2 == 0 && len(stream) > 0 {
			points, target = stream, "s-0"
		}
		bad := random.IntN(len(points))
		skipped := map[store.Position]bool{}
		for range random.IntN(len(points)) {
			if p := points[random.IntN(len(points)-1+1)]; p != points[len(points)-1] {
				skipped[p] = true
			}
		}
		asked := map[store.Position]int{}
		found, err := search(t, s, target, history.SearchOptions{}, func(at history.Place) history.Verdict {
			asked[at.Position]++
			switch {
			case !slices.Contains(points, at.Position):
				t.Fatalf("seed %d: position %d is judged, which is no point", seed, at.Position)
			case skipped[at.Position]:
				return history.Skip
			case at.Position >= points[bad]:
				return history.Bad
			}
			return history.Good
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		first := bad // the first that can be judged
		for skipped[points[first]] {
			first++
		}
		last := bad - 1 // the last good one that can be
		for last >= 0 && skipped[points[last]] {
			last--
		}
		if found.First.Position != points[first] {
			t.Errorf("seed %d: the first is %d, want %d", seed, found.First.Position, points[first])
		}
		var suspects []store.Position
		if first-last > 1 {
			suspects = points[last+1 : first+1]
		}
		if diff := cmp.Diff(suspects, found.Suspects); diff != "" {
			t.Errorf("seed %d: suspects (-want +got):\n%s", seed, diff)
		}
		total := 0
		for p, n := range asked {
			if total += n; n > 1 {
				t.Errorf("seed %d: %d is judged %d times", seed, p, n)
			}
			if skipped[p] && !slices.Contains(found.Skipped, p) {
				t.Errorf("seed %d: %d was skipped and is not among %v", seed, p, found.Skipped)
			}
		}
		if total != found.Evaluations {
			t.Errorf("seed %d: %d evaluations, %d are told", seed, total, found.Evaluations)
		}
		if len(skipped) == 0 && total > 9 {
			t.Errorf("seed %d: %d evaluations of %d points", seed, total, len(points))
		}
	}
}
